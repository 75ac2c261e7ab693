import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording

/// A plugin that a test tells what to do; what it is told it notes as marks in the recording.
struct ScriptedPlugin: Plugin {
    static let name = "scripted"
    static let commands = ["ask"]

    var onStart: @Sendable (JSONValue?, inout PluginContext) -> Void = { _, _ in }
    var onCommand: @Sendable (ClientCommand, inout PluginContext) -> CommandVerdict = { _, _ in .forward }
    var onOwn: @Sendable (ClientCommand) -> OwnCommandVerdict = { _ in .answer(.success(.object([]))) }
    var onReply: @Sendable (MonitorReply) -> ReplyVerdict = { _ in .forward }
    var onEvent: @Sendable (MonitorEvent, inout PluginContext) -> EventVerdict = { _, _ in .deliver }
    var onAnswer: @Sendable (Tag, Outcome, inout PluginContext) -> Void = { _, _, _ in }
    var onTimer: @Sendable (Tag, inout PluginContext) -> Void = { _, _ in }
    var onLine: @Sendable (Bytes, inout PluginContext) -> Void = { _, _ in }

    init(settings: PluginSettings) {}
    init() {}

    mutating func started(restored: JSONValue?, _ context: inout PluginContext) { onStart(restored, &context) }

    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        onCommand(command, &context)
    }

    mutating func ownCommand(
        _ name: String,
        _ command: ClientCommand,
        _ context: inout PluginContext
    ) -> OwnCommandVerdict {
        onOwn(command)
    }

    mutating func reply(
        _ reply: MonitorReply,
        to command: ClientCommand,
        _ context: inout PluginContext
    ) -> ReplyVerdict {
        onReply(reply)
    }

    mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        if monitor != .own { context.mark("event \(event.name) of \(monitor)") }
        return onEvent(event, &context)
    }

    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext) {
        let text =
            switch phase {
            case .unreachable(let reason): "unreachable: \(reason)"
            case .silent: "silent"
            case .ready: "ready"
            case .gone(let reason): "gone: \(reason)"
            }
        context.mark("\(monitor) is \(text)")
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        let text =
            switch outcome {
            case .answered(.success(let value)): "returned \(value.written().text)"
            case .answered(.failure(let error)): "failed: \(error.description.text)"
            case .refused(let reason): "refused: \(reason)"
            case .notStored(let reason): "not stored: \(reason)"
            case .ended(let end): "ended: \(end)"
            case .timedOut, .monitorLost, .clientGone, .stored: "\(outcome)"
            }
        context.mark("\(tag) \(text)")
        onAnswer(tag, outcome, &context)
    }

    mutating func line(_ line: Bytes, from program: Tag, _ context: inout PluginContext) { onLine(line, &context) }

    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) { onTimer(tag, &context) }
}

extension Playbook {
    /// A playbook of these plugins, called `a`, `b` and so on, with a recording; client 1 has negotiated.
    init(asking first: ScriptedPlugin, _ others: ScriptedPlugin...) {
        let names = ["a", "b", "c"]
        let instances = zip(names, [first] + others).map { PluginInstance(name: $0, settings: .object([]), plugin: $1) }
        self.init(plugins: instances) { $0.recording = "r" }
        connect()
        join(1)
    }

    /// What plugins have decided and noted since some entry, a line each: `a verdict hold`, `a mark …`.
    func noted(since start: Int = 0) -> [String] {
        entries[start...].compactMap { entry in
            guard case .plugin(let name) = entry.place else { return nil }
            switch entry.kind {
            case .verdict(let verdict, let content):
                guard case .message(let message, _) = content else { return "\(name) verdict \(verdict)" }
                let text = message.joined.text.split(separator: "\r\n").joined()
                return "\(name) verdict \(verdict) \(text)"
            case .mark(let text, _): return "\(name) mark \(text)"
            default: return "\(name) \(entry.kind)"
            }
        }
    }
}
