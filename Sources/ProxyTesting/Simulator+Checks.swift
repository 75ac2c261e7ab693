internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// What is checked when the engine asks for something.
extension Simulator {
    private var limits: ProxyLimits { world.settings.limits }

    /// Notes what the engine is about to hear.
    mutating func note(_ event: ProxyEvent) {
        notePlugins(event)
        switch event {
        case .accepted(let client): touched.insert(client.number)
        case .received(.client(let client), let bytes, let tokens):
            touched.insert(client)
            clients[client - 1].ledger.delivered += bytes.count
            descriptors.formUnion(tokens)
            noteAway([client])
        case .received(.monitor, _, _): hear()
        case .ended(.client(let client)):
            touched.insert(client)
            clients[client - 1].ledger.hasEnded = true
        case .ended(.monitor):
            upstream.isReady = false
            upstream.isClosing = true
        case .closed(.client(let client), _):
            saw(.clientGone)
            clients[client - 1].ledger.isGone = true
        case .closed(.monitor, _):
            if monitor.isConnected { monitor.disconnected() }
            monitorWire = nil
            upstream.reset()
            noteAway(Array(1...max(clients.count, 1)))
        case .unsent(.client(let client), let bytes, let beyond):
            touched.insert(client)
            clients[client - 1].ledger.unsent = (bytes, beyond)
            clients[client - 1].ledger.mustBeClosed = beyond > limits.unsentBytesMax
        case .timerFired(.closing(let client)):
            saw(.closingTimeOver)
            clients[client - 1].ledger.isClosingTimeOver = true
        case .started, .monitorOpened, .monitorUnreachable, .unsent, .timerFired, .recordingChanged, .stopRequested,
            .received, .ended, .closed, .restored, .secondMonitorOpened, .secondMonitorUnreachable, .stored,
            .programLine, .programComplained, .programUnsent, .programEnded:
            break
        }
    }

    /// The engine hears what the monitor has said.
    private mutating func hear() {
        guard let taken = monitorWire?.incoming.taken else { return }
        while let said = upstream.said.first, said.end <= taken {
            upstream.said.removeFirst()
            switch said.output.kind {
            case .greeting: upstream.greeting = said.output.bytes
            case .negotiated:
                upstream.isReady = true
                if !upstream.isClosing { mustAllBeTold("ready") }
                upstream.becameReadyAt = now
                upstream.reconnectDelay = limits.reconnectDelayMin
            case .event:
                hear(event: said.output.bytes)
            case .reply(let number):
                guard let flight = upstream.flights.removeValue(forKey: number) else {
                    saw(.lateReply)
                    continue
                }
                guard clients.indices.contains(flight.tag.client - 1) else {
                    if !upstream.isClosing { executionAnswered(number, said.output.bytes) }
                    continue
                }
                touched.insert(flight.tag.client)
                clients[flight.tag.client - 1].ledger.update(flight.tag.serial) { $0.state = .replied }
            case .nonsense: break
            }
        }
    }

    private mutating func hear(event bytes: Bytes) {
        saw(.event)
        guard let chain = world.chain else { return upstream.events.append(bytes) }
        if let bytes = chain.remains(ofEvent: bytes, isPretty: surroundings.isPretty) { upstream.events.append(bytes) }
    }

    /// While the monitor is away, commands are refused, though some plugin may hold one before them.
    private mutating func noteAway(_ numbers: [Int]) {
        guard world.chain != nil, world.settings.keepsClients, upstream.greeting == nil else { return }
        for number in numbers where clients.indices.contains(number - 1) {
            clients[number - 1].ledger.monitorIsAway()
        }
    }

    /// The pause before the next attempt to connect doubles, until a connection was of use.
    mutating func checkReconnect(at time: Instant) {
        if time != now + upstream.reconnectDelay {
            violated("reconnect", "at \(Self.time(time)), but \(upstream.reconnectDelay) from now is right")
        }
        upstream.reconnectDelay = min(upstream.reconnectDelay * 2, limits.reconnectDelayMax)
    }

    // MARK: - To clients

    /// A message to a client must be the greeting, the next event, or an answer that it waits for.
    mutating func checkSend(_ message: Bytes, to number: Int) {
        var ledger = clients[number - 1].ledger
        guard clients[number - 1].isAccepted, !ledger.isClosing, !ledger.isGone else {
            return violated("closing", "client \(number) is sent something after it was closed: \(message.shown)")
        }
        defer { clients[number - 1].ledger = ledger }
        guard ledger.isGreeted else {
            ledger.isGreeted = true
            if message != upstream.greeting { violated("greeting", "client \(number) is not greeted as QEMU greets") }
            return
        }
        if ledger.isNegotiated, let count = eventsIn(message, from: ledger.nextEvent) {
            ledger.nextEvent += count
            return
        }
        let index = ledger.outOfBand.firstIndex { $0.end <= ledger.delivered && isAnswer(message, $0, to: number) }
        if let first = ledger.complete.first, isAnswer(message, first, to: number) {
            ledger.inBand.removeFirst()
            ledger.settled = max(ledger.settled, first.end)
            saw(.answer)
            if first.negotiates {
                ledger.isNegotiated = true
                ledger.nextEvent = upstream.events.count
            }
        } else if let index {
            saw(.outOfBandAnswer)
            ledger.outOfBand.remove(at: index)
        } else {
            let first = ledger.complete.first.map { "\($0.answer), \($0.state)" } ?? "nothing"
            violated("answers", "client \(number) is sent \(message.shown), but waits for \(first)")
        }
    }

