internal import PluginKit
internal import QMP
internal import Recording

/// A monitor that a plugin has connected beside the one that clients share.
struct SecondMonitor {
    let place: Int
    let name: String
    let address: String
    var phase = MonitorState.Phase.connecting
    var decoder = MonitorDecoder()
    var greeting: Greeting?
    var reconnectDelay: Duration
    /// The reason last told, so that it is told once.
    var lastTrouble: String?
    /// What was sent and is not answered, by number, and how many of it are in-band.
    var flights: [Int: CommandQueue.Outgoing] = [:]
    /// In-band commands that wait for their turn.
    var waiting: [CommandQueue.Outgoing] = []
    /// Whether the plugin has given it up.
    var isGivenUp = false

    var isReady: Bool { phase == .ready }
    var hasOutOfBand: Bool { greeting?.capabilities.contains("oob") ?? false }
}

/// Plugins' second monitors: connected, negotiated and asked as the own one is, but by one plugin alone.
extension ProxyEngine {
    mutating func connect(_ name: String, _ address: String, for place: Int) {
        let tag = Tag(name)
        guard !isStopping else { return refuse(place, tag, "the proxy is stopping") }
        guard chain.places[place].secondMonitors[name] == nil else {
            return refuse(place, tag, "a monitor of that name is there already")
        }
        // Those that are still being closed are there, too.
        guard secondMonitors.values.count(where: { $0.place == place }) < limits.possessionsMax else {
            return refuse(place, tag, "\(limits.possessionsMax) monitors are the most allowed")
        }
        lastNumber += 1
        chain.places[place].secondMonitors[name] = lastNumber
        let former = chain.places[place].formerDelays[name]
        secondMonitors[lastNumber] = SecondMonitor(
            place: place,
            name: name,
            address: address,
            reconnectDelay: former ?? limits.reconnectDelayMin
        )
        // Who gives one up and takes it again has no shorter way.
        guard former == nil else { return tryAgain(lastNumber) }
        act(.connectSecondMonitor(lastNumber, address: address))
    }

    mutating func disconnect(_ name: String, of place: Int) {
        guard let number = chain.places[place].secondMonitors.removeValue(forKey: name) else {
            return refuse(place, Tag(name), "no such monitor")
        }
        closeSecondMonitor(number)
    }

    /// Gives a second monitor up; it is gone when its connection is.
    mutating func closeSecondMonitor(_ number: Int) {
        guard let known = secondMonitors[number], !known.isGivenUp else { return }
        chain.places[known.place].secondMonitors[known.name] = nil
        if chain.places[known.place].formerDelays.count < limits.possessionsMax {
            chain.places[known.place].formerDelays[known.name] = known.isReady ? nil : known.reconnectDelay
        }
        secondMonitors[number]?.isGivenUp = true
        loseExecutions(on: .second(known.name), of: known.place)
        switch known.phase {
        case .away:
            act(.cancelTimer(.secondMonitor(number)))
            secondMonitors[number] = nil
        case .closing: break
        case .connecting, .silent, .negotiating, .ready:
            secondMonitors[number]?.phase = .closing
            act(.close(.secondMonitor(number)))
        }
    }

    /// Tries again to reach one.
    mutating func connectSecondMonitor(_ number: Int) {
        guard let known = secondMonitors[number], known.phase == .away else { return }
        secondMonitors[number]?.phase = .connecting
        act(.connectSecondMonitor(number, address: known.address))
    }

    func secondMonitor(of execution: Execution) -> SecondMonitor? {
        guard case .second(let name) = execution.monitor else { return nil }
        return chain.places[execution.place].secondMonitors[name].flatMap { secondMonitors[$0] }
    }

    /// Something happened to a second monitor.
    mutating func secondMonitor(_ event: ProxyEvent) {
        switch event {
        case .secondMonitorOpened(let number, let peer): opened(number, peer)
        case .secondMonitorUnreachable(let number, let reason):
            guard let known = secondMonitors[number] else { return }
            if known.isGivenUp { return secondMonitors[number] = nil }
            if known.lastTrouble != reason {
                secondMonitors[number]?.lastTrouble = reason
                tell(number, .unreachable(reason: reason))
            }
            tryAgain(number)
        case .received(.secondMonitor(let number), let bytes, _): received(number, bytes)
        case .closed(.secondMonitor(let number), let reason): closed(number, reason)
        // QEMU has ended its side, and will not answer any more.
        case .ended(.secondMonitor(let number)): close(number)
        case .unsent: break
        default: preconditionFailure("\(event) is nothing that happens to a second monitor")
        }
    }

    private mutating func opened(_ number: Int, _ peer: String) {
        guard let known = secondMonitors[number], !known.isGivenUp else { return }
        let decoder = MonitorDecoder(limits: limits.documents, looks: settings.recording != nil)
        secondMonitors[number]?.phase = .silent
        secondMonitors[number]?.lastTrouble = nil
        secondMonitors[number]?.decoder = decoder
        record(.secondMonitor(known.name), .opened(peer: peer), plugin: chain.places[known.place].name)
        tell(number, .silent)
    }

