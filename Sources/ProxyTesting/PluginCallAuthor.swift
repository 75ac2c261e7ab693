internal import PluginKit
internal import QMP

/// Thinks up what a plugin may be told next.
struct PluginCallAuthor {
    /// How often it is thought again before some client asks something, for want of anything better.
    private static let drawsMax = 4
    /// How many commands back a program may speak of.
    private static let lateLinesMax = 5

    var generator: SeededGenerator
    let words: PluginCompatTest.Words
    private let greeting: Greeting
    /// A session that has negotiated everything, so that commands are what the proxy would show to plugins.
    private let session: ServerSession
    private let ownCommands: [String]
    private var clients: [Client]
    private var lastCommand = 0

    init(seed: UInt64, type: any Plugin.Type, words: PluginCompatTest.Words) {
        generator = SeededGenerator(seed: seed)
        self.words = words
        ownCommands = type.commands.map { "__org.qmp-proxy_\(type.name)-\($0)" }
        var decoder = MonitorDecoder()
        decoder.append(Bytes(text: Playbook.greeting + "\r\n"))
        guard let message = try? decoder.next(), let greeting = Greeting(message) else {
            preconditionFailure("the playbook's greeting is one")
        }
        self.greeting = greeting
        var session = ServerSession(greeting: greeting)
        let all = JSONValue.Member("enable", .array([.string("oob")]))
        _ = session.decide(Command(simulated: "qmp_capabilities", [all]).message)
        self.session = session
        clients = [
            Client(number: 1, peer: .local(pid: 100, uid: 0, gid: 0), listener: "unix:/proxy"),
            Client(number: 2, peer: .local(pid: 200, uid: 1000, gid: 1000), listener: "unix:/proxy"),
            Client(number: 3, peer: .internet(host: "10.0.0.1", port: 40_000), listener: "tcp:10.0.0.2:7700"),
        ]
    }

    /// What happens next; what is due comes first.
    mutating func next(in world: inout PluginWorld) -> PluginCall {
        if !world.due.isEmpty { return world.due.removeFirst() }
        let soon = world.now + .microseconds(generator.int(0...50_000))
        world.now = max(world.now, min(soon, deadlines(in: world).first?.time ?? soon))
        for _ in 0..<Self.drawsMax {
            if let call = draw(in: &world) { return call }
        }
        return .command(command())
    }

    /// One of the things that may happen; `nil` if just this one may not.
    private mutating func draw(in world: inout PluginWorld) -> PluginCall? {
        switch generator.int(1...100) {
        case ...25: .command(command())
        case ...40: event(in: world)
        case ...55: reply(in: &world)
        case ...70: outcome(in: &world)
        case ...80: line(in: world)
        case ...90: timePasses(in: &world)
        case ...97: monitorChanges(in: &world)
        default: clientLeaves(in: &world)
        }
    }

    // MARK: - What clients ask

