internal import QMP

extension Message {
    /// What a client said, if QEMU takes it for one message and nothing else.
    ///
    /// Else more might be executed than what was looked at; and what is unfinished would be waited for.
    init?(only bytes: Bytes) {
        var decoder = FrameDecoder()
        decoder.append(bytes)
        guard case .message(let message) = decoder.next(), decoder.next() == nil, decoder.bytesHeld == 0 else {
            return nil
        }
        self = message
    }

    /// What QEMU executes; empty if the envelope is wrong, so that it has effects for all we know.
    var nameOfCommand: String { (try? commandName(allowsOutOfBand: true)) ?? "" }

    /// Whether a value in its arguments stands as `"[redacted]"`, be it listed or not.
    var isRedacted: Bool { self["arguments"].map { value(of: $0).holdsPlaceholder } ?? false }
}

extension JSONValue {
    fileprivate var holdsPlaceholder: Bool {
        switch self {
        case .string(let text): text == Redaction.placeholder
        case .array(let elements): elements.contains(where: \.holdsPlaceholder)
        case .object(let members): members.contains { $0.value.holdsPlaceholder }
        case .null, .bool, .integer, .unsigned, .double: false
        }
    }
}

extension Entry {
    /// What went to the monitor to be executed, if that is recorded.
    var commandName: String? {
        guard case .sent(.message(let message, _)) = kind, case .command(let name, _) = MessageSummary(message.whole)
        else { return nil }
        return name
    }
}
