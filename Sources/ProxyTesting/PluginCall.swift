internal import PluginKit
internal import QMP

/// Something that a plugin is called for.
enum PluginCall: Sendable {
    case started(restored: JSONValue?)
    case command(ClientCommand)
    case ownCommand(String, ClientCommand)
    case reply(MonitorReply, to: ClientCommand)
    case event(MonitorEvent, from: MonitorID)
    case monitorChanged(MonitorID, MonitorPhase)
    case answered(Tag, Outcome)
    case line(Bytes, from: Tag)
    case timerFired(Tag)

    /// What a plugin says of something that is up to it.
    enum Verdict: Sendable, Equatable {
        case command(CommandVerdict)
        case ownCommand(OwnCommandVerdict)
        case reply(ReplyVerdict)
        case event(EventVerdict)
    }

    /// Calls a plugin.
    ///
    /// - Returns: its verdict; `nil` where it is asked for none.
    func make(to plugin: inout any Plugin, _ context: inout PluginContext) -> Verdict? {
        switch self {
        case .started(let restored): plugin.started(restored: restored, &context)
        case .command(let command): return .command(plugin.command(command, &context))
        case .ownCommand(let name, let command): return .ownCommand(plugin.ownCommand(name, command, &context))
        case .reply(let reply, let command): return .reply(plugin.reply(reply, to: command, &context))
        case .event(let event, let monitor): return .event(plugin.event(event, from: monitor, &context))
        case .monitorChanged(let monitor, let phase): plugin.monitorChanged(monitor, to: phase, &context)
        case .answered(let tag, let outcome): plugin.answered(tag, with: outcome, &context)
        case .line(let line, let program): plugin.line(line, from: program, &context)
        case .timerFired(let tag): plugin.timerFired(tag, &context)
        }
        return nil
    }

    /// In words, for a transcript.
    var text: String {
        switch self {
        case .started(let restored): "started" + (restored.map { ", restored \($0.written().text)" } ?? "")
        case .command(let command):
            "command \(command.number) of client \(command.client.number): \(command.command.message.bytes.text)"
        case .ownCommand(let name, let command): "own command \(name), \(command.number)"
        case .reply(let reply, let command): "reply to command \(command.number): \(reply.bytes.dropLast(2).text)"
        case .event(let event, let monitor): "event of the \(monitor): \(event.bytes.dropLast(2).text)"
        case .monitorChanged(let monitor, .ready): "the \(monitor) is ready"
        case .monitorChanged(let monitor, let phase): "the \(monitor) is \(phase)"
        case .answered(let tag, let outcome): "\(tag): \(Self.text(of: outcome))"
        case .line(let line, let program): "line of \(program): \(line.text)"
        case .timerFired(let tag): "timer \(tag)"
        }
    }

    private static func text(of outcome: Outcome) -> String {
        switch outcome {
        case .answered(.success(let value)): "returned \(value.written().text)"
        case .answered(.failure(let error)): "failed: \(error.description.text)"
        case .timedOut: "timed out"
        case .monitorLost: "the monitor is lost"
        case .clientGone: "the client is gone"
        case .stored: "stored"
        case .notStored(let reason): "not stored: \(reason)"
        case .ended(let end): "\(end)"
        case .refused(let reason): "refused: \(reason)"
        }
    }
}

extension PluginTranscript {
    static func line(_ verdict: PluginCall.Verdict) -> String {
        switch verdict {
        case .command(let verdict): line(verdict)
        case .ownCommand(let verdict): line(verdict)
        case .reply(let verdict): line(verdict)
        case .event(let verdict): line(verdict)
        }
    }
}