    mutating func command() -> ClientCommand {
        let name = "x-thing-\(generator.int(1...3))"
        let stock = [
            #"{"execute": "query-status", "id": 1}"#, #"{"execute": "stop"}"#, #"{"execute": "cont"}"#,
            #"{"execute": "quit", "id": {"a": [1]}}"#, #"{"exec-oob": "yank", "arguments": {"instances": []}}"#,
            #"{"execute": "device_add", "arguments": {"driver": "e1000", "id": "n0"}, "id": "x"}"#,
            "{'execute': 'human-monitor-command', 'arguments': {'command-line': 'info status'}}",
            #"{"execute": "__org.qmp-proxy_query-status"}"#, #"{"execute": "\#(name)", "id": null}"#,
        ]
        let own = ownCommands.map { #"{"execute": "\#($0)"}"# }
        let kinds = [stock, own, words.commands].filter { !$0.isEmpty }
        let texts = generator.pick(kinds)
        return asked(command(generator.pick(texts)) ?? Command("stop"))
    }

    /// The command that a text is to the proxy; `nil` if it is none that plugins see.
    func command(_ text: String) -> Command? {
        var session = session
        guard let message = try? Message(parsing: Bytes(text: text)),
            case .command(let command) = session.decide(message)
        else { return nil }
        return command
    }

    /// A command as some client asks it.
    mutating func asked(_ command: Command) -> ClientCommand {
        lastCommand += 1
        let descriptors = CommandTraits.takesDescriptors(command) ? 1 : 0
        return ClientCommand(
            number: lastCommand,
            client: generator.pick(clients),
            command: command,
            descriptors: descriptors
        )
    }

    private mutating func clientLeaves(in world: inout PluginWorld) -> PluginCall? {
        let place = generator.int(0...clients.count - 1)
        let gone = clients[place]
        let next = (clients.map(\.number).max() ?? 0) + 1
        clients[place] = Client(number: next, peer: gone.peer, listener: gone.listener)
        world.atMonitor.removeAll { $0.client == gone }
        let lost = world.held.filter { $0.value.command.client == gone }
        for (tag, _) in lost.sorted(by: { $0.value.command.number < $1.value.command.number }) {
            world.held[tag] = nil
            world.due.append(.answered(tag, .clientGone))
        }
        return world.due.isEmpty ? nil : world.due.removeFirst()
    }

    // MARK: - What monitors say

    private mutating func event(in world: PluginWorld) -> PluginCall? {
        let time = #""timestamp": {"seconds": 1700000000, "microseconds": 1}"#
        let stock = [
            #"{\#(time), "event": "STOP"}"#, #"{\#(time), "event": "RESUME"}"#,
            #"{\#(time), "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}"#,
            #"{\#(time), "event": "X_THING", "data": {"number": \#(generator.int(1...9))}}"#,
        ]
        let text = generator.pick(words.events.isEmpty || generator.chance(50) ? stock : words.events)
        let speaking = (world.isReady ? [MonitorID.own] : []) + world.seconds.filter(\.isReady).map { .second($0.name) }
        guard !speaking.isEmpty else { return nil }
        return .event(event(text), from: generator.pick(speaking))
    }

    func event(_ text: String) -> MonitorEvent {
        let bytes = Bytes(text: text + "\r\n")
        return MonitorEvent(name: (try? JSONValue(parsing: bytes))?["event"]?.string ?? "", bytes: bytes)
    }

    private mutating func reply(in world: inout PluginWorld) -> PluginCall? {
        guard !world.atMonitor.isEmpty else { return nil }
        let command = world.atMonitor.remove(at: generator.int(0...world.atMonitor.count - 1))
        return .reply(reply(to: command, isError: generator.chance(30)), to: command)
    }

    func reply(to command: ClientCommand, isError: Bool) -> MonitorReply {
        let id = JSONValue.array([.integer(Int64(command.number))])
        let bytes =
            isError ? Reply.failure(failure, id: id, isPretty: false) : Reply.success(value, id: id, isPretty: false)
        return MonitorReply(bytes: bytes, isError: isError)
    }

    private mutating func monitorChanges(in world: inout PluginWorld) -> PluginCall? {
        guard !world.seconds.isEmpty, generator.chance(50) else {
            // Most happens while it is there.
            if world.isReady, generator.chance(80) { return nil }
            let phase = phase(isReady: world.isReady)
            world.isReady = phase == .ready(greeting)
            guard case .gone = phase else { return .monitorChanged(.own, phase) }
            world.atMonitor = []
            world.loseExecutions(on: .own)
            return .monitorChanged(.own, phase)
        }
        let place = generator.int(0...world.seconds.count - 1)
        let name = world.seconds[place].name
        let phase = phase(isReady: world.seconds[place].isReady)
        world.seconds[place].isReady = phase == .ready(greeting)
        if case .gone = phase { world.loseExecutions(on: .second(name)) }
        return .monitorChanged(.second(name), phase)
    }

    private mutating func phase(isReady: Bool) -> MonitorPhase {
        guard !isReady else { return .gone(reason: "it has closed the connection") }
        return switch generator.int(1...6) {
        case 1: .unreachable(reason: "Connection refused")
        case 2: .silent
        default: .ready(greeting)
        }
    }

    // MARK: - What comes of what the plugin has begun

    private mutating func outcome(in world: inout PluginWorld) -> PluginCall? {
        switch generator.int(1...3) {
        case 1 where !world.executions.isEmpty:
            let execution = world.executions.remove(at: generator.int(0...world.executions.count - 1))
            return .answered(execution.tag, .answered(generator.chance(70) ? .success(value) : .failure(failure)))
        case 2 where !world.stores.isEmpty:
            let (tag, kept) = world.stores.removeFirst()
            guard generator.chance(70) else { return .answered(tag, .notStored(reason: "no space left on device")) }
            world.stored = kept
            return .answered(tag, .stored)
        case 3 where !world.programs.isEmpty:
            let tag = world.programs.remove(at: generator.int(0...world.programs.count - 1))
            let ends = [ProgramEnd.exited(status: 0), .exited(status: 1), .killed(signal: 9), .notStarted(reason: "?")]
            return .answered(tag, .ended(generator.pick(ends)))
        default: return nil
        }
    }

    private mutating func line(in world: PluginWorld) -> PluginCall? {
        guard !world.programs.isEmpty else { return nil }
        let stock = ["", "ready", #"{"type": "thing"}"#, "{", "\u{0}"]
        let line = generator.pick(words.lines.isEmpty || generator.chance(20) ? stock : words.lines)
        let number = max(1, lastCommand - generator.int(0...Self.lateLinesMax))
        let text = line.replacing(PluginCompatTest.Words.number, with: "\(number)")
        return .line(Bytes(text: text), from: generator.pick(world.programs))
    }

    /// Time passes until a timer fires, or something is late.
    private mutating func timePasses(in world: inout PluginWorld) -> PluginCall? {
        guard let next = deadlines(in: world).first else { return nil }
        world.now = max(world.now, next.time)
        switch next.call {
        case .timerFired(let tag): world.timers[tag] = nil
        case .answered(let tag, _) where next.isHeld: world.late(tag)
        case .answered(let tag, _):
            if let place = world.executions.firstIndex(where: { $0.tag == tag && $0.until == next.time }) {
                world.executions.remove(at: place)
            }
        default: break
        }
        return next.call
    }

    private typealias Deadline = (time: Duration, isHeld: Bool, call: PluginCall)

    /// What comes by itself, the next one first.
    private func deadlines(in world: PluginWorld) -> [Deadline] {
        let timers = world.timers.map { Deadline($0.value, false, .timerFired($0.key)) }
        let held = world.held.map { Deadline($0.value.until, true, .answered($0.key, .timedOut)) }
        let executions = world.executions.map { Deadline($0.until, false, .answered($0.tag, .timedOut)) }
        // The order of dictionaries is another each time.
        return (timers + held + executions).sorted {
            $0.time == $1.time ? $0.call.text < $1.call.text : $0.time < $1.time
        }
    }

    private var value: JSONValue { .object([JSONValue.Member("running", .bool(true))]) }

    private var failure: ProtocolError { ProtocolError(.generic, "There is no such thing") }
}
