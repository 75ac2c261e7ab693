internal import PluginKit
internal import QMP
internal import Recording

/// The monitor comes, answers and goes.
extension ProxyEngine {
    mutating func connect() {
        guard monitor.phase == .away, !isStopping else { return }
        monitor.phase = .connecting
        act(.connectMonitor)
    }

    mutating func monitorOpened(_ peer: String) {
        monitor.phase = .silent
        chain.tellAll(.monitorChanged(.own, .silent))
        monitor.decoder = MonitorDecoder(limits: limits.documents, looks: settings.recording != nil)
        monitor.connections += 1
        monitor.lastTrouble = nil
        log(.info, "connected to the monitor: \(peer)")
        record(.monitor, .opened(peer: peer))
    }

    mutating func monitorUnreachable(_ reason: String) {
        monitor.phase = .away
        if monitor.lastTrouble != reason {
            monitor.lastTrouble = reason
            chain.tellAll(.monitorChanged(.own, .unreachable(reason: reason)))
            log(.warning, "the monitor \(settings.monitorAddress) cannot be reached, trying again: \(reason)")
        }
        tryAgain()
    }

    private mutating func tryAgain() {
        guard !isStopping else { return }
        guard !settings.waitsForMonitor else { return connect() }
        act(.setTimer(.reconnect, at: now + monitor.reconnectDelay))
        monitor.reconnectDelay = min(monitor.reconnectDelay * 2, limits.reconnectDelayMax)
    }

    /// QEMU is gone: so are its clients' commands, and in QEMU's way of dying so are its clients.
    mutating func monitorClosed(_ reason: String) {
        let rest = monitor.decoder.unfinished
        if !rest.isEmpty { record(.monitor, .received(.invalid(rest, error: nil))) }
        monitor.phase = .away
        monitor.greeting = nil
        monitor.descriptorNames = []
        monitor.unsent = 0
        log(isStopping ? .info : .warning, "the monitor \(settings.monitorAddress) is gone: \(reason)")
        record(.monitor, .closed(reason: reason))
        chain.tellAll(.monitorChanged(.own, .gone(reason: reason)))
        loseExecutions(on: .own)
        let lost = queue.reset()
        if settings.keepsClients {
            refuse(lost)
        } else {
            for index in clients.all.indices where clients[index].session != nil { finish(at: index) }
        }
        tryAgain()
    }

    /// Answers what was asked of the monitor and will not be answered by it, sent or not.
    private mutating func refuse(_ lost: [CommandQueue.Outgoing]) {
        let unknown = ProtocolError(.generic, "The monitor \(settings.monitorAddress) is gone, the outcome is unknown")
        let waiting = outOfBandWaiting + clients.all.flatMap(\.waiting)
        outOfBandWaiting = []
        closeDescriptors(waiting.flatMap(\.descriptors))
        for outgoing in waiting where !outgoing.isOutOfBand {
            guard let index = outgoing.client.flatMap({ clients.index(of: $0) }) else { continue }
            clients[index].waitingBytes -= outgoing.original.message.bytes.count
        }
        for (outgoing, error) in lost.map({ ($0, unknown) }) + waiting.map({ ($0, notConnected) }) {
            guard let index = outgoing.client.flatMap({ clients.index(of: $0) }), !clients[index].isLeaving,
                let session = clients[index].session
            else { continue }
            let reply = session.failure(error, to: outgoing.original.message)
            answered(outgoing, SplicedMessage(reply), .monitor, at: index)
        }
    }

    mutating func receivedFromMonitor(_ bytes: Bytes) {
        guard monitor.phase != .closing, monitor.phase != .away else { return }
        monitor.lastReceived = now
        monitor.decoder.append(bytes)
        var events = EventRun(of: monitor.decoder.unfinished)
        do throws(MonitorDecoder.NotAMonitor) {
            while let message = try monitor.decoder.next() {
                if events.isEnded(by: message) { passOn(&events) }
                take(message, &events)
            }
            passOn(&events)
        } catch {
            passOn(&events)
            log(.error, "\(settings.monitorAddress) is no QMP monitor: \(error)")
            record(.monitor, .received(.invalid(monitor.decoder.unfinished, error: error.description)))
            closeMonitor()
        }
        dispatch()
    }

