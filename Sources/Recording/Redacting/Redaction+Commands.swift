internal import CSupport
internal import QMP

/// What clients ask.
extension Redaction {
    /// What was found in a command.
    private struct Found {
        /// The nodes of the values that are secret.
        var values: [Int] = []
        /// What of the reply is; `nil` if nothing.
        var reply: SecretReplies.Secrets?
        /// Whether it says what to execute.
        var isNamed = false
    }

    /// Takes what a client said, or what was passed on of it.
    mutating func command(_ content: Entry.Content, in entry: Entry, client: Int?) -> Change? {
        if let number = entry.command {
            if isLive, client == nil, entry.plugin == nil, replies.isKnownPlain(number) { return nil }
            if entry.plugin == nil { replies.saw(number) } else { replies.sawOfPlugin(number) }
        }
        switch content {
        case .message(let message, let form): return command(message, form, in: entry, client: client)
        case .sameAsMonitor: return nil
        case .invalid(let bytes, let error):
            let breaksOff = Self.breaksOff(bytes, error)
            // What it is that breaks off may yet have to be said.
            let isSecret =
                isBroken(client) || Self.isMisspelt(error) || words.areIn(bytes)
                || (breaksOff && !bytes.words.contains { $0.isNearly(Self.execute) })
            if let client, breaksOff { setBroken(client, true) }
            return isSecret ? withheld(bytes.count, error, in: entry, client: client) : nil
        case .withheld(let count, let error):
            let change = withheld(count, error, in: entry, client: client)
            return error == nil || error == Self.placeholder ? nil : change
        }
    }

    /// Whether a document was begun that goes on behind these bytes: QEMU takes the rest of it for new ones, so that a
    /// secret may come without its name.
    ///
    /// Only what was lexed to its end is told of in other words (``QMP/ProtocolError``).
    private static func breaksOff(_ bytes: Bytes, _ error: String?) -> Bool {
        guard bytes.contains(where: { "{['\"".utf8.contains($0) }) else { return false }
        guard let error else { return true }
        let isParsed = error.hasPrefix("JSON parse error, ") && !error.hasPrefix("JSON parse error, stray")
        return !isParsed && !error.hasPrefix("QMP input")
    }

    private static let execute = Array("execute".utf8)

    /// Whether names in it are not to be trusted, since QEMU could not read a character
    /// (qobject/json-parser.c, `parse_string`).
    private static func isMisspelt(_ error: String?) -> Bool {
        guard let error else { return false }
        return error.contains("invalid escape") || error.contains("valid Unicode") || error.contains("invalid UTF-8")
    }

    private mutating func withheld(_ count: Int, _ error: String?, in entry: Entry, client: Int?) -> Change {
        if let client { setBroken(client, true) }
        if let number = entry.command { replies.await(number, .all, client: client) }
        return .content(.withheld(bytes: count, error: error.map { _ in Self.placeholder }), [])
    }

    private mutating func command(
        _ message: SplicedMessage,
        _ form: Entry.Form,
        in entry: Entry,
        client: Int?
    ) -> Change? {
        if entry.redacted.isEmpty, isPlainAtOnce(message, form, of: client) { return nil }
        // What is spliced in is an id, which is never secret: only where the rest is, the whole is put together.
        var bytes = message.bytes
        guard outline.read(bytes) else { return withheld(message.count, nil, in: entry, client: client) }
        var found = find(in: bytes, isBroken: isBroken(client), wasRedacted: !entry.redacted.isEmpty)
        if let client, found.isNamed { setBroken(client, false) }
        if let secrets = found.reply, let number = entry.command { replies.await(number, secrets, client: client) }
        guard !found.values.isEmpty else { return nil }
        if message.isSpliced {
            bytes = message.joined
            guard outline.read(bytes) else { return withheld(message.count, nil, in: entry, client: client) }
            found = find(in: bytes, isBroken: isBroken(client), wasRedacted: !entry.redacted.isEmpty)
        }
        let change = redacted(found.values, in: bytes, form, entry)
        if case .content(.withheld, _) = change { return withheld(message.count, nil, in: entry, client: client) }
        return change
    }

    /// Whether what a plugin put in the place of something is a command.
    mutating func isCommand(_ content: Entry.Content) -> Bool {
        guard case .message(let message, _) = content else { return false }
        let bytes = message.joined
        guard outline.read(bytes) else { return true }
        return outline.children(of: 0).contains {
            isNamed($0, "execute", in: bytes) || isNamed($0, "exec-oob", in: bytes)
        }
    }

    // MARK: - Finding

