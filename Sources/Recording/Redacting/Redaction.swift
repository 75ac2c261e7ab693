internal import QMP

/// Takes the secrets out of what is recorded: a value becomes `"[redacted]"`, and the entry lists where it stood.
///
/// It knows the commands that carry secrets, in any spelling of QEMU's dialect, their replies by the command's number
/// (``QMP/CommandTraits/secrets``), credentials in the midst of any string, and a user's own rules. Where it cannot
/// tell, it redacts. Every entry must pass it, in the order in which they happened.
public struct Redaction: Sendable {
    /// What stands in place of a secret.
    public static let placeholder = "[redacted]"

    /// Clients in the midst of a broken document that are told apart; beyond, all are taken to be.
    ///
    /// 65,536: 64 times as many as may be connected.
    private static let brokenMax = 1 << 16

    let rules: [RedactionRule]
    let isLive: Bool
    let words: SecretWords
    var outline = MessageOutline()
    var replies = SecretReplies()
    private var secrecies = SecrecyCache()
    /// Clients whose bytes were no document, so that what follows may be the rest of one, and hold its secret.
    private var broken: Set<Int> = []
    private var started: String?

    /// A redaction of what is known to be secret, and of what own rules name.
    ///
    /// - Parameters:
    ///   - rules: a user's own.
    ///   - isLive: whether the entries come straight from an engine. Then what went to the monitor under a number is
    ///     what the client said under it, and need not be looked at again; in a file somebody may have changed that.
    public init(rules: [RedactionRule] = [], isLive: Bool = false) {
        self.rules = rules
        self.isLive = isLive
        words = SecretWords(rules: rules)
    }

    /// Notes the beginning of a recording, or of a segment of one.
    ///
    /// The commands in flight may stand in the segment before; only their names are known here.
    public mutating func begin(_ header: RecordingHeader) {
        if header.started != started {
            replies = SecretReplies()
            broken = []
            started = header.started
        }
        for command in header.commands.sorted(by: { $0.number < $1.number }) where !replies.hasPassed(command.number) {
            replies.saw(command.number)
            let secrets = command.name.map { secrecy(of: Bytes(text: $0)).reply } ?? .all
            replies.await(command.number, secrets, client: command.client)
            replies.sent(command.number)
        }
    }

    /// The entry without its secrets; an entry that was redacted comes back as it is.
    public mutating func redact(_ entry: Entry) -> Entry {
        redacted(entry) ?? entry
    }

    /// The entry without its secrets, `nil` if there are none.
    ///
    /// That nearly always is so, and then nothing is copied.
    public mutating func redacted(_ entry: borrowing Entry) -> Entry? {
        if isLive, let (message, passage) = entry.passed, isKnownPlain(message, passage) { return nil }
        let change = change(of: entry)
        return change == nil && entry.unknownMembers.isEmpty ? nil : applied(change, to: copy entry)
    }

    /// Whether it is what nearly all entries are: a command that holds no secret at once, the same on its way to the
    /// monitor, or the reply to it, looked at when it came.
    mutating func isKnownPlain(_ message: borrowing SplicedMessage, _ passage: Passage) -> Bool {
        guard isLive, let command = passage.command else { return false }
        if let client = passage.client, !passage.isSent {
            guard isPlainAtOnce(message, passage.form, of: client) else { return false }
            replies.saw(command)
            return true
        }
        let isLookedAt = passage.form == .plainMonitor || (passage.isSent && passage.client == nil)
        return isLookedAt && replies.isKnownPlain(command)
    }

    private mutating func change(of entry: borrowing Entry) -> Change? {
        let change: Change?
        switch entry.kind {
        case .received(let content):
            if case .client(let client) = entry.place {
                change = command(content, in: entry, client: client)
            } else {
                change = reply(content, in: entry)
                if let number = entry.command {
                    replies.answered(number)
                    if entry.plugin != nil { replies.passedToPlugin(number) }
                }
            }
        case .sent(let content):
            if case .client = entry.place {
                change = reply(content, in: entry)
                if let number = entry.command { replies.passed(number) }
            } else {
                change = command(content, in: entry, client: nil)
                if let number = entry.command { replies.sent(number) }
            }
        case .verdict(_, let content?):
            if isCommand(content) {
                // From here on it is not what the client said.
                if let number = entry.command {
                    replies.await(number, SecretReplies.Secrets(isErrorSecret: false), client: nil)
                }
                change = command(content, in: entry, client: nil)
            } else {
                change = reply(content, in: entry)
            }
        case .closed:
            closed(entry.place)
            change = nil
        case .mark(let text, _):
            // What a plugin has not had answered, it may not have sent.
            if case .plugin = entry.place, let number = entry.command { replies.sawOfPlugin(number) }
            change = Credentials.areIn(Bytes(text: text)) ? .mark : nil
        case .other(_, let line):
            change = mayHoldSecret(line) ? .mark : nil
        case .opened, .gap, .verdict(_, nil):
            change = nil
        }
        return change
    }

    // MARK: - What came of it

    /// What is to be changed of an entry.
    enum Change {
        /// What was said, and the pointers to what was redacted in it.
        case content(Entry.Content, [String])
        /// The text of a mark; or all of what is not known, and that now is one.
        case mark
    }

    private mutating func applied(_ change: Change?, to entry: Entry) -> Entry {
        var entry = entry
        switch change {
        case .content(let content, let pointers):
            entry.kind = entry.kind.with(content)
            entry.redacted += pointers.filter { !entry.redacted.contains($0) }
        case .mark:
            // A number tells no secret.
            let epoch: Int? = if case .mark(_, let epoch) = entry.kind { epoch } else { nil }
            entry.kind = .mark(text: Self.placeholder, epoch: epoch)
        case nil: break
        }
        let unknown = [UInt8(ascii: "{")] + entry.unknownMembers + [UInt8(ascii: "}")]
        if mayHoldSecret(unknown[...]) { entry.unknownMembers = [] }
        return entry
    }

    // MARK: - Memory

    mutating func secrecy(of name: Bytes) -> Secrecy {
        secrecies.secrecy(of: name, rules: rules)
    }

    func isBroken(_ client: Int?) -> Bool {
        guard !broken.isEmpty, let client else { return false }
        return broken.contains(client) || broken.count >= Self.brokenMax
    }

    mutating func setBroken(_ client: Int, _ isBroken: Bool) {
        if isBroken, broken.count < Self.brokenMax {
            broken.insert(client)
        } else if !isBroken, !broken.isEmpty, broken.count < Self.brokenMax {
            broken.remove(client)
        }
    }

    private mutating func closed(_ place: Entry.Place) {
        switch place {
        case .client(let client):
            replies.closed(client: client)
            setBroken(client, false)
        case .monitor: replies.closedMonitor()
        case .proxy, .plugin, .secondMonitor, .other: break
        }
    }
}

extension Entry.Kind {
    /// The same with another content, if it has one.
    fileprivate func with(_ content: Entry.Content) -> Entry.Kind {
        switch self {
        case .received: .received(content)
        case .sent: .sent(content)
        case .verdict(let name, _): .verdict(name, content)
        case .opened, .closed, .mark, .gap, .other: self
        }
    }
}