    private mutating func take(_ message: MonitorMessage, _ events: inout EventRun) {
        switch message.kind {
        case .reply(let id?, let isError): takeReply(message, id, isError: isError)
        case .reply(nil, _), .unknown: belongsToNobody(message)
        case .greeting: takeGreeting(message)
        case .event(let name):
            counts.events += 1
            record(message)
            if chain.isEmpty { events.append(message) } else { showEvent(name, message, &events) }
        }
    }

    /// Gives the events that came one behind the other to every client that has negotiated.
    mutating func passOn(_ events: inout EventRun) {
        guard let bytes = events.take() else { return }
        passOn(bytes)
    }

    mutating func passOn(_ bytes: Bytes) {
        for client in clients.all where client.getsEvents {
            act(.send(.client(client.number), SplicedMessage(bytes)))
        }
    }

    mutating func closeMonitor() {
        monitor.phase = .closing
        act(.close(.monitor))
    }

    private mutating func belongsToNobody(_ message: MonitorMessage) {
        counts.repliesToNobody += 1
        record(message)
        // Not what it says: that may be a secret, which only a recording would leave out.
        log(.info, "a message of \(message.bytes.count) bytes that belongs to nobody")
    }

    private mutating func record(_ message: MonitorMessage, command: Int? = nil, ofPlugin place: Int? = nil) {
        let whole = SplicedMessage(message.bytes)
        record(whole, message.form, isSent: false, client: nil, command: command, ofPlugin: place)
    }

    // MARK: - Greeting and negotiation

    private mutating func takeGreeting(_ message: MonitorMessage) {
        guard monitor.phase == .silent, let greeting = Greeting(message) else { return belongsToNobody(message) }
        record(message)
        monitor.greeting = greeting
        monitor.phase = .negotiating
        log(.info, "the monitor is QEMU \(greeting.version) \(greeting.package)")
        let command = negotiation(with: greeting)
        record(.monitor, .sent(.message(command, .json)))
        act(.send(.monitor, command))
        for index in clients.all.indices where clients[index].session == nil && !clients[index].isLeaving {
            greet(at: index, with: greeting)
        }
    }

    /// Our own negotiation, which takes all that is offered.
    func negotiation(with greeting: Greeting) -> SplicedMessage {
        let hasOutOfBand = greeting.capabilities.contains("oob")
        let arguments = hasOutOfBand ? ", \"arguments\": {\"enable\": [\"oob\"]}" : ""
        let id = JSONValue.string(settings.nonce).written().text
        let text = "{\"execute\": \"qmp_capabilities\"\(arguments), \"id\": \(id)}"
        return SplicedMessage(Bytes(text: text), addsLineEnd: true)
    }

    private mutating func negotiated(_ message: MonitorMessage, isError: Bool) {
        record(message)
        guard !isError else {
            log(.error, "the monitor refuses to negotiate: \(message.bytes.quoted)")
            return closeMonitor()
        }
        monitor.phase = .ready
        if let greeting = monitor.greeting { chain.tellAll(.monitorChanged(.own, .ready(greeting))) }
        monitor.reconnectDelay = limits.reconnectDelayMin
    }

    // MARK: - Replies

    private mutating func takeReply(_ message: MonitorMessage, _ id: MonitorMessage.ID, isError: Bool) {
        if monitor.phase == .negotiating {
            let isOurs = (try? JSONValue(parsing: message.bytes[id.value])) == .string(settings.nonce)
            return isOurs ? negotiated(message, isError: isError) : belongsToNobody(message)
        }
        guard monitor.phase == .ready, let (number, inner) = IDMapping.parse(id, in: message.bytes),
            let outgoing = queue.answered(number)
        else { return belongsToNobody(message) }
        counts.replies += 1
        record(message, command: number, ofPlugin: outgoing.place)
        if let name = CommandTraits.descriptorName(of: outgoing.command), !isError { note(name, outgoing) }
        guard let client = outgoing.client else { return executed(number, message, isError: isError) }
        guard let index = clients.index(of: client), !clients[index].isLeaving else { return }
        if let reply = replacement(of: message, isError: isError, to: outgoing, at: index) {
            return answered(outgoing, reply, .monitor, at: index)
        }
        let reply = outgoing.mapping.downstream(message, id: id, inner: inner, of: outgoing.original)
        // A bare id was written by us, and not looked at.
        answered(outgoing, reply, outgoing.mapping == .bare ? .monitor : message.form, at: index)
    }

