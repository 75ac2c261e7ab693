extension Command {
    /// A command of the proxy's own side, such as a plugin's, in words of QEMU's dialect.
    ///
    /// - Parameter text: one document: an object with `execute` or `exec-oob`, and perhaps `arguments` and `id`.
    /// - Throws: what QEMU would find wrong with it.
    public init(parsing text: Bytes) throws(ProtocolError) {
        let message = try Message(parsing: text)
        let name = try message.commandName(allowsOutOfBand: true)
        self.init(message: message, name: name, isOutOfBand: message["exec-oob"] != nil)
    }

    /// A command of that name without arguments.
    public init(_ name: StaticString, isOutOfBand: Bool = false) {
        do throws(ProtocolError) {
            try self.init("\(name)", [], isOutOfBand: isOutOfBand)
        } catch {
            preconditionFailure("a name that stands in the source is no document of 64 MiB")
        }
    }

    /// A command of that name with these arguments, which are written in QEMU's form.
    ///
    /// - Throws: what QEMU would find wrong with it: what a client has said may be too long when it is written so, and
    ///   an infinite number, as which QEMU reads 1e400, cannot be written.
    public init(
        _ name: String,
        _ arguments: [JSONValue.Member],
        isOutOfBand: Bool = false
    ) throws(ProtocolError) {
        let call = JSONValue.Member(isOutOfBand ? "exec-oob" : "execute", .string(name))
        let rest = arguments.isEmpty ? [] : [JSONValue.Member("arguments", .object(arguments))]
        try self.init(parsing: JSONValue.object([call] + rest).written())
    }
}

extension Message {
    /// The one document that some bytes are.
    ///
    /// - Throws: what QEMU would find wrong with it, or that it is not one document.
    public init(parsing bytes: Bytes) throws(ProtocolError) {
        var decoder = FrameDecoder()
        // A line end ends nothing, but a space ends a number.
        decoder.append(bytes + [0x20])
        switch decoder.next() {
        case .message(let message):
            guard decoder.next() == nil, decoder.takeRest().allSatisfy({ $0 <= 0x20 }) else {
                throw ProtocolError(.generic, "more than one JSON object")
            }
            self = message
        case .invalid(_, let error): throw error
        case .skipped, nil: throw ProtocolError(.generic, "JSON object expected, or it is not whole")
        }
    }
}
