internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// Monitors of plugins' own: each is asked by its plugin alone, which is told what comes of it.
extension Simulator {
    /// What plugins call theirs.
    static let secondName = "second"

    // MARK: - Coming and going

    mutating func connectSecondMonitor(_ number: Int) {
        take(second: number)
        if plugins.seconds[number]?.phase != .away {
            violated("plugins", "second monitor \(number) is connected while it is")
        }
        plugins.seconds[number]?.phase = .connecting
        agenda.add(.connectsSecond(number), at: later(spread: 5))
    }

    /// Notes one that a plugin has asked for: it is connected at once, or when it was given up before, after a while.
    mutating func take(second number: Int) {
        guard plugins.seconds[number] == nil else { return }
        guard let report = plugins.announced, report.word == .connects else {
            return violated("plugins", "a second monitor is connected, and no plugin has asked for it")
        }
        plugins.announced = nil
        let monitor = FakeMonitor(
            offersOutOfBand: surroundings.offersOutOfBand,
            isPretty: surroundings.isPretty,
            limits: world.settings.limits
        )
        plugins.seconds[number] = SimulatorSecondMonitor(place: report.place, monitor: monitor)
        plugins.seconds[number]?.phase = .away
    }

    mutating func secondConnects(_ number: Int) {
        guard plugins.seconds[number]?.phase == .connecting else { return }
        if isTroubled, generator.chance(40) {
            plugins.seconds[number]?.phase = .away
            return handle(.secondMonitorUnreachable(number, reason: "connection refused"))
        }
        plugins.seconds[number]?.phase = .open
        plugins.seconds[number]?.monitor.connected()
        handle(.secondMonitorOpened(number, peer: "simulated"))
        agenda.add(.actsSecond(number), at: later(spread: 2))
    }

    /// It greets, says an event, or goes.
    mutating func secondActs(_ number: Int) {
        guard let second = plugins.seconds[number], second.phase == .open else { return }
        if !second.monitor.isGreeted {
            plugins.seconds[number]?.monitor.greet()
        } else if isTroubled, generator.chance(15) {
            happened("second monitor \(number) drops the connection")
            if generator.chance(50) { return handle(.ended(.secondMonitor(number))) }
            return lose(second: number, "connection reset")
        } else {
            plugins.seconds[number]?.monitor.emitEvent(padding: 0)
        }
        pump(second: number)
        if isTroubled { agenda.add(.actsSecond(number), at: later(spread: 20)) }
    }

    /// The engine closes the connection.
    mutating func close(second number: Int) {
        guard let second = plugins.seconds[number], second.phase != .away, !second.isClosed else {
            return violated("plugins", "second monitor \(number) is closed, and is not connected")
        }
        plugins.seconds[number]?.isClosed = true
        if second.phase != .closing { lose(second: number, "closed") }
    }

    /// The connection is gone; the engine hears of it, at once or a little later.
    private mutating func lose(second number: Int, _ reason: String) {
        plugins.seconds[number]?.phase = .closing
        plugins.seconds[number]?.monitor.disconnected()
        tellClosed(.secondMonitor(number), reason)
    }

    /// A plugin gives one up, or the proxy stops.
    mutating func giveUp(second number: Int) {
        guard let second = plugins.seconds[number], !second.isGivenUp else { return }
        loseExecutions(of: number)
        plugins.seconds[number]?.isGivenUp = true
        if second.phase == .away { plugins.seconds[number] = nil }
    }

    private mutating func loseExecutions(of number: Int) {
        guard let second = plugins.seconds[number], !second.isGivenUp else { return }
        for (number, tag) in plugins.accepted.sorted(by: { $0.key < $1.key })
        where tag.client == SimulatedJudgement.firstTag + second.place && plugins.executions[tag]?.isOnSecond == true {
            plugins.settle(number, "monitorLost")
        }
    }

    // MARK: - What the plugin must be told

    mutating func noteSecondMonitor(_ event: ProxyEvent) {
        switch event {
        case .secondMonitorUnreachable(let number, _):
            guard let second = plugins.seconds[number] else { return }
            if !second.isTroubleTold { plugins.mustBeTold(second.place, Tag(Self.secondName), "unreachable") }
            plugins.seconds[number]?.isTroubleTold = true
        case .secondMonitorOpened(let number, _):
            guard let second = plugins.seconds[number] else { return }
            saw(.secondMonitorOpened)
            plugins.seconds[number]?.isTroubleTold = false
            plugins.mustBeTold(second.place, Tag(Self.secondName), "silent")
        case .received(.secondMonitor(let number), _, _): hear(second: number)
        case .closed(.secondMonitor(let number), _):
            guard let second = plugins.seconds[number] else { return }
            guard !second.isGivenUp else { return plugins.seconds[number] = nil }
            plugins.mustBeTold(second.place, Tag(Self.secondName), "gone")
            loseExecutions(of: number)
            var again = SimulatorSecondMonitor(place: second.place, monitor: second.monitor)
            again.phase = .away
            plugins.seconds[number] = again
        case .stopRequested:
            for number in plugins.seconds.keys.sorted() { giveUp(second: number) }
        default: break
        }
    }

