internal import CSupport
internal import QMP

/// What clients are told.
extension Redaction {
    /// Takes what the monitor said, or what was passed on of it.
    mutating func reply(_ content: Entry.Content, in entry: Entry) -> Change? {
        let secrets = entry.command.flatMap { replies.secrets(ofReplyTo: $0) }
        switch content {
        case .message(let message, let form): return reply(message, form, secrets, in: entry)
        case .sameAsMonitor, .withheld: return nil
        case .invalid(let bytes, let error):
            guard secrets != nil || replies.isAnyDue || words.areIn(bytes) else { return nil }
            return .content(.withheld(bytes: bytes.count, error: error.map { _ in Self.placeholder }), [])
        }
    }

    private mutating func reply(
        _ message: SplicedMessage,
        _ form: Entry.Form,
        _ secrets: SecretReplies.Secrets?,
        in entry: Entry
    ) -> Change? {
        var bytes = message.bytes
        let isPlain = entry.command == nil ? isPlainEvent(bytes, form) : secrets == nil
        if isPlain, !Self.mayHoldCredentials(bytes, form) { return nil }
        guard outline.read(bytes) else { return .content(.withheld(bytes: message.count, error: nil), []) }
        var values = values(inReply: bytes, secrets, isNumbered: entry.command != nil)
        guard !values.isEmpty else { return nil }
        if message.isSpliced {
            bytes = message.joined
            guard outline.read(bytes) else { return .content(.withheld(bytes: message.count, error: nil), []) }
            values = self.values(inReply: bytes, secrets, isNumbered: entry.command != nil)
        }
        return redacted(values, in: bytes, form, entry)
    }

    /// Whether it is seen at once that it is an event or a greeting, which no rule speaks of.
    private func isPlainEvent(_ message: Bytes, _ form: Entry.Form) -> Bool {
        form.isMonitors && rules.isEmpty
            && (message.starts(with: #"{"timestamp": "#.utf8) || message.starts(with: #"{"QMP": "#.utf8))
    }

    /// What is secret of a reply or an event; of a reply to nobody, all but that it succeeded and gave nothing.
    private mutating func values(
        inReply message: Bytes,
        _ secrets: SecretReplies.Secrets?,
        isNumbered: Bool
    ) -> [Int] {
        var pointers = secrets?.pointers ?? []
        let event = outline.children(of: 0).first { isNamed($0, "event", in: message) }
        if let event, outline.nodes[event].isString,
            let name = MessageOutline.text(outline.nodes[event].characters, in: message)
        {
            pointers += secrecy(of: name).pointers
        }
        let isEvent = event != nil || outline.children(of: 0).contains { isNamed($0, "QMP", in: message) }
        let secrets = secrets ?? (isNumbered || isEvent ? nil : .all)
        let found = values(in: message) { outline, index, key in
            let node = outline.nodes[index]
            guard node.parent == 0 else {
                if let key, let secrets, secrets.members.contains(where: { key.isNearly($0) }) { return .secret }
                guard secrets?.isErrorSecret == true, isNamed(node.parent, "error", in: message) else { return .mixed }
                return key?.elementsEqual("class".utf8) == true ? .plain : .secret
            }
            if isNamed(index, "id", in: message) { return .plain }
            guard let secrets else { return .mixed }
            if isNamed(index, "error", in: message) {
                return node.isObject || !secrets.isErrorSecret ? .mixed : .secret
            }
            let isEmpty = node.isContainer ? node.count == 0 : node.isString && node.characters.isEmpty
            return secrets.isAll && !isEmpty ? .secret : .mixed
        }
        return pointers.reduce(found) { found, pointer in
            found + outline.nodes(at: pointer, in: message).filter { !isOfID($0, in: message) }
        }
    }

    /// Whether a message may hold credentials: a quick look, for which all strings must be in double quotes.
    private static func mayHoldCredentials(_ message: Bytes, _ form: Entry.Form) -> Bool {
        switch form {
        case .plainMonitor: false
        case .dialect: true
        case .json, .monitor:
            message.withUnsafeBytes { csupport_may_hold_credentials($0.baseAddress, $0.count) != 0 }
        }
    }
}