    /// How many events a message consists of, if it is events one behind the other from that one on.
    private func eventsIn(_ message: Bytes, from first: Int) -> Int? {
        var rest = message
        var next = first
        while next < upstream.events.count, rest.starts(with: upstream.events[next]) {
            rest = rest.dropFirst(upstream.events[next].count)
            next += 1
        }
        return rest.isEmpty && next > first ? next - first : nil
    }

    private mutating func isAnswer(_ message: Bytes, _ expectation: SimulatorExpectation, to number: Int) -> Bool {
        switch expectation.answer {
        case .exactly(let bytes):
            if message == bytes, expectation.held == nil {
                return !expectation.isForwarded || expectation.state == .replied
            }
        case .status(let id): return isStatus(message, id: id, to: number)
        }
        guard expectation.isForwarded, expectation.held == nil else { return false }
        func failure(_ error: ProtocolError, id: JSONValue?) -> Bytes {
            Reply.failure(error, id: id, isPretty: surroundings.isPretty)
        }
        if expectation.mayBeTooLarge, expectation.state == .waiting, message == failure(.tokenSize, id: nil) {
            saw(.tooLarge)
            return true
        }
        var error: String
        switch expectation.state {
        case .sent(let flight) where upstream.flights[flight] == nil && world.settings.keepsClients:
            error = "The monitor unix:/qemu is gone, the outcome is unknown"
        case .waiting where !upstream.isReady || upstream.becameReadyAt >= expectation.writtenAt:
            error = "The monitor unix:/qemu is not connected"
        case .sent, .waiting, .replied: return false
        }
        guard message == failure(ProtocolError(.generic, error), id: expectation.idValue) else { return false }
        saw(.lostAnswer)
        return true
    }

    // MARK: - To the monitor

    /// A message to the monitor must be our own negotiation, or a client's command whose turn it is.
    mutating func checkSendToMonitor(_ message: Bytes, _ tokens: [DescriptorToken]) {
        release(tokens)
        guard monitorWire != nil, !upstream.isClosing, phase != .stopping else {
            return violated("closing", "the monitor is sent something after it was closed: \(message.shown)")
        }
        guard upstream.isReady else { return checkNegotiation(message) }
        if let tag = SimulatorTag(in: message), tag.client >= SimulatedJudgement.firstTag {
            return checkExecution(message, tag, tokens)
        }
        guard let tag = SimulatorTag(in: message), clients.indices.contains(tag.client - 1),
            let document = clients[tag.client - 1].ledger.document(tag.serial)
        else { return violated("upstream", "nobody has asked for \(message.shown)") }
        let ledger = clients[tag.client - 1].ledger
        guard document.isForwarded, document.held == nil, document.state == .waiting, document.end <= ledger.delivered,
            !ledger.isClosing,
            !ledger.isGone
        else { return violated("upstream", "not to be sent, or not yet, or not any more: \(message.shown)") }
        guard let number = document.number(in: message), upstream.numbers.insert(number).inserted else {
            return violated("ids", "the command is not sent as it was, with a new number: \(message.shown)")
        }
        if !message.contains(UInt8(ascii: "[")) { saw(.bareID) }
        guard document.descriptors == tokens else {
            return violated("descriptors", "\(document.descriptors.map(\.number)) belong to \(message.shown)")
        }
        if !tokens.isEmpty { saw(.descriptorsSent) }
        if !document.isOutOfBand { checkOrder(document, tag, tokens) }
        upstream.flights[number] = SimulatorUpstream.Flight(
            tag: tag,
            isOutOfBand: document.isOutOfBand,
            hasDescriptors: !tokens.isEmpty
        )
        clients[tag.client - 1].ledger.update(tag.serial) { $0.state = .sent(number: number) }
        if !document.isOutOfBand { clients[tag.client - 1].ledger.settled = max(ledger.settled, document.end) }
    }

    /// In-band commands of clients that may be in flight: one place is kept for plugins, if there are any.
    var clientsMax: Int { world.chain == nil ? upstream.limit : max(1, upstream.limit - 1) }

    private mutating func checkOrder(_ document: SimulatorExpectation, _ tag: SimulatorTag, _ tokens: [DescriptorToken])
    {
        plugins.cameLast = false
        if !clients[tag.client - 1].ledger.mayBeNext(tag.serial) {
            violated("order", "command \(tag.serial) of client \(tag.client) is not its next")
        }
        let inFlight = upstream.inBandInFlight
        if inFlight >= upstream.limit { violated("in flight", "\(inFlight + 1) in-band commands") }
        if inFlight - upstream.executionsInFlight >= clientsMax {
            violated("in flight", "no place is kept for plugins, there are \(inFlight + 1)")
        }
        if inFlight + 1 == 7 { saw(.fullFlight) }
        if upstream.hasBarrier || (!tokens.isEmpty && inFlight > 0) {
            violated("descriptors", "a command with descriptors is not alone in flight")
        }
    }

    /// How the proxy negotiates.
    var negotiation: Bytes {
        let arguments = surroundings.offersOutOfBand ? ", \"arguments\": {\"enable\": [\"oob\"]}" : ""
        return Bytes(text: "{\"execute\": \"qmp_capabilities\"\(arguments), \"id\": \"ours\"}\r\n")
    }

    private mutating func checkNegotiation(_ message: Bytes) {
        guard upstream.greeting != nil, !upstream.isNegotiationSent, message == negotiation else {
            return violated("negotiation", "sent before the monitor is ready: \(message.shown)")
        }
        upstream.isNegotiationSent = true
    }
}
