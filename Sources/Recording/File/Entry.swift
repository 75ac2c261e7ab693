public import QMP

/// One line of a recording: what happened, where, when.
public struct Entry: Sendable, Equatable {
    /// Whose side of the proxy an entry speaks of.
    public enum Place: Sendable, Hashable {
        /// QEMU's monitor.
        case monitor
        /// The client with that number; numbers are given in the order of arrival, from 1, and never again.
        case client(Int)
        /// The proxy itself.
        case proxy
        /// The plugin of that name.
        case plugin(String)
        /// A monitor that a plugin has connected beside it, by the name it has there, such as `peer`.
        case secondMonitor(String)
        /// A place that this version does not know, as it was written.
        case other(String)
    }

    /// What happened there.
    public enum Kind: Sendable, Equatable {
        /// A connection was opened; `peer` says by whom or to where.
        case opened(peer: String)
        /// A connection was closed, and why.
        case closed(reason: String)
        /// Bytes came in.
        case received(Content)
        /// Bytes went out.
        case sent(Content)
        /// What a plugin decided of a command or an event if it did not let it pass, and what it put in its place.
        case verdict(String, Content?)
        /// What somebody wanted to be noted here; `epoch` if it counts who may go on alone.
        case mark(text: String, epoch: Int? = nil)
        /// So many entries were lost because the disk was full or too slow.
        case gap(entries: Int)
        /// A kind that this version does not know; `line` is the whole line without its end.
        case other(kind: String, line: Bytes)
    }

    /// What came in or went out.
    public enum Content: Sendable, Equatable {
        /// A whole message.
        case message(SplicedMessage, Form)
        /// The reply to this command as the monitor gave it but for its id, which was this one or none.
        ///
        /// So what is long is not written twice.
        case sameAsMonitor(id: Bytes?)
        /// Bytes that were no valid document; `error` is what was answered, if anything was.
        case invalid(Bytes, error: String?)
        /// So many bytes that were no valid document, and that may have held a secret.
        case withheld(bytes: Int, error: String?)
    }

    /// How a message is written, which decides whether it can be embedded verbatim.
    public enum Form: Sendable, Equatable {
        /// JSON by RFC 8259 on one line.
        case json
        /// QEMU's input dialect, or several lines.
        case dialect
        /// As a monitor wrote it: JSON on one line, unless a bare `inf` or `nan` is in it, or `pretty=on`.
        case monitor
        /// As a monitor wrote it, and seen to be plain (``QMP/MonitorMessage/isPlain``).
        case plainMonitor

        /// Whether it can be embedded in a line as it is; `nil` if it must be looked at.
        var isJSON: Bool? {
            switch self {
            case .json, .plainMonitor: true
            case .monitor: nil
            case .dialect: false
            }
        }

        /// Whether a monitor wrote it.
        var isMonitors: Bool { self == .monitor || self == .plainMonitor }
    }

    /// All there is to tell of an entry.
    private struct Facts: Equatable {
        var time: Instant
        var place: Place
        var kind: Kind
        var command: Int?
        var descriptors: Int
        var plugin: String?
        var redacted: [String] = []
        var unknownMembers: [UInt8] = []
    }

    /// Behind one reference, since entries are handed on more often than they are changed.
    private final class Box: Sendable {
        let facts: Facts

        init(_ facts: consuming Facts) {
            self.facts = facts
        }
    }

    private var box: Box

    /// An entry.
    public init(
        time: Instant,
        place: consuming Place,
        kind: consuming Kind,
        command: Int? = nil,
        descriptors: Int = 0,
        plugin: consuming String? = nil
    ) {
        box = Box(
            Facts(time: time, place: place, kind: kind, command: command, descriptors: descriptors, plugin: plugin)
        )
    }

    /// An entry that tells of a message, and of nothing else.
    public init(_ message: SplicedMessage, _ passage: Passage) {
        let content = Content.message(message, passage.form)
        self.init(
            time: passage.time,
            place: passage.client.map { .client($0) } ?? .monitor,
            kind: passage.isSent ? .sent(content) : .received(content),
            command: passage.command,
            descriptors: passage.descriptors
        )
    }

    private var facts: Facts {
        get { box.facts }
        set { box = Box(newValue) }
    }

    /// When, on the proxy's clock.
    public var time: Instant {
        get { box.facts.time }
        set { facts.time = newValue }
    }

    /// Where.
    public var place: Place {
        get { box.facts.place }
        set { facts.place = newValue }
    }

