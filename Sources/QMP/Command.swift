/// A command of a client's, to be executed by whoever knows it.
public struct Command: Sendable, Equatable {
    /// The document.
    public let message: Message
    /// What to execute; `nil` when the envelope is wrong, which is QEMU's to answer.
    public let name: String?
    /// Whether it overtakes in-band commands (docs/interop/qmp-spec, "Out-of-band execution").
    public let isOutOfBand: Bool

    /// The `id`, parsed; `nil` if there is none.
    public var id: JSONValue? {
        message["id"].map(message.value(of:))
    }

    /// The `arguments`, parsed; empty if there are none.
    public var arguments: [JSONValue.Member] {
        message["arguments"].flatMap { message.value(of: $0).object } ?? []
    }
}

extension Message {
    /// The name under `execute` or `exec-oob` (qapi/qmp-dispatch.c, `qmp_dispatch_check_obj`).
    ///
    /// - Parameter allowsOutOfBand: whether `oob` is negotiated.
    /// - Returns: the name, whether there is such a command or not.
    /// - Throws: what QEMU finds wrong with the envelope.
    public func commandName(allowsOutOfBand: Bool) throws(ProtocolError) -> String {
        do throws(ProtocolError) {
            return try commandName(among: members, allowsOutOfBand)
        } catch {
            // Which error is told depends on the order of QEMU's hash table; whether there is one does not.
            return try commandName(among: HashOrder.sorted(members, by: \.key), allowsOutOfBand)
        }
    }

    private func commandName(among members: [Member], _ allowsOutOfBand: Bool) throws(ProtocolError) -> String {
        var execute: Member?
        for member in members {
            let key = member.key
            if key.equals("execute") || (allowsOutOfBand && key.equals("exec-oob")) {
                guard member.kind == .string else { throw .generic("QMP input member '", key, "' must be a string") }
                if let execute {
                    throw .generic("QMP input member '\(key.text)' clashes with '", execute.key, "'")
                }
                execute = member
            } else if key.equals("arguments") {
                guard member.kind == .object else { throw .generic("QMP input member '", key, "' must be an object") }
            } else if !key.equals("id") {
                throw .generic("QMP input member '", key, "' is unexpected")
            }
        }
        guard let execute else { throw .lacksExecute }
        return value(of: execute).string ?? ""
    }
}