    private mutating func find(in message: Bytes, isBroken: Bool, wasRedacted: Bool) -> Found {
        guard let name = name(in: message) else {
            guard isBroken || wasRedacted || words.areIn(message) else { return Found() }
            let values = outline.children(of: 0).filter { !isEnvelope($0, in: message) || !outline.nodes[$0].isString }
                .filter { !isNamed($0, "id", in: message) }
            return Found(values: values, reply: .all)
        }
        let secrecy = secrecy(of: name)
        var found = Found(isNamed: true)
        if secrecy.isPlain, !wasRedacted, isPlain(message) { return found }
        let carries = carriesSecret(secrecy, in: message)
        found.values = values(in: message) { outline, node, key in
            let isTop = outline.nodes[node].parent == 0
            if isTop, let key, isEnvelope(node, in: message) {
                guard key.elementsEqual("arguments".utf8) else { return .plain }
                return carries && !outline.nodes[node].isObject ? .secret : .mixed
            }
            if isTop, carries { return .secret }
            if let key, carries ? secrecy.isSecret(key) : key.isNearly(Secrecy.password) { return .secret }
            return isSecretString(node, key, secrecy, in: message) ? .secret : .mixed
        }
        for pointer in secrecy.pointers {
            found.values += outline.nodes(at: pointer, in: message).filter { !isOfID($0, in: message) }
        }
        let isCertain = carries && (secrecy.condition == .always || secrecy.condition == .ofProperty)
        if isCertain || wasRedacted || !found.values.isEmpty {
            found.reply = secrecy.reply
        } else if secrecy.isReplyRuled {
            found.reply = SecretReplies.Secrets(isErrorSecret: false, pointers: secrecy.reply.pointers)
        }
        return found
    }

    /// Whether it is seen without a closer look that a command, written as nearly all are, holds no secret.
    mutating func isPlainAtOnce(_ message: borrowing SplicedMessage, _ form: Entry.Form, of client: Int?) -> Bool {
        guard form == .json, !isBroken(client) else { return false }
        let bytes = message.bytes
        let (mayHoldSecret, start, end) = bytes.withUnsafeBytes { bytes in
            var length = 0
            let start = csupport_command_name(bytes.baseAddress, bytes.count, &length)
            return (csupport_may_hold_secret(bytes.baseAddress, bytes.count) != 0, start, start + length)
        }
        guard !mayHoldSecret, start > 0 else { return false }
        return secrecy(of: bytes[(bytes.startIndex + start)..<(bytes.startIndex + end)]).isPlain
    }

    /// Whether it is seen at once that there are no credentials and no password.
    private func isPlain(_ message: Bytes) -> Bool {
        guard !outline.hasEscapes, !outline.hasColons else { return false }
        return outline.nodes.allSatisfy { node in
            guard let key = node.key, abs(key.count - Secrecy.password.count) <= 1 else { return true }
            return !message[key].isNearly(Secrecy.password)
        }
    }

    /// What to execute; `nil` unless it is said once, in a string.
    private func name(in message: Bytes) -> Bytes? {
        var name: Bytes?
        var index = 1
        while index < outline.nodes.count {
            let node = outline.nodes[index]
            if isNamed(index, "execute", in: message) || isNamed(index, "exec-oob", in: message) {
                guard name == nil, node.isString else { return nil }
                name = MessageOutline.text(node.characters, in: message)
                guard name != nil else { return nil }
            }
            index = node.next
        }
        return name
    }

    /// Whether the members that the table names are secret here, if it has them.
    private func carriesSecret(_ secrecy: Secrecy, in message: Bytes) -> Bool {
        switch secrecy.condition {
        case nil, .ofLine: return false
        case .always, .ofMembers, .ofURI: return true
        case .ofProperty:
            let properties = outline.nodes.indices.filter { isNamed($0, "property", in: message) }
            return properties.isEmpty
                || properties.contains { node in
                    guard outline.nodes[node].isString,
                        let property = MessageOutline.text(outline.nodes[node].characters, in: message)
                    else { return true }
                    return CommandTraits.secretProperties.contains { property.isProbably(Array($0.utf8)) }
                }
        }
    }

    private func isSecretString(_ node: Int, _ key: Bytes?, _ secrecy: Secrecy, in message: Bytes) -> Bool {
        guard outline.nodes[node].isString, let condition = secrecy.condition else { return false }
        switch condition {
        case .always, .ofMembers, .ofProperty: return false
        case .ofLine:
            guard let line = MessageOutline.text(outline.nodes[node].characters, in: message) else { return true }
            return HumanMonitorLine.carriesSecret(line)
        case .ofURI:
            guard let key, key.isNearly(Array("uri".utf8)) else { return false }
            guard let uri = MessageOutline.text(outline.nodes[node].characters, in: message) else { return true }
            return HumanMonitorLine.runsProgram(uri)
        }
    }

    private func isEnvelope(_ node: Int, in message: Bytes) -> Bool {
        ["execute", "exec-oob", "id", "arguments"].contains { isNamed(node, $0, in: message) }
    }
}
