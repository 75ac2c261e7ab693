/// A message from a monitor: its bytes, untouched, and what it is, as far as that is needed to route it.
public struct MonitorMessage: Sendable {
    /// The kinds of message a monitor sends.
    public enum Kind: Sendable, Equatable {
        /// `{"QMP": …}`
        case greeting
        /// A reply, with or without id.
        case reply(id: ID?, isError: Bool)
        /// `{"timestamp": …, "event": …}`
        case event(name: String)
        /// Anything else.
        case unknown
    }

    /// Where a reply's id lies, as indices into the message's bytes.
    public struct ID: Sendable, Equatable {
        /// The value.
        public let value: Range<Int>
        /// What must go for the member to be gone: name, value, and a comma.
        public let member: Range<Int>
    }

    /// The message with its line end.
    public let bytes: Bytes
    /// What it is.
    public let kind: Kind
    /// Whether it is broken into lines.
    public let isPretty: Bool
    /// Whether it is one line, printable, with nothing in it that speaks against its being JSON (RFC 8259) or may be
    /// part of a credential; `false` also if it was not looked at.
    public let isPlain: Bool

    init(bytes: Bytes, isPretty: Bool, isPlain: Bool = false) {
        self.bytes = bytes
        self.isPretty = isPretty
        self.isPlain = isPlain
        kind = Self.idOfReturn(bytes) ?? Self.nameOfEvent(bytes) ?? Self.scan(bytes)
    }

    /// The quick way for what may be long: a `return` comes first in QEMU's hash order, an id last, so that only the
    /// end is looked at.
    private static func idOfReturn(_ bytes: Bytes) -> Kind? {
        guard bytes.starts(with: "{\"return\": ") else { return nil }
        var walker = BackwardWalker(bytes)
        guard let id = walker.lastMember(named: ", \"id\": ") else { return .reply(id: nil, isError: false) }
        return .reply(id: id, isError: false)
    }

    /// The quick way for events: in QEMU's hash order the time comes first, which has no bracket in it, then the name.
    private static func nameOfEvent(_ bytes: Bytes) -> Kind? {
        let timestamp: StaticString = "{\"timestamp\": {", event: StaticString = "}, \"event\": \""
        guard bytes.starts(with: timestamp), let end = bytes.dropFirst(15).firstIndex(of: UInt8(ascii: "}")),
            bytes[end...].starts(with: event)
        else { return nil }
        let name = bytes[(end + 13)...].prefix { $0 != UInt8(ascii: "\"") }
        let isPlain = name.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        return isPlain && name.endIndex < bytes.endIndex ? .event(name: name.text) : nil
    }

    /// The general way: over the members from the first, whatever their order and spacing.
    private static func scan(_ bytes: Bytes) -> Kind {
        var members = MemberScanner(bytes)
        var id: ID?
        var kind: Kind?
        while let member = members.next() {
            switch bytes[member.key].text {
            case "QMP": return .greeting
            case "event": return .event(name: (try? JSONValue(parsing: bytes[member.value]))?.string ?? "")
            case "return": kind = .reply(id: nil, isError: false)
            case "error": kind = .reply(id: nil, isError: true)
            case "id":
                let whole =
                    members.isLast
                    ? member.separator..<member.value.upperBound
                    : member.keyStart..<members.nextKey
                id = ID(value: member.value, member: whole)
            default: break
            }
        }
        if case .reply(_, let isError) = kind { return .reply(id: id, isError: isError) }
        return .unknown
    }
}

extension MonitorMessage: Equatable {
    /// Equal when the bytes are: all else follows from them, but for where they lie in what was read.
    public static func == (one: MonitorMessage, other: MonitorMessage) -> Bool {
        one.bytes == other.bytes
    }
}
