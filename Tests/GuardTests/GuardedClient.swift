import Guard
import PluginKit
import ProxyTesting
import QMP

/// A client in front of a guard: its bytes are read as the proxy reads them; what becomes of a command is a line.
struct GuardedClient {
    private(set) var plugin: GuardPlugin
    /// What the guard noted in the recording.
    private(set) var marks: [String] = []
    private var decoder = FrameDecoder()
    private var session: ServerSession
    private let client: Client

    /// A client that has negotiated.
    ///
    /// - Parameters:
    ///   - settings: the guard's, as JSON in QEMU's dialect.
    ///   - peer: who it is.
    ///   - policy: its listener's.
    /// - Throws: what is wrong with the settings.
    init(_ settings: String, peer: Client.Peer = .local(pid: 1, uid: 1000, gid: 1000), policy: String? = nil) throws {
        plugin = try GuardPlugin(settings: try PluginSettings(json: settings))
        var monitor = MonitorDecoder()
        monitor.append(Bytes(text: Playbook.greeting + "\r\n"))
        guard let greeting = try monitor.next().flatMap({ Greeting($0) }) else { throw Failure.greeting }
        session = ServerSession(greeting: greeting)
        client = Client(number: 1, peer: peer, listener: "unix:/run/vm0/qmp.sock", policy: policy)
        _ = says("{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}")
    }

    private enum Failure: Error { case greeting }

    /// The client says some text.
    ///
    /// - Returns: `+` and the name for what goes on; for what does not, the error.
    mutating func says(_ text: String) -> [String] {
        decoder.append(Bytes(text: text))
        var lines: [String] = []
        while let frame = decoder.next() {
            switch frame {
            case .message(let message): lines.append(decide(message))
            case .invalid(_, let error): lines.append(error.description.text)
            case .skipped: break
            }
        }
        return lines
    }

    /// The client asks a command without arguments.
    mutating func asks(_ name: String) -> String {
        says("{'execute': '\(name)'}").joined(separator: "; ")
    }

    private mutating func decide(_ message: Message) -> String {
        switch session.decide(message) {
        case .answer(let reply): return reply.text
        case .command(let command):
            var context = PluginContext(plugin: "guard", monitor: "vm0", version: "0", now: .zero)
            let verdict = plugin.command(ClientCommand(number: 1, client: client, command: command), &context)
            marks += context.effects.compactMap { if case .mark(let text, _) = $0 { text } else { nil } }
            switch verdict {
            case .forward: return "+ \(command.name ?? "wrong envelope")"
            case .answer(.failure(let error)) where error.errorClass == .generic: return error.description.text
            case .answer, .replace, .hold: return "\(verdict)"
            }
        }
    }
}

extension PluginSettings {
    /// The settings that a configuration would have, from JSON in QEMU's dialect.
    init(json text: String) throws {
        self.init(Self.members(of: try JSONValue(parsing: Bytes(text: text))))
    }

    private static func members(of value: JSONValue) -> [Member] {
        (value.object ?? []).map { Member($0.key, Self.value(of: $0.value)) }
    }

    private static func value(of value: JSONValue) -> Value {
        switch value {
        case .object: .mapping(members(of: value))
        case .array(let elements): .list(elements.map(Self.value(of:)))
        case .string(let text): .text(text)
        case .null, .bool, .integer, .unsigned, .double: .text(value.written().text)
        }
    }
}