    private mutating func closed(_ number: Int, _ reason: String) {
        guard let known = secondMonitors[number] else { return }
        record(.secondMonitor(known.name), .closed(reason: reason), plugin: chain.places[known.place].name)
        if known.isGivenUp { return secondMonitors[number] = nil }
        secondMonitors[number]?.greeting = nil
        secondMonitors[number]?.flights = [:]
        secondMonitors[number]?.waiting = []
        tell(number, .gone(reason: reason))
        loseExecutions(on: .second(known.name), of: known.place)
        tryAgain(number)
    }

    private mutating func close(_ number: Int) {
        guard let known = secondMonitors[number], known.phase != .closing else { return }
        secondMonitors[number]?.phase = .closing
        act(.close(.secondMonitor(number)))
    }

    private mutating func tryAgain(_ number: Int) {
        guard let known = secondMonitors[number] else { return }
        secondMonitors[number]?.phase = .away
        act(.setTimer(.secondMonitor(number), at: now + known.reconnectDelay))
        let delay = min(known.reconnectDelay * 2, limits.reconnectDelayMax)
        secondMonitors[number]?.reconnectDelay = delay
    }

    private mutating func tell(_ number: Int, _ phase: MonitorPhase) {
        guard let known = secondMonitors[number] else { return }
        chain.tell(known.place, .monitorChanged(.second(known.name), phase))
    }

    // MARK: - What it says

    private mutating func received(_ number: Int, _ bytes: Bytes) {
        guard let known = secondMonitors[number], known.phase != .closing else { return }
        secondMonitors[number]?.decoder.append(bytes)
        do throws(MonitorDecoder.NotAMonitor) {
            while let message = try secondMonitors[number]?.decoder.next() { take(message, number, known.name) }
        } catch {
            log(.error, "\(known.address) is no QMP monitor: \(error)")
            close(number)
        }
    }

    private mutating func take(_ message: MonitorMessage, _ number: Int, _ name: String) {
        guard let known = secondMonitors[number] else { return }
        var command: Int?
        if known.isReady, case .reply(let id?, _) = message.kind,
            let (answered, _) = IDMapping.parse(id, in: message.bytes), known.flights[answered] != nil
        {
            command = answered
        }
        let entry = Entry.Kind.received(.message(SplicedMessage(message.bytes), message.form))
        record(.secondMonitor(name), entry, command: command, plugin: chain.places[known.place].name)
        switch message.kind {
        case .greeting: greeted(number, message)
        case .event(let event):
            let event = MonitorEvent(name: event, bytes: message.bytes)
            _ = chain.verdict(on: event, from: .second(name), at: known.place, now)
        case .reply(let id?, let isError):
            if known.phase == .negotiating { negotiated(number, message, id, isError: isError) }
            guard let command else { return }
            secondMonitors[number]?.flights[command] = nil
            executed(command, message, isError: isError)
            sendWaiting(number)
        case .reply(nil, _), .unknown: break
        }
    }

    private mutating func greeted(_ number: Int, _ message: MonitorMessage) {
        guard secondMonitors[number]?.phase == .silent, let greeting = Greeting(message) else { return }
        secondMonitors[number]?.greeting = greeting
        secondMonitors[number]?.phase = .negotiating
        send(negotiation(with: greeting), to: number, .json, command: nil)
    }

    private mutating func negotiated(
        _ number: Int,
        _ message: MonitorMessage,
        _ id: MonitorMessage.ID,
        isError: Bool
    ) {
        guard (try? JSONValue(parsing: message.bytes[id.value])) == .string(settings.nonce) else { return }
        guard !isError, let greeting = secondMonitors[number]?.greeting else { return close(number) }
        let delay = limits.reconnectDelayMin
        secondMonitors[number]?.phase = .ready
        secondMonitors[number]?.reconnectDelay = delay
        tell(number, .ready(greeting))
    }

    // MARK: - What it is asked

    mutating func sendToSecondMonitor(_ outgoing: CommandQueue.Outgoing, _ execution: Execution) {
        guard case .second(let name) = execution.monitor,
            let number = chain.places[execution.place].secondMonitors[name]
        else { return }
        if outgoing.isOutOfBand { return send(outgoing, to: number) }
        secondMonitors[number]?.waiting.append(outgoing)
        sendWaiting(number)
    }

    private mutating func sendWaiting(_ number: Int) {
        while let known = secondMonitors[number], known.isReady, let next = known.waiting.first {
            let most = known.hasOutOfBand ? limits.inBandInFlightMax : limits.inBandInFlightWithoutOutOfBandMax
            guard known.flights.values.count(where: { !$0.isOutOfBand }) < most else { return }
            secondMonitors[number]?.waiting.removeFirst()
            send(next, to: number)
        }
    }

    private mutating func send(_ outgoing: CommandQueue.Outgoing, to number: Int) {
        secondMonitors[number]?.flights[outgoing.number] = outgoing
        send(outgoing.message, to: number, outgoing.command.message.form, command: outgoing.number)
    }

    private mutating func send(_ message: SplicedMessage, to number: Int, _ form: Entry.Form, command: Int?) {
        guard let known = secondMonitors[number] else { return }
        let plugin = chain.places[known.place].name
        record(.secondMonitor(known.name), .sent(.message(message, form)), command: command, plugin: plugin)
        act(.send(.secondMonitor(number), message))
    }
}
