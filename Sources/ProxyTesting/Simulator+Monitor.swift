internal import ProxyCore
internal import QMP
internal import Recording

/// The monitor's side of the world.
extension Simulator {
    // MARK: - Connecting

    mutating func connectMonitor() {
        if monitorWire != nil || upstream.isConnecting {
            return violated("monitor", "connected to while there is a connection")
        }
        upstream.isConnecting = true
        upstream.attempts += 1
        agenda.add(.connects(attempt: upstream.attempts), at: later(spread: 2))
    }

    mutating func attemptEnds(_ attempt: Int) {
        guard upstream.isConnecting, attempt == upstream.attempts else { return }
        guard isMonitorAlive else {
            guard !world.settings.waitsForMonitor else { return }
            saw(.monitorUnreachable)
            upstream.isConnecting = false
            return handle(.monitorUnreachable(reason: "connection refused"))
        }
        upstream.isConnecting = false
        let isSmall = world.has(.smallKernelBuffers)
        monitorWire = SimulatorWire(kernelMax: isSmall ? generator.int(1...600) : 100_000)
        monitor.connected()
        handle(.monitorOpened(peer: "simulated"))
        let isSilent = isTroubled && world.has(.monitorIsSilent) && generator.chance(50)
        agenda.add(.greets(connection: monitor.connection), at: later(spread: isSilent ? 3000 : 1))
    }

    mutating func greet(_ connection: Int) {
        guard monitor.isConnected, !monitor.isGreeted, monitor.connection == connection else { return }
        if isTroubled, world.has(.monitorIsNone), generator.chance(40) {
            monitor.speakNonsense()
        } else {
            monitor.greet()
        }
        pumpMonitor()
    }

    mutating func startMonitor() {
        guard !isMonitorAlive else { return }
        happened("QEMU starts")
        isMonitorAlive = true
        if upstream.isConnecting, world.settings.waitsForMonitor {
            agenda.add(.connects(attempt: upstream.attempts), at: later())
        }
    }

    // MARK: - Trouble

    mutating func monitorActs() {
        guard isTroubled, phase != .over, monitorActsLeft > 0 else { return }
        monitorActsLeft -= 1
        agenda.add(.monitorActs, at: later(spread: 6))
        switch generator.int(1...100) {
        case 1...6 where world.has(.monitorDies) && isMonitorAlive:
            saw(.monitorDied)
            happened("QEMU dies")
            isMonitorAlive = false
            hangUp()
            monitor.died()
            agenda.add(.monitorStarts, at: later(spread: 100))
        case 7...13 where world.has(.monitorDropsConnections) && monitor.isConnected:
            saw(.monitorDropped)
            happened("QEMU drops the connection")
            hangUp()
            monitor.disconnected()
        case 14...19 where world.has(.monitorStalls) && !isMonitorStalled:
            happened("QEMU stops reading")
            isMonitorStalled = true
            agenda.add(.monitorWakes, at: later(spread: generator.pick([20, 200, 1_000_000])))
        case 20...80 where world.has(.events):
            monitor.emitEvent(padding: world.has(.largeReplies) ? generator.int(0...1000) : 0)
            pumpMonitor()
        default: break
        }
    }

    /// The connection is gone at QEMU's end; what it said last may be cut off anywhere.
    private mutating func hangUp() {
        guard var wire = monitorWire, wire.phase != .closed, monitor.isConnected else { return }
        wire.isPeerGone = true
        wire.incomingEnd = generator.chance(50) ? .ended : .broken
        if generator.chance(50), wire.incoming.count > 0 {
            wire.incoming.drop(last: generator.int(1...wire.incoming.count))
            upstream.said.removeAll { $0.end > wire.incoming.end }
        }
        monitorWire = wire
        scheduleShellReadOfMonitor()
    }

    // MARK: - Executing

    mutating func executed(_ command: Int) {
        guard monitor.isExecuting, monitor.executions == command else { return }
        monitor.end()
        pumpMonitor()
    }

