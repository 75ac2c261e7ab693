internal import QMP
internal import Recording

/// The proxy's own commands, named by QMP's rule for vendors (docs/interop/qmp-spec, "Downstream extension of QMP").
extension ProxyEngine {
    private static let prefix = "__org.qmp-proxy_"

    /// Executes a command that is the proxy's own, and returns its reply; `nil` if it is none of those.
    mutating func ownReply(to command: Command, at index: Int) -> Bytes? {
        guard let name = command.name, name.hasPrefix(Self.prefix), let session = clients[index].session else {
            return nil
        }
        do throws(ProtocolError) {
            let value: JSONValue
            switch name.dropFirst(Self.prefix.count) {
            case "query-status":
                try take([], of: command)
                value = status
            case "mark":
                value = try mark(command, at: index)
            default: return nil
            }
            return Reply.success(value, id: command.id, isPretty: session.greeting.isPretty)
        } catch {
            return session.failure(error, to: command.message)
        }
    }

    /// Notes a client's text in the recording, for whoever reads it: `{"text": "here it begins"}`.
    private mutating func mark(_ command: Command, at index: Int) throws(ProtocolError) -> JSONValue {
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
        record(.client(clients[index].number), .mark(text: text), command: commandNumber)
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
