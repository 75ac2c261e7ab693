internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// What happens by itself, and what clients do.
extension Simulator {
    mutating func happen(_ happening: SimulatorAgenda.Happening) {
        switch happening {
        case .arrives: arrive()
        case .accepts: accept()
        case .writes(let client): write(client)
        case .leaves(let client): leave(client)
        case .wakes(let client):
            clients[client - 1].isStalled = false
            schedulePeerRead(client)
        case .shellReads(.client(let client)): shellReads(client)
        case .shellReads(.monitor): shellReadsMonitor()
        case .peerReads(.client(let client)): clientReads(client)
        case .peerReads(.monitor): monitorReads()
        case .tellsUnsent(.client(let client)):
            clients[client - 1].wire.isReportScheduled = false
            tellUnsent(client)
        case .tellsUnsent(.monitor): tellUnsentToMonitor()
        case .shellReads(.secondMonitor(let number)): shellReads(second: number)
        case .peerReads(.secondMonitor(let number)): secondReads(number)
        case .tellsUnsent(.secondMonitor): break
        case .connectsSecond(let number): secondConnects(number)
        case .actsSecond(let number): secondActs(number)
        case .executesSecond(let number, let command): secondExecuted(number, command)
        case .tellsClosed(let endpoint, let reason): handle(.closed(endpoint, reason: reason))
        case .fires(let timer, let generation):
            guard timers[timer] == generation else { return }
            timers[timer] = nil
            handle(.timerFired(timer))
        case .connects(let attempt): attemptEnds(attempt)
        case .greets(let connection): greet(connection)
        case .executes(let command): executed(command)
        case .monitorActs: monitorActs()
        case .monitorStarts: startMonitor()
        case .monitorWakes:
            isMonitorStalled = false
            scheduleMonitorRead()
        case .recordingTroubled:
            recordingChanged(trouble: phase == .trouble ? generator.pick(["no space", nil]) : nil)
        case .stores(let place, let number): stored(place, number)
        case .programReads(let program, let line): programReads(program, line)
        case .programEnds(let program, let end): endProgram(program, end)
        case .stops:
            happened("the proxy is asked to stop")
            stop()
        case .calms: calm()
        case .mustHaveStopped: violated("stop", "the proxy has not stopped in time")
        }
    }

    // MARK: - Coming and going

    private mutating func arrive() {
        guard phase == .trouble else { return }
        let client = FakeClient(number: clients.count + 1, surroundings, &generator)
        clients.append(client)
        backlog.append(client.number)
        happened("client \(client.number) connects")
        if world.has(.earlyWords), generator.chance(50) { scheduleWrite(client.number) }
        accept()
    }

    private mutating func accept() {
        while isAccepting, phase != .over, failure == nil, !backlog.isEmpty {
            let number = backlog.removeFirst()
            clients[number - 1].isAccepted = true
            handle(.accepted(Client(number: number, peer: .other("simulated"), listener: "unix:/proxy")))
            scheduleShellRead(number)
        }
    }

    private mutating func scheduleWrite(_ number: Int) {
        guard phase == .trouble, clients[number - 1].burstsLeft > 0, !clients[number - 1].isWriteScheduled else {
            return
        }
        clients[number - 1].isWriteScheduled = true
        agenda.add(.writes(client: number), at: later(spread: 4))
    }

    private mutating func write(_ number: Int) {
        clients[number - 1].isWriteScheduled = false
        guard phase == .trouble, clients[number - 1].wire.incomingEnd == .none else { return }
        if world.has(.clientsStall), generator.chance(40) {
            happened("client \(number) stops reading")
            clients[number - 1].isStalled = true
            agenda.add(.wakes(client: number), at: later(spread: generator.pick([20, 200, 100_000])))
        }
        clients[number - 1].write(&surroundings, &generator, at: now)
        scheduleShellRead(number)
        if clients[number - 1].burstsLeft > 0 {
            scheduleWrite(number)
        } else if world.has(.clientsLeave) || world.has(.clientsHalfClose), generator.chance(60) {
            agenda.add(.leaves(client: number), at: later(spread: 10))
        }
    }

    private mutating func leave(_ number: Int) {
        guard phase == .trouble else { return }
        let index = number - 1
        guard world.has(.clientsLeave), !world.has(.clientsHalfClose) || generator.chance(50) else {
            happened("client \(number) ends its input")
            clients[index].wire.incomingEnd = .ended
            return scheduleShellRead(number)
        }
        happened("client \(number) leaves")
        clients[index].wire.incomingEnd = generator.chance(50) ? .ended : .broken
        clients[index].wire.isPeerGone = true
        scheduleShellRead(number)
        // Who waits to write to it is woken.
        settle(number)
        let isNoticed = clients[index].wire.isReadingPaused && !world.has(.unnoticedHangUps)
        guard clients[index].isAccepted, clients[index].wire.phase == .open, isNoticed else { return }
        clients[index].wire.phase = .closed
        tellClosed(.client(number), "hung up")
    }

    // MARK: - Bytes

    private mutating func shellReads(_ number: Int) {
        let index = number - 1
        clients[index].wire.isReadScheduled = false
        let wire = clients[index].wire
        guard wire.phase == .open, !wire.isReadingPaused else { return }
        if wire.incoming.count > 0 {
            let length = generator.int(1...world.chunkMax)
            let (bytes, tokens) = clients[index].wire.incoming.take(atMost: length)
            handle(.received(.client(number), bytes, descriptors: tokens))
        } else if wire.incomingEnd == .ended {
            clients[index].wire.isEndTold = true
            handle(.ended(.client(number)))
        } else {
            clients[index].wire.phase = .closed
            tellClosed(.client(number), "connection reset")
        }
        scheduleShellRead(number)
    }

    private mutating func clientReads(_ number: Int) {
        let index = number - 1
        clients[index].wire.isPeerReadScheduled = false
        guard !clients[index].isStalled, !clients[index].wire.isPeerGone else { return }
        _ = clients[index].wire.kernel.take(atMost: generator.int(1...8 * world.chunkMax))
        scheduleWrite(number)
        settle(number)
    }

    // MARK: - Calm

    /// No more trouble: everybody reads, QEMU is there, nobody says anything new.
    private mutating func recordingChanged(trouble: String?) {
        lacksRecording = world.settings.needsRecording && trouble != nil
        if lacksRecording { saw(.recordingLacked) }
        handle(.recordingChanged(trouble: trouble, entriesLost: generator.int(0...9)))
    }

    mutating func calm() {
        guard phase == .trouble else { return }
        happened("calm")
        phase = .calm
        isTroubled = false
        isMonitorStalled = false
        for client in clients {
            clients[client.number - 1].isStalled = false
            schedulePeerRead(client.number)
        }
        if lacksRecording { recordingChanged(trouble: nil) }
        if !isMonitorAlive { startMonitor() }
        if monitor.isConnected, !monitor.isGreeted { greet(monitor.connection) }
        scheduleMonitorRead()
    }
}
