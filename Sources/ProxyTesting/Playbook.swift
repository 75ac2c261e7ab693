public import PluginKit
public import ProxyCore
internal import QMP
public import Recording

/// Drives an engine by hand and reads as a transcript: something happens, and the lines that come back are compared
/// whole.
///
/// A line is `→ monitor TEXT` or `→ client 1 TEXT` for what is sent (CR LF at its end left out, descriptors behind it
/// as `[fds 4 5]`), or the action in words: `pause client 1`, `close client 1`, `set reconnect 0.1`. Log lines and
/// recording are kept apart, in ``log`` and ``entries``.
public struct Playbook {
    /// The greeting that ``connect()`` lets the monitor say.
    public static let greeting = """
        {"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "test"}, "capabilities": ["oob"]}}
        """

    /// The engine under test.
    public private(set) var engine: ProxyEngine
    /// The clock; tests move it.
    public var now = Instant.zero
    /// Log lines so far.
    public private(set) var log: [String] = []
    /// Entries recorded so far.
    public private(set) var entries: [Entry] = []

    /// A playbook whose engine has seen nothing yet.
    ///
    /// - Parameters:
    ///   - plugins: the engine's.
    ///   - change: changes the settings before the engine is made.
    public init(plugins: [PluginInstance] = [], _ change: (inout EngineSettings) -> Void = { _ in }) {
        var settings = EngineSettings(name: "vm0", monitorAddress: "unix:/qemu", version: "0", nonce: "ours")
        change(&settings)
        engine = ProxyEngine(settings: settings, plugins: plugins)
    }

    /// Lets something happen.
    ///
    /// - Returns: what the engine asks for, a line an action.
    public mutating func feed(_ event: ProxyEvent) -> [String] {
        var actions: [ProxyAction] = []
        engine.handle(event, at: now, into: &actions)
        var lines: [String] = []
        for action in actions {
            switch action {
            case .record(let entry): entries.append(entry)
            case .log(let level, let text): log.append("\(level): \(text)")
            default: lines.append(Self.describe(action, at: now))
            }
        }
        return lines
    }

    /// Bytes come from a client.
    public mutating func client(_ client: Int, says text: String, descriptors: [Int] = []) -> [String] {
        let tokens = descriptors.map { DescriptorToken($0) }
        return feed(.received(.client(client), Bytes(text: text), descriptors: tokens))
    }

    /// A message comes from the monitor; CR LF is added.
    public mutating func monitor(says text: String) -> [String] {
        feed(.received(.monitor, Bytes(text: text + "\r\n"), descriptors: []))
    }

    /// The monitor is reached, greets, and takes our negotiation.
    public mutating func connect(greeting: String = Playbook.greeting) {
        _ = feed(.started)
        reconnect(greeting: greeting)
    }

    /// The monitor is reached again.
    public mutating func reconnect(greeting: String = Playbook.greeting) {
        _ = feed(.monitorOpened(peer: "test"))
        _ = monitor(says: greeting)
        _ = monitor(says: #"{"return": {}, "id": "ours"}"#)
    }

    /// A client is accepted.
    public mutating func accept(_ client: Int) -> [String] {
        feed(.accepted(Client(number: client, peer: .other("test"), listener: "unix:/proxy")))
    }

    /// A client is accepted and negotiates; what it is told is not returned.
    public mutating func join(_ client: Int, outOfBand: Bool = false) {
        _ = accept(client)
        let arguments = outOfBand ? #", "arguments": {"enable": ["oob"]}"# : ""
        _ = self.client(client, says: #"{"execute": "qmp_capabilities"\#(arguments)}"#)
    }

    private static func describe(_ action: ProxyAction, at now: Instant) -> String {
        switch action {
        case .send(let endpoint, let message, let descriptors):
            let text = message.joined.text.split(separator: "\r\n", omittingEmptySubsequences: true)
                .joined(separator: "⏎")
            let tokens = descriptors.map { " \($0.number)" }.joined()
            return "→ \(name(endpoint)) \(text)" + (descriptors.isEmpty ? "" : " [fds\(tokens)]")
        case .connectMonitor: return "connect"
        case .closeDescriptors(let descriptors):
            return "close descriptors" + descriptors.map { " \($0.number)" }.joined()
        case .pauseReading(let endpoint): return "pause \(name(endpoint))"
        case .resumeReading(let endpoint): return "resume \(name(endpoint))"
        case .finish(let endpoint): return "finish \(name(endpoint))"
        case .close(let endpoint): return "close \(name(endpoint))"
        case .pauseAccepting: return "pause accepting"
        case .resumeAccepting: return "resume accepting"
        case .setTimer(let timer, let time): return "set \(name(timer)) \(time.seconds(since: now))"
        case .cancelTimer(let timer): return "cancel \(name(timer))"
        case .connectSecondMonitor(let number, let address): return "connect second monitor \(number) to \(address)"
        case .store(let plugin, let number, let value):
            return "store \(number) of plugin \(plugin): \(value.written().text)"
        case .startProgram(let number, let arguments): return "start \(number): \(arguments.joined(separator: " "))"
        case .writeToProgram(let number, let bytes): return "write to \(number): \(bytes.text)"
        case .stopProgram(let number): return "stop \(number)"
        case .stopped: return "stopped"
        case .record, .log: return ""
        }
    }

    private static func name(_ endpoint: Endpoint) -> String {
        switch endpoint {
        case .monitor: "monitor"
        case .client(let number): "client \(number)"
        case .secondMonitor(let number): "second monitor \(number)"
        }
    }

    private static func name(_ timer: ProxyTimer) -> String {
        switch timer {
        case .reconnect: "reconnect"
        case .closing(let client): "closing \(client)"
        case .stopping: "stopping"
        case .plugin(let place, let tag): "timer \(tag) of plugin \(place)"
        case .held(let place, let tag): "held \(tag) of plugin \(place)"
        case .execution(let command): "execution \(command)"
        case .secondMonitor(let number): "second monitor \(number)"
        case .plugins: "plugins"
        }
    }
}
