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
        /// So many entries were lost because the disk was full or too slow.
        case gap(entries: Int)
        /// A kind that this version does not know; `line` is the whole line without its end.
        case other(kind: String, line: Bytes)
    }

    /// What came in or went out.
    public enum Content: Sendable, Equatable {
        /// A whole message.
        case message(SplicedMessage, Form)
        /// Bytes that were no valid document; `error` is what was answered, if anything was.
        case invalid(Bytes, error: String?)
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

    /// An entry.
    public init(time: Instant, place: Place, kind: Kind, command: Int? = nil, descriptors: Int = 0) {
        self.time = time
        self.place = place
        self.kind = kind
        self.command = command
        self.descriptors = descriptors
    }
}