    /// Lets the monitor read, execute and speak as far as it can.
    private mutating func pumpMonitor() {
        monitor.readOn()
        while monitor.isReadyToExecute {
            if monitor.begin() {
                let spread = world.has(.monitorIsSlow) ? generator.pick([30, 30, 3000]) : 2
                agenda.add(.executes(command: monitor.executions), at: later(spread: spread))
            } else {
                monitor.readOn()
            }
        }
        if let complaint = monitor.complaint { violated("monitor", complaint) }
        guard monitorWire?.phase != .closed, monitorWire?.isPeerGone == false else {
            monitor.outputs = []
            return
        }
        for output in monitor.outputs {
            monitorWire?.incoming.append(output.bytes)
            guard let end = monitorWire?.incoming.end else { break }
            upstream.said.append(SimulatorUpstream.Said(end: end, output: output))
        }
        monitor.outputs = []
        scheduleShellReadOfMonitor()
        scheduleMonitorRead()
    }

    // MARK: - Bytes

    mutating func monitorReads() {
        monitorWire?.isPeerReadScheduled = false
        guard let wire = monitorWire, wire.phase != .closed, !wire.isPeerGone, !isMonitorStalled else { return }
        guard monitor.reads, monitor.hasReadAll, wire.kernel.count > 0 else { return }
        let length = generator.int(1...2 * world.chunkMax)
        guard let (bytes, tokens) = monitorWire?.kernel.take(atMost: length) else { return }
        monitor.read(bytes, tokens)
        pumpMonitor()
        settleMonitor()
    }

    mutating func scheduleMonitorRead() {
        guard let wire = monitorWire, wire.phase != .closed, !wire.isPeerGone, !wire.isPeerReadScheduled,
            wire.kernel.count > 0, monitor.reads, monitor.hasReadAll, !isMonitorStalled
        else { return }
        monitorWire?.isPeerReadScheduled = true
        agenda.add(.peerReads(.monitor), at: later())
    }

    private mutating func scheduleShellReadOfMonitor() {
        guard let wire = monitorWire, wire.phase != .closed, !wire.isReadScheduled,
            wire.incoming.count > 0 || (wire.incomingEnd != .none && !wire.isEndTold)
        else { return }
        monitorWire?.isReadScheduled = true
        agenda.add(.shellReads(.monitor), at: later())
    }

    mutating func shellReadsMonitor() {
        monitorWire?.isReadScheduled = false
        guard let wire = monitorWire, wire.phase != .closed else { return }
        if wire.incoming.count > 0 {
            let length = generator.int(1...4 * world.chunkMax)
            guard let (bytes, _) = monitorWire?.incoming.take(atMost: length) else { return }
            handle(.received(.monitor, bytes, descriptors: []))
        } else if wire.incomingEnd == .ended, wire.phase == .open {
            monitorWire?.isEndTold = true
            handle(.ended(.monitor))
        } else {
            monitorWire?.phase = .closed
            tellClosed(.monitor, "connection reset")
        }
        scheduleShellReadOfMonitor()
    }

    /// Lets bytes to the monitor go on, and tells what is unsent.
    mutating func settleMonitor() {
        guard let wire = monitorWire, wire.phase != .closed else { return }
        if wire.isPeerGone { monitorWire?.dropQueue() }
        monitorWire?.flush()
        if monitorWire?.isReportScheduled == false, monitorWire.map({ $0.unsent != $0.reported }) == true {
            if world.has(.lateReports), generator.chance(50) {
                monitorWire?.isReportScheduled = true
                agenda.add(.tellsUnsent(.monitor), at: later())
            } else {
                tellUnsentToMonitor()
            }
        }
        if monitorWire?.phase == .finishing, monitorWire?.queue.count == 0 {
            monitorWire?.phase = .closed
            if monitor.isConnected { monitor.disconnected() }
            tellClosed(.monitor, "closed")
        }
        scheduleMonitorRead()
    }

    mutating func tellUnsentToMonitor() {
        monitorWire?.isReportScheduled = false
        guard let wire = monitorWire, wire.phase != .closed, wire.unsent != wire.reported else { return }
        monitorWire?.reported = wire.unsent
        handle(.unsent(.monitor, bytes: wire.unsent.bytes, beyondCurrent: wire.unsent.beyondCurrent))
    }
}