    /// Gives a reply its place in its client's order; an out-of-band one has none and goes at once.
    private mutating func answered(
        _ outgoing: CommandQueue.Outgoing,
        _ reply: SplicedMessage,
        _ form: Entry.Form,
        at index: Int
    ) {
        if outgoing.isOutOfBand {
            clients[index].outOfBandUnanswered -= 1
            clients[index].waitingBytes -= outgoing.original.message.bytes.count
            send(reply, as: form, toClientAt: index, command: outgoing.number)
        } else if clients[index].slots.first?.number == outgoing.number {
            clients[index].slots.removeFirst()
            send(reply, as: form, toClientAt: index, command: outgoing.number)
            sendAnswered(at: index)
        } else if let slot = clients[index].slots.firstIndex(where: { $0.number == outgoing.number }) {
            clients[index].slots[slot].state = .answered(reply, form)
            clients[index].answeredBytes += reply.count
        }
        goOn(at: index)
    }

    private mutating func note(_ name: String, _ outgoing: CommandQueue.Outgoing) {
        if outgoing.command.name == "closefd" {
            monitor.descriptorNames.remove(name)
        } else if !monitor.descriptorNames.insert(name).inserted {
            let owner = outgoing.client.map { "client \($0)" } ?? "a plugin"
            log(.warning, "\(owner) replaced the descriptor named \(String(reflecting: name))")
        }
    }

    // MARK: - Sending

    /// Sends what may be sent: out-of-band commands at once, in-band ones from the clients in turn.
    mutating func dispatch() {
        guard monitor.phase == .ready, !isStopping else { return }
        while sendOutOfBand() || sendExecution() || sendInBand() {}
    }

    private mutating func sendOutOfBand() -> Bool {
        guard !outOfBandWaiting.isEmpty else { return false }
        send(outOfBandWaiting.removeFirst())
        return true
    }

    /// Gives one client its turn; `false` if there is none, or nothing more may be in flight.
    private mutating func sendInBand() -> Bool {
        guard let number = queue.next else { return false }
        guard let index = clients.index(of: number), let place = clients[index].firstWaiting,
            case .waiting(let outgoing) = clients[index].slots[place].state
        else {
            queue.endTurn()
            return true
        }
        guard queue.admits(outgoing, limit: inBandMax, kept: chain.keepsPlace ? 1 : 0) else { return false }
        queue.endTurn()
        clients[index].slots[place].state = .sent
        clients[index].waitingBytes -= outgoing.original.message.bytes.count
        send(outgoing)
        if clients[index].firstWaiting != nil { queue.enqueue(number) }
        if clients[index].isReadingPaused { goOn(at: index) }
        return true
    }

    /// Commands that may be in flight in-band.
    var inBandMax: Int {
        monitor.hasOutOfBand ? limits.inBandInFlightMax : limits.inBandInFlightWithoutOutOfBandMax
    }

    mutating func send(_ outgoing: CommandQueue.Outgoing) {
        queue.sent(outgoing, at: now)
        record(
            outgoing.message,
            outgoing.command.message.form,
            isSent: true,
            client: nil,
            command: outgoing.number,
            descriptors: outgoing.descriptors.count,
            ofPlugin: outgoing.place
        )
        act(.send(.monitor, outgoing.message, descriptors: outgoing.descriptors))
    }
}

extension MonitorMessage {
    /// What a recording is to know of it.
    var form: Entry.Form { isPlain ? .plainMonitor : .monitor }
}

extension Bytes {
    /// The beginning, for a line of the log.
    fileprivate var quoted: String { String(reflecting: prefix(200).text) }
}
