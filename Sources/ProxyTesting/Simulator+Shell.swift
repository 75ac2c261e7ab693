internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// The shell: events go in, and what the engine asks for is done.
extension Simulator {
    /// Gives an event to the engine, or lets it wait until the one under way is handled.
    mutating func handle(_ event: ProxyEvent) {
        events.append(event)
        guard !isHandling else { return }
        isHandling = true
        while failure == nil, phase != .over, !events.isEmpty { turn(events.removeFirst()) }
        isHandling = false
    }

    private mutating func turn(_ event: ProxyEvent) {
        transcript.append(.event(event), at: now)
        if let trace { trace("\(Self.time(now)) \(SimulatorTranscript.Entry.event(event))") }
        touched = []
        note(event)
        var actions: [ProxyAction] = []
        let copy = comparesCopies ? engine : nil
        engine.handle(event, at: now, into: &actions)
        if let copy { compare(actions, with: copy, event) }
        tampering?(event, &actions)
        for action in actions where failure == nil {
            transcript.append(.action(action), at: now)
            if let trace { trace("\(Self.time(now)) \(SimulatorTranscript.Entry.action(action))") }
            hash.mix(action)
            checkPlugins(action)
            perform(action, becauseOf: event)
        }
        for client in touched.sorted() { settle(client) }
        settleMonitor()
        checkPlugins()
        if failure == nil { checkTurn(event) }
    }

    /// Copies of the engine ask for the same; one of them, which keeps what it records, for the same of all else.
    private mutating func compare(_ actions: [ProxyAction], with copy: ProxyEngine, _ event: ProxyEvent) {
        var (copy, recording) = (copy, copy)
        var again: [ProxyAction] = []
        copy.handle(event, at: now, into: &again)
        if again != actions { violated("determinism", "a copy of the engine asks for something else") }
        recording.recorded = RecordedLines(redacting: nil)
        var others: [ProxyAction] = []
        recording.handle(event, at: now, into: &others)
        var recorded: [UInt8] = []
        for case .record(let entry) in actions { RecordingEncoder.append(entry, to: &recorded) }
        var lines: [UInt8] = []
        recording.recorded?.forEach(line: { lines += $0 }, entry: { RecordingEncoder.append($0, to: &lines) })
        let isSame = others == actions.filter { !$0.isRecord }
        if !isSame { violated("determinism", "an engine that keeps what it records asks for something else") }
        if lines != recorded { violated("recording", "it is kept otherwise than it is asked for") }
    }

    private mutating func perform(_ action: ProxyAction, becauseOf event: ProxyEvent) {
        switch action {
        case .send(.client(let number), let message, _):
            checkSend(message.joined, to: number)
            clients[number - 1].wire.send(message, [])
            touched.insert(number)
        case .send(.secondMonitor(let number), let message, _): send(message.joined, toSecond: number)
        case .send(.monitor, let message, let descriptors):
            checkSendToMonitor(message.joined, descriptors)
            monitorWire?.send(message, descriptors)
        case .closeDescriptors(let descriptors):
            saw(.descriptorsClosed)
            release(descriptors)
        case .pauseReading(let endpoint): setReading(from: endpoint, isPaused: true)
        case .resumeReading(let endpoint): setReading(from: endpoint, isPaused: false)
        case .finish(let endpoint): finish(endpoint, becauseOf: event)
        case .close(let endpoint): close(endpoint, becauseOf: event)
        case .pauseAccepting:
            saw(.acceptingPaused)
            isAccepting = false
        case .resumeAccepting:
            isAccepting = true
            agenda.add(.accepts, at: later())
        case .setTimer(let timer, let time):
            if timer == .reconnect { checkReconnect(at: time) }
            if case .secondMonitor(let number) = timer { take(second: number) }
            timerGenerations += 1
            timers[timer] = timerGenerations
            agenda.add(.fires(timer, generation: timerGenerations), at: max(time, now))
        case .cancelTimer(let timer): timers[timer] = nil
        case .connectMonitor: connectMonitor()
        case .stopped: stopped()
        case .connectSecondMonitor(let number, _): connectSecondMonitor(number)
        case .store(let place, let number, let value): store(place, number, value)
        case .startProgram(let number, let arguments): start(number, arguments)
        case .writeToProgram(let number, let line): write(number, line)
        case .stopProgram(let number): agenda.add(.programEnds(number, .killed(signal: 15)), at: later())
        case .record:
            if world.settings.recording == nil, !world.settings.isWatched {
                violated("recording", "recorded without a recording")
            }
        case .log: break
        }
    }

    /// Descriptors leave the proxy, each of them once.
    mutating func release(_ tokens: [DescriptorToken]) {
        for token in tokens where descriptors.remove(token) == nil {
            violated("descriptors", "\(token.number) is sent or closed a second time, or was never there")
        }
    }

    private mutating func setReading(from endpoint: Endpoint, isPaused: Bool) {
        guard case .client(let number) = endpoint else { return violated("reading", "the monitor is paused") }
        if isPaused { saw(.clientPaused) }
        touched.insert(number)
        clients[number - 1].ledger.isPaused = isPaused
        clients[number - 1].wire.isReadingPaused = isPaused
        scheduleShellRead(number)
    }

