import PluginKit
import QMP
import Testing

@testable import COLO

/// One side of a pair: the plugin before a model of QEMU, with a peer that says what the test lets it say.
///
/// Time is moved. What the plugin does is told line by line.
final class Side {
    private(set) var plugin: COLOPlugin
    let qemu: ModelQEMU
    /// What the peer's plugin answers to a heartbeat; `nil` if there is no answer at all.
    var peer: String?
    /// Whether the peer's proxy has no such plugin.
    var isPeerForeign = false
    /// Marks, and what people are told, since they were read last.
    private var told: [String] = []
    /// Held commands that were let go, with their answers.
    private(set) var released: [String] = []
    /// What is on the disk.
    private(set) var stored: JSONValue?
    /// The thread of QEMU's first processor.
    var thread: Int64
    /// Whether QEMU answers in-band commands.
    var isSilent = false
    private(set) var now: Duration
    private var timers: [PluginKit.Tag: Duration] = [:]
    /// What is to be answered, in its order.
    private var due: [(PluginKit.Tag, Outcome)] = []
    private var held: [(PluginKit.Tag, Command)] = []

    /// A side that has just been started, with what one before it has stored.
    init(
        _ facts: ModelQEMU.Facts,
        restored: JSONValue? = nil,
        thread: Int64 = 100,
        isConnected: Bool = true,
        isSlow: Bool = false,
        _ settings: (String, String)...
    ) throws {
        self.thread = thread
        isSilent = isSlow
        let all = [("peer-host", "127.0.0.2"), ("peer", "tcp:127.0.0.2:7700")] + settings
        plugin = try COLOPlugin(settings: PluginSettings(all.map { PluginSettings.Member($0.0, .text($0.1)) }))
        qemu = ModelQEMU(facts)
        now = .zero
        stored = restored
        tell { $0.started(restored: restored, &$1) }
        tell { $0.monitorChanged(.second("peer"), to: .silent, &$1) }
        if isConnected { connect() }
    }

    /// The connection to QEMU, and the one to the peer's proxy, are there.
    func connect() {
        let greeting =
            #"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}"#
        guard let message = MonitorMessage.greeting(greeting) else { return }
        tell { $0.monitorChanged(.second("peer"), to: .ready(message), &$1) }
        tell { $0.monitorChanged(.own, to: .ready(message), &$1) }
    }

    /// QEMU ends.
    func disconnect() {
        let lost = held
        held = []
        tell { $0.monitorChanged(.own, to: .gone(reason: "closed by peer"), &$1) }
        for (tag, _) in lost { tell { $0.answered(tag, with: .monitorLost, &$1) } }
    }

    /// What has been told since this was read last.
    func read() -> [String] {
        defer { told = [] }
        return told
    }

    /// QEMU tells something.
    func event(_ name: String, _ data: String? = nil) {
        let event = MonitorEvent(name, data)
        tell { _ = $0.event(event, from: .own, &$1) }
    }

    /// An operator asks something; what is answered.
    @discardableResult
    func ask(_ name: String, _ arguments: String = "{}") throws -> JSONValue {
        let text = "{'execute': '__org.qmp-proxy_colo-\(name)', 'arguments': \(arguments)}"
        let client = Client(number: 1, peer: .local(pid: 7, uid: 0, gid: 0), listener: "unix:/p")
        let command = ClientCommand(number: 1, client: client, command: try Command(parsing: Bytes(text: text)))
        var verdict = OwnCommandVerdict.answer(.success(.null))
        tell { verdict = $0.ownCommand(name, command, &$1) }
        // What is held is answered later.
        guard case .answer(let answer) = verdict else { return .null }
        return try answer.get()
    }

    /// What becomes of a client's command; `nil` if it goes on to QEMU.
    func refusal(of text: String) throws -> String? {
        let client = Client(number: 2, peer: .local(pid: 8, uid: 0, gid: 0), listener: "unix:/p")
        let command = ClientCommand(number: 2, client: client, command: try Command(parsing: Bytes(text: text)))
        var verdict = CommandVerdict.forward
        tell { verdict = $0.command(command, &$1) }
        guard case .answer(.failure(let error)) = verdict else { return nil }
        return error.description.text
    }

    /// What a program has come to.
    func program(_ name: String, _ number: Int, endsWith status: Int32) {
        tell { $0.answered(PluginKit.Tag(name, number), with: .ended(.exited(status: status)), &$1) }
    }

