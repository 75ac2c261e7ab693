internal import ProxyCore
internal import QMP
internal import Recording

/// What is checked when the engine has done with an event, and when all is calm.
extension Simulator {
    private var limits: ProxyLimits { world.settings.limits }

    // MARK: - Closing

    mutating func checkFinish(_ number: Int, becauseOf event: ProxyEvent) {
        let ledger = clients[number - 1].ledger
        guard !ledger.isGone else { return violated("closing", "client \(number) is finished when it is gone") }
        if phase == .stopping || lacksRecording { return }
        if case .closed(.monitor, _) = event, !world.settings.keepsClients, ledger.isGreeted {
            saw(.clientsClosedByDeath)
            checkAnswers(number)
            return checkEvents(clients[number - 1])
        }
        if ledger.hasEnded, ledger.isAnswered { return saw(.halfCloseAnswered) }
        violated("closing", "client \(number) is finished without a reason")
    }

    mutating func checkClose(_ number: Int) {
        saw(.clientClosed)
        let ledger = clients[number - 1].ledger
        guard !ledger.isGone else { return violated("closing", "client \(number) is closed when it is gone") }
        if ledger.isClosed { violated("closing", "client \(number) is closed a second time") }
        let present = clients.filter { $0.isAccepted && !$0.ledger.isGone && !$0.ledger.isClosed }
        let unsent = present.reduce(0) { $0 + $1.ledger.unsent.bytes }
        let heldInAll = present.reduce(0) { $0 + $1.ledger.heldMax }
        let isWorst = present.allSatisfy { $0.ledger.unsent.bytes <= ledger.unsent.bytes }
        if ledger.isClosingTimeOver || ledger.mustBeClosed || heldInAll > limits.inputBytesOfAllMax { return }
        if unsent > limits.unsentBytesOfAllMax, isWorst { return }
        let held = present.map { "\($0.number): \($0.ledger.heldMax)" }
        violated(
            "closing",
            "client \(number) is closed without a reason; input held at most: \(held), \(unsent) unsent"
        )
    }

    // MARK: - After a turn

    mutating func checkTurn(_ event: ProxyEvent) {
        for number in touched.sorted() { checkClient(number) }
        if case .received(.monitor, _, _) = event {
            for client in clients { checkEvents(client) }
        }
        guard phase != .stopping, phase != .over else { return }
        checkWork()
        let present = clients.count { $0.isAccepted && !$0.ledger.isGone }
        if isAccepting != (present < limits.clientsMax && !lacksRecording) {
            let recording = lacksRecording ? "; the recording is lacking" : ""
            violated(
                "accepting",
                "\(present) clients, \(limits.clientsMax) allowed, accepting: \(isAccepting)\(recording)"
            )
        }
        if lacksRecording,
            let served = clients.first(where: { $0.isAccepted && !$0.ledger.isClosing && !$0.ledger.isGone })
        {
            violated("recording", "client \(served.number) is served though nothing can be recorded")
        }
    }

    private mutating func checkEvents(_ client: FakeClient) {
        let ledger = client.ledger
        guard ledger.isNegotiated, !ledger.isClosing, !ledger.isGone else { return }
        if ledger.nextEvent != upstream.events.count {
            violated("events", "client \(client.number) did not get all events")
        }
    }

    /// What QEMU has answered, its asker has got.
    private mutating func checkAnswers(_ number: Int) {
        let ledger = clients[number - 1].ledger
        if ledger.complete.first?.state == .replied || ledger.outOfBand.contains(where: { $0.state == .replied }) {
            violated("answers", "an answer is withheld from client \(number)")
        }
    }

    private mutating func checkClient(_ number: Int) {
        let client = clients[number - 1]
        let ledger = client.ledger
        guard client.isAccepted, !ledger.isClosing, !ledger.isGone else { return }
        checkEvents(client)
        checkAnswers(number)
        if ledger.mustBeClosed { violated("unsent", "client \(number) must be closed") }
        guard phase != .stopping else { return }
        if !ledger.isPaused, let held = (ledger.complete + ledger.completeOutOfBand).first(where: { $0.held != nil }),
            !plugins.held.values.contains(SimulatorTag(client: number, serial: held.serial))
        {
            violated("holding", "command \(held.serial) of client \(number) is not held")
        }
        if !ledger.isPaused, let first = ledger.completeOutOfBand.first(where: { !$0.isForwarded }) {
            violated("answers", "client \(number) is not answered at once: \(first.answer)")
        }
        if let first = ledger.complete.first, !first.isForwarded, !ledger.isPaused {
            violated("answers", "client \(number) is not answered at once: \(first.answer)")
        }
        if ledger.hasEnded {
            if ledger.isAnswered { violated("closing", "client \(number) has ended, is answered and not closed") }
            return
        }
        // While the monitor is being closed, commands behind one in flight have their answer already.
        if ledger.isPaused, ledger.holdsAnswers { return }
        if !upstream.isClosing, !ledger.isUncertain, ledger.isPaused != ledger.isToBePaused(limits) {
            violated(
                "reading",
                """
                client \(number) is \(ledger.isPaused ? "" : "not ")paused with \(ledger.complete.count) + \
                \(ledger.completeOutOfBand.count) documents, \(ledger.waitingBytes) bytes waiting, \
                \(ledger.unsent.bytes) unsent
                """
            )
        }
    }