    /// What.
    public var kind: Kind {
        get { box.facts.kind }
        set { facts.kind = newValue }
    }

    /// The proxy's number of the command; it joins a command's entries and its reply's.
    public var command: Int? {
        get { box.facts.command }
        set { facts.command = newValue }
    }

    /// How many descriptors went with it.
    public var descriptors: Int {
        get { box.facts.descriptors }
        set { facts.descriptors = newValue }
    }

    /// The plugin whose command it is; `nil` if it is a client's or the proxy's own.
    public var plugin: String? {
        get { box.facts.plugin }
        set { facts.plugin = newValue }
    }

    /// The JSON Pointers (RFC 6901) of the values in the message that stand as `"[redacted]"`.
    public var redacted: [String] {
        get { box.facts.redacted }
        set { facts.redacted = newValue }
    }

    /// Members that this version does not know, as they were written: `"name": value, …`; empty if there are none.
    public var unknownMembers: [UInt8] {
        get { box.facts.unknownMembers }
        set { facts.unknownMembers = newValue }
    }
}

extension Entry {
    /// The message of which it tells, and how that passed, if that is all it tells and is as it should be.
    var passed: (message: SplicedMessage, passage: Passage)? {
        guard let (message, form, isSent) = box.facts.kind.message, box.facts.command ?? 1 > 0,
            box.facts.descriptors >= 0, box.facts.plugin == nil, box.facts.redacted.isEmpty,
            box.facts.unknownMembers.isEmpty
        else { return nil }
        let client: Int?
        switch box.facts.place {
        case .monitor: client = nil
        case .client(let number) where number > 0: client = number
        case .client, .proxy, .plugin, .secondMonitor, .other: return nil
        }
        let passage = Passage(
            at: time,
            form,
            isSent: isSent,
            client: client,
            command: command,
            descriptors: descriptors
        )
        return (message, passage)
    }

    /// Equal when the same is told.
    public static func == (one: Entry, other: Entry) -> Bool {
        one.facts == other.facts
    }
}

extension Entry.Kind {
    /// The message that came in or went out, if it was one.
    fileprivate var message: (SplicedMessage, Entry.Form, isSent: Bool)? {
        switch self {
        case .received(.message(let message, let form)): (message, form, false)
        case .sent(.message(let message, let form)): (message, form, true)
        case .received, .sent, .opened, .closed, .verdict, .mark, .gap, .other: nil
        }
    }

    /// How many bytes there are to tell.
    var bytes: Int {
        switch self {
        case .received(let content), .sent(let content), .verdict(_, let content?): content.bytes
        case .opened(let text), .closed(let text), .mark(let text, _): text.utf8.count
        case .other(_, let line): line.count
        case .verdict(_, nil), .gap: 0
        }
    }
}

extension Entry.Place {
    /// Whether it is a monitor, the own one or a plugin's second one.
    var isMonitor: Bool {
        switch self {
        case .monitor, .secondMonitor: true
        case .client, .proxy, .plugin, .other: false
        }
    }
}

extension Entry.Content {
    fileprivate var bytes: Int {
        switch self {
        case .message(let message, _): message.count
        case .invalid(let bytes, let error): bytes.count + (error?.utf8.count ?? 0)
        case .sameAsMonitor(let id): id?.count ?? 0
        case .withheld(_, let error): error?.utf8.count ?? 0
        }
    }

    /// Replies of more bytes are not recorded twice.
    ///
    /// 4 KiB: what a person reads stays whole at either place, and what fills disks is written once.
    private static let longReplyBytes = 4096

    /// What stands for a long reply that was recorded when the monitor gave it.
    ///
    /// - Parameters:
    ///   - message: the reply on its way to the client, the client's id in the place of the proxy's.
    ///   - form: how it is written.
    /// - Returns: `nil` if the reply is to be recorded as it is.
    public static func inPlace(of message: SplicedMessage, _ form: Entry.Form) -> Entry.Content? {
        let isChanged = !message.cut.isEmpty || !message.insert.isEmpty
        guard form.isMonitors, message.count > longReplyBytes, isChanged else { return nil }
        if message.insert.isEmpty { return .sameAsMonitor(id: nil) }
        // An id that is a bare inf, or with pretty=on has lines, cannot be embedded.
        let isEmbeddable =
            !message.insert.contains(0x0A)
            && JSONScanner.isObject(Bytes(text: "{\"id\":") + message.insert + Bytes(text: "}"), .strict)
        return isEmbeddable ? .sameAsMonitor(id: message.insert) : nil
    }
}