    /// Lets time pass, and all that is due with it happen.
    func pass(_ duration: Duration) {
        let end = now + duration
        while let next = timers.min(by: { ($0.value, $0.key.description) < ($1.value, $1.key.description) }),
            next.value <= end
        {
            timers[next.key] = nil
            now = max(now, next.value)
            tell { $0.timerFired(next.key, &$1) }
        }
        now = end
    }

    /// The proxy stands still, and so does what it would have read; what is due will come late.
    func stall(_ duration: Duration) {
        now += duration
    }

    /// QEMU has answered a client's command.
    func replied(to text: String) throws {
        let client = Client(number: 1, peer: .local(pid: 7, uid: 0, gid: 0), listener: "unix:/p")
        let command = ClientCommand(number: 1, client: client, command: try Command(parsing: Bytes(text: text)))
        let reply = MonitorReply(bytes: Bytes(text: "{'return': {}}"), isError: false)
        tell { _ = $0.reply(reply, to: command, &$1) }
    }

    /// QEMU answers again.
    func awake() {
        isSilent = false
        let waiting = held
        held = []
        for (tag, command) in waiting { execute(command, tag) }
        answer()
    }

    private func tell(_ call: (inout COLOPlugin, inout PluginContext) -> Void) {
        var context = PluginContext(plugin: "colo", monitor: "vm0", version: "0", now: now)
        call(&plugin, &context)
        for effect in context.effects { perform(effect) }
        answer()
    }

    private func answer() {
        while !due.isEmpty {
            let (tag, outcome) = due.removeFirst()
            var context = PluginContext(plugin: "colo", monitor: "vm0", version: "0", now: now)
            plugin.answered(tag, with: outcome, &context)
            for effect in context.effects { perform(effect) }
        }
    }

    private func perform(_ effect: PluginEffect) {
        switch effect {
        case .execute(_, .second, let tag, _):
            if isPeerForeign {
                due.append((tag, .answered(.failure(ProtocolError(.commandNotFound, "")))))
            } else if let peer, let value = try? JSONValue(parsing: Bytes(text: peer)) {
                due.append((tag, .answered(.success(value))))
            }
        case .execute(let command, .own, let tag, _):
            if isSilent, !command.isOutOfBand { held.append((tag, command)) } else { execute(command, tag) }
        case .setTimer(let tag, let after): timers[tag] = now + after
        case .cancelTimer(let tag): timers[tag] = nil
        case .store(let value, let tag):
            stored = value
            due.append((tag, .stored))
        case .start(let program, let tag): told.append("start \(tag): \(program.joined(separator: " "))")
        case .stop(let tag): told.append("stop \(tag)")
        case .mark(let text, let epoch): told.append("\(epoch ?? -1) \(text)")
        case .release(let tag, .answer(let answer)):
            released.append("\(tag): \(answer.map { $0.written().text })")
        case .log, .connect, .disconnect, .write, .release: break
        }
    }

    private func execute(_ command: Command, _ tag: PluginKit.Tag) {
        switch command.name {
        case "query-cpus-fast":
            due.append((tag, .answered(.success(.array([.members(["thread-id": .integer(thread)])])))))
        case "query-migrate-parameters":
            let delay = JSONValue.integer(qemu.facts.checkpointDelay)
            due.append((tag, .answered(.success(.members(["x-checkpoint-delay": delay])))))
        case "qom-list":
            let objects = qemu.facts.objects.sorted().map { JSONValue.members(["name": .string($0)]) }
            due.append((tag, .answered(.success(.array(objects)))))
        case "query-qmp-schema": due.append((tag, .answered(.failure(ProtocolError(.commandNotFound, "")))))
        default:
            let (answer, events) = qemu.execute(command)
            due.append((tag, .answered(answer)))
            for event in events {
                var context = PluginContext(plugin: "colo", monitor: "vm0", version: "0", now: now)
                _ = plugin.event(event, from: .own, &context)
                for effect in context.effects { perform(effect) }
            }
        }
    }
}

extension MonitorMessage {
    /// A greeting, as the plugin is given it.
    static func greeting(_ text: String) -> Greeting? {
        var decoder = MonitorDecoder()
        decoder.append(Bytes(text: text + "\r\n"))
        return (try? decoder.next()).flatMap { $0.flatMap(Greeting.init) }
    }
}

/// What a peer's plugin says of itself.
func peer(_ state: String, role: String = "none", epoch: Int = 1, silent: Double = 0, _ more: String = "") -> String {
    """
    {"state": "\(state)", "role": "\(role)", "epoch": \(epoch), "qemu": {"silent-seconds": \(silent)}\(more)}
    """
}