    /// What may be sent to the monitor is sent.
    private mutating func checkWork() {
        guard upstream.isReady else { return }
        checkExecutionsWaiting()
        let inFlight = upstream.inBandInFlight
        let isBusy =
            inFlight >= upstream.limit || upstream.hasBarrier
            || inFlight - upstream.executionsInFlight >= clientsMax
        var waiting: [Int] = []
        for client in clients where client.isAccepted && !client.ledger.isClosing && !client.ledger.isGone {
            let ledger = client.ledger
            if !ledger.isPaused,
                ledger.completeOutOfBand.contains(where: { $0.isForwarded && $0.held == nil && $0.state == .waiting })
            {
                violated("upstream", "an out-of-band command of client \(client.number) has to wait")
            }
            guard !isBusy else { continue }
            // One with descriptors waits until nothing is in flight, and nobody overtakes it.
            if ledger.mayHaveToBeAlone, inFlight > 0 { return }
            guard let next = ledger.nextToSend, next.end <= ledger.delivered else { continue }
            // Of a client that is not read from, it may not have been looked at.
            if !ledger.isPaused { waiting.append(client.number) }
        }
        if !waiting.isEmpty { violated("upstream", "clients \(waiting) wait though there is room") }
    }

    // MARK: - Calm

    /// Everything was let run to its end: nobody waits for anything.
    mutating func checkCalm() {
        guard upstream.isReady, upstream.flights.isEmpty else {
            return violated("calm", "the monitor is not ready, or \(upstream.flights.count) commands are in flight")
        }
        for client in clients {
            let ledger = client.ledger
            let name = "client \(client.number)"
            if !client.isAccepted {
                if isAccepting { violated("calm", "\(name) was not accepted") }
                continue
            }
            guard !ledger.isGone else { continue }
            if client.wire.isPeerGone || ledger.hasEnded { violated("calm", "\(name) has left and is still there") }
            if !ledger.isGreeted { violated("calm", "\(name) was not greeted") }
            if let first = ledger.inBand.first ?? ledger.outOfBand.first {
                violated("calm", "\(name) was not answered: \(first.bytes.shown), \(first.answer)")
            }
            if client.wire.incoming.count > 0 || ledger.isPaused { violated("calm", "\(name) is not read from") }
            checkEvents(client)
        }
    }

    // MARK: - Status

    /// Whether a message is the proxy's status with numbers that may be.
    mutating func isStatus(_ message: Bytes, id: JSONValue?, to number: Int) -> Bool {
        guard let value = try? JSONValue(parsing: message), let status = value["return"] else { return false }
        saw(.status)
        // What is written and read again has lost what JSON cannot hold, and so has this.
        guard value["id"]?.written() == id?.written(), let listed = status["clients"]?.array else { return false }
        if listed.count > clients.count { violated("status", "\(listed.count) clients") }
        for client in listed {
            checkNumber(client["waiting"], "waiting", most: limits.waitingMax)
            checkNumber(client["descriptors"], "descriptors", most: 3 * (limits.waitingMax + 1))
            let documents = 2 * min(limits.documents.tokenBytesMax, 10_000)
            let answers = limits.unsentBytesBeforePause + SimulatorExpectation.statusBytesMax
            let most = limits.waitingBytesMax + world.chunkMax + documents + answers
            checkNumber(client["held-bytes"], "held-bytes", most: most)
        }
        let outOfBand = world.clients * limits.waitingMax
        checkNumber(status["monitor"]?["in-flight"], "in-flight", most: upstream.limit + outOfBand)
        checkNumber(status["counts"]?["clients-accepted"], "clients-accepted", most: world.clients)
        return true
    }

    private mutating func checkNumber(_ value: JSONValue?, _ name: String, most: Int) {
        guard let number = value?.integer, (0...Int64(most)).contains(number) else {
            return violated("status", "\(name) is \(value?.written().text ?? "missing"), \(most) at most")
        }
    }
}