    private mutating func hear(second number: Int) {
        guard var second = plugins.seconds[number] else { return }
        while let said = second.said.first, said.end <= second.incoming.taken {
            second.said.removeFirst()
            switch said.output.kind {
            case .greeting: second.isGreeted = true
            case .negotiated: plugins.mustBeTold(second.place, Tag(Self.secondName), "ready")
            case .event:
                let event = SimulatorReport(second.place, .event, Tag(Self.secondName), said.output.bytes.line)
                plugins.due[event, default: 0] += 1
            case .reply(let number):
                saw(.secondMonitorAnswered)
                executionAnswered(number, said.output.bytes)
            case .nonsense: break
            }
        }
        plugins.seconds[number] = second
    }

    // MARK: - Bytes

    mutating func send(_ message: Bytes, toSecond number: Int) {
        guard let second = plugins.seconds[number], second.isGreeted, !second.isClosed else {
            return violated("plugins", "second monitor \(number) is sent too early or too late: \(message.shown)")
        }
        if !second.isNegotiationSent {
            plugins.seconds[number]?.isNegotiationSent = true
            if message != negotiation { violated("negotiation", "of second monitor \(number): \(message.shown)") }
        } else if let tag = SimulatorTag(in: message), tag.client == SimulatedJudgement.firstTag + second.place {
            checkExecution(message, tag, [], onSecond: true)
        } else {
            violated("executions", "second monitor \(number) is asked what nobody has asked: \(message.shown)")
        }
        guard second.phase == .open else { return }
        plugins.seconds[number]?.outgoing.append(message)
        schedulePeerRead(second: number)
    }

    private mutating func schedulePeerRead(second number: Int) {
        guard let second = plugins.seconds[number], second.phase == .open, second.outgoing.count > 0,
            second.monitor.reads, second.monitor.hasReadAll, !second.isPeerReadScheduled
        else { return }
        plugins.seconds[number]?.isPeerReadScheduled = true
        agenda.add(.peerReads(.secondMonitor(number)), at: later())
    }

    mutating func secondReads(_ number: Int) {
        plugins.seconds[number]?.isPeerReadScheduled = false
        guard let phase = plugins.seconds[number]?.phase, phase == .open,
            let bytes = plugins.seconds[number]?.outgoing.take(atMost: generator.int(1...2 * world.chunkMax)).bytes
        else { return }
        plugins.seconds[number]?.monitor.read(bytes, [])
        pump(second: number)
    }

    mutating func secondExecuted(_ number: Int, _ command: Int) {
        guard let monitor = plugins.seconds[number]?.monitor, monitor.isExecuting, monitor.executions == command else {
            return
        }
        plugins.seconds[number]?.monitor.end()
        pump(second: number)
    }

    private mutating func pump(second number: Int) {
        guard var second = plugins.seconds[number] else { return }
        second.monitor.readOn()
        while second.monitor.isReadyToExecute {
            if second.monitor.begin() {
                let executes = SimulatorAgenda.Happening.executesSecond(number, command: second.monitor.executions)
                agenda.add(executes, at: later(spread: 4))
            } else {
                second.monitor.readOn()
            }
        }
        if let complaint = second.monitor.complaint { violated("second monitor", complaint) }
        for output in second.monitor.outputs where second.phase == .open {
            second.incoming.append(output.bytes)
            second.said.append(SimulatorUpstream.Said(end: second.incoming.end, output: output))
        }
        second.monitor.outputs = []
        plugins.seconds[number] = second
        scheduleShellRead(second: number)
        schedulePeerRead(second: number)
    }

    private mutating func scheduleShellRead(second number: Int) {
        guard let second = plugins.seconds[number], second.phase == .open, second.incoming.count > 0,
            !second.isShellReadScheduled
        else { return }
        plugins.seconds[number]?.isShellReadScheduled = true
        agenda.add(.shellReads(.secondMonitor(number)), at: later())
    }

    mutating func shellReads(second number: Int) {
        plugins.seconds[number]?.isShellReadScheduled = false
        guard plugins.seconds[number]?.phase == .open else { return }
        let most = generator.int(1...4 * world.chunkMax)
        guard let bytes = plugins.seconds[number]?.incoming.take(atMost: most).bytes else { return }
        handle(.received(.secondMonitor(number), bytes, descriptors: []))
        scheduleShellRead(second: number)
    }
}

extension Bytes {
    /// A message without its line ends, for a line of the log.
    var line: String { text.split(whereSeparator: \.isNewline).joined() }
}