    private mutating func finish(_ endpoint: Endpoint, becauseOf event: ProxyEvent) {
        switch endpoint {
        case .client(let number):
            checkFinish(number, becauseOf: event)
            touched.insert(number)
            clients[number - 1].ledger.isClosing = true
            if clients[number - 1].wire.phase == .open { clients[number - 1].wire.phase = .finishing }
        case .monitor:
            if phase != .stopping { violated("closing", "the monitor is finished without a reason") }
            upstream.isClosing = true
            if monitorWire?.phase == .open { monitorWire?.phase = .finishing }
        case .secondMonitor: violated("plugins", "a second monitor is finished")
        }
    }

    private mutating func close(_ endpoint: Endpoint, becauseOf event: ProxyEvent) {
        switch endpoint {
        case .client(let number):
            checkClose(number)
            touched.insert(number)
            clients[number - 1].ledger.isClosing = true
            clients[number - 1].ledger.isClosed = true
            guard clients[number - 1].wire.phase != .closed else { return }
            clients[number - 1].wire.phase = .closed
            clients[number - 1].wire.dropQueue()
            tellClosed(endpoint, "closed")
        case .monitor:
            upstream.isClosing = true
            upstream.isReady = false
            guard monitorWire?.phase != .closed else { return }
            monitorWire?.phase = .closed
            monitorWire?.dropQueue()
            if monitor.isConnected { monitor.disconnected() }
            tellClosed(endpoint, "closed")
        case .secondMonitor(let number): close(second: number)
        }
    }

    /// A connection is gone: the engine hears of it, at once or a little later.
    mutating func tellClosed(_ endpoint: Endpoint, _ reason: String) {
        if world.has(.lateCloses), generator.chance(60) {
            agenda.add(.tellsClosed(endpoint, reason: reason), at: later())
        } else {
            handle(.closed(endpoint, reason: reason))
        }
    }

    private mutating func stopped() {
        saw(isTroubled ? .stoppedInTheMiddle : .stoppedAfterCalm)
        if phase != .stopping { violated("stop", "stopped without being asked") }
        let remaining = clients.filter { $0.isAccepted && !$0.ledger.isGone }.map(\.number)
        if !remaining.isEmpty { violated("stop", "stopped with clients \(remaining)") }
        if monitorWire != nil { violated("stop", "stopped with the monitor connected") }
        let left = descriptors.map(\.number).sorted()
        if !left.isEmpty { violated("descriptors", "\(left) were neither sent nor closed") }
        if !timers.isEmpty { violated("stop", "timers are left: \(timers.keys)") }
        if !plugins.held.isEmpty { violated("holding", "stopped with \(plugins.held.count) commands held") }
        if !plugins.accepted.isEmpty { violated("executions", "stopped with \(plugins.accepted.count) unanswered") }
        let kept = plugins.programs.count + plugins.stores.count + plugins.seconds.count
        if kept > 0 { violated("stop", "stopped with \(kept) programs, stores and second monitors") }
        phase = .over
    }

    // MARK: - Wires

    /// Lets bytes to a client go on, and tells what is unsent.
    mutating func settle(_ number: Int) {
        let index = number - 1
        guard clients[index].isAccepted, clients[index].wire.phase != .closed else { return schedulePeerRead(number) }
        if clients[index].wire.isPeerGone, clients[index].wire.queue.count > 0 {
            clients[index].wire.dropQueue()
            clients[index].wire.phase = .closed
            return tellClosed(.client(number), "broken pipe")
        }
        clients[index].wire.flush()
        let isChanged = clients[index].wire.unsent != clients[index].wire.reported
        if isChanged, !clients[index].wire.isReportScheduled {
            if world.has(.lateReports), generator.chance(50) {
                clients[index].wire.isReportScheduled = true
                agenda.add(.tellsUnsent(.client(number)), at: later())
            } else {
                tellUnsent(number)
            }
        }
        if clients[index].wire.phase == .finishing, clients[index].wire.queue.count == 0 {
            clients[index].wire.phase = .closed
            tellClosed(.client(number), "closed")
        }
        schedulePeerRead(number)
    }

    mutating func tellUnsent(_ number: Int) {
        let unsent = clients[number - 1].wire.unsent
        guard unsent != clients[number - 1].wire.reported, clients[number - 1].wire.phase != .closed else { return }
        clients[number - 1].wire.reported = unsent
        handle(.unsent(.client(number), bytes: unsent.bytes, beyondCurrent: unsent.beyondCurrent))
    }

    mutating func scheduleShellRead(_ number: Int) {
        let wire = clients[number - 1].wire
        let hasMore = wire.incoming.count > 0 || (wire.incomingEnd != .none && !wire.isEndTold)
        guard clients[number - 1].isAccepted, wire.phase == .open, !wire.isReadingPaused, hasMore, !wire.isReadScheduled
        else { return }
        clients[number - 1].wire.isReadScheduled = true
        agenda.add(.shellReads(.client(number)), at: later())
    }

    mutating func schedulePeerRead(_ number: Int) {
        let client = clients[number - 1]
        guard client.wire.kernel.count > 0, !client.wire.isPeerGone, !client.wire.isPeerReadScheduled, !client.isStalled
        else { return }
        clients[number - 1].wire.isPeerReadScheduled = true
        agenda.add(.peerReads(.client(number)), at: later())
    }
}

extension ProxyAction {
    fileprivate var isRecord: Bool {
        if case .record = self { true } else { false }
    }
}
