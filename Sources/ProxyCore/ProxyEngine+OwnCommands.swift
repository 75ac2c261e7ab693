internal import QMP
internal import Recording

/// The proxy's own commands.
extension ProxyEngine {
    /// What the proxy answers itself, behind the prefix `__org.qmp-proxy_`: no plugin can.
    public static let ownCommands = ["query-status", "query-plugins", "mark"]

    /// Executes a command that is the proxy's own, and returns its reply; `nil` if it is none of those.
    mutating func ownReply(to asked: AskedCommand, named name: Substring, at index: Int) -> Bytes? {
        guard let session = clients[index].session else { return nil }
        let command = asked.command
        do throws(ProtocolError) {
            let value: JSONValue
            switch name {
            case "query-status":
                try take([], of: command)
                value = status
            case "mark":
                value = try mark(asked, at: index)
            case "query-plugins":
                try take([], of: command)
                value = pluginsStatus
            default: return nil
            }
            return Reply.success(value, id: asked.original.id, isPretty: session.greeting.isPretty)
        } catch {
            return session.failure(error, to: asked.original.message)
        }
    }

    /// Notes a client's text in the recording, for whoever reads it: `{"text": "here it begins"}`.
    private mutating func mark(_ asked: AskedCommand, at index: Int) throws(ProtocolError) -> JSONValue {
        let command = asked.command
        try take(["text"], of: command)
        guard let value = JSONValue.object(command.arguments)["text"] else {
            throw ProtocolError(.generic, "Parameter 'text' is missing")
        }
        guard let text = value.string else {
            throw ProtocolError(.generic, "Invalid parameter type for 'text', expected: string")
        }
        guard settings.recording != nil || settings.isWatched else {
            throw ProtocolError(.generic, "Nothing is recorded: the proxy was started without a recording")
        }
        record(.client(clients[index].number), .mark(text: text), command: asked.number)
        return .object([])
    }

    /// Refuses other arguments, and to overtake.
    private func take(_ arguments: Set<String>, of command: Command) throws(ProtocolError) {
        if command.isOutOfBand {
            throw ProtocolError(.generic, "The command \(command.name ?? "") does not support OOB")
        }
        for argument in command.arguments where !arguments.contains(argument.key) {
            throw ProtocolError(.generic, "Parameter '\(argument.key)' is unexpected")
        }
    }
}
