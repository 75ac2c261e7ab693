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
    }

    /// When, on the proxy's clock.
    public var time: Instant
    /// Where.
    public var place: Place
    /// What.
    public var kind: Kind
    /// The proxy's number of the command; it joins a command's entries and its reply's.
    public var command: Int?
    /// How many descriptors went with it.
    public var descriptors: Int
    /// The plugin whose command it is; `nil` if it is a client's or the proxy's own.
    public var plugin: String?
    /// The JSON Pointers (RFC 6901) of the values in the message that stand as `"[redacted]"`.
    public var redacted: [String] = []
    /// Members that this version does not know, as they were written: `"name": value, …`; empty if there are none.
    public var unknownMembers: [UInt8] = []

    /// An entry.
    public init(
        time: Instant,
        place: Place,
        kind: Kind,
        command: Int? = nil,
        descriptors: Int = 0,
        plugin: String? = nil
    ) {
        self.time = time
        self.place = place
        self.kind = kind
        self.command = command
        self.descriptors = descriptors
        self.plugin = plugin
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
    /// Replies of more bytes are not recorded twice.
    ///
    /// 4 KiB: what a person reads stays whole at either place, and what fills disks is written once.
    private static let longReplyBytes = 4096

    /// A reply of the proxy's or the monitor's on its way to the client, the client's id in the place of the proxy's.
    public static func reply(_ message: SplicedMessage) -> Entry.Content {
        let isChanged = !message.cut.isEmpty || !message.insert.isEmpty
        guard message.count > longReplyBytes, isChanged else { return .message(message, .monitor) }
        if message.insert.isEmpty { return .sameAsMonitor(id: nil) }
        // An id that is a bare inf, or with pretty=on has lines, cannot be embedded.
        let isEmbeddable =
            !message.insert.contains(0x0A)
            && JSONScanner.isObject(Bytes(text: "{\"id\":") + message.insert + Bytes(text: "}"), .strict)
        return isEmbeddable ? .sameAsMonitor(id: message.insert) : .message(message, .monitor)
    }
}
