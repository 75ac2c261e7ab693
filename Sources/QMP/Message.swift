/// A whole, well-formed object from a client: its bytes, untouched, and where its members lie.
public struct Message: Sendable {
    /// One member of the object itself, not of what is nested in it.
    public struct Member: Sendable, Equatable {
        /// The kinds of value as far as they are looked at.
        public enum Kind: Sendable {
            /// `{…}`
            case object
            /// `[…]`
            case array
            /// `"…"` or `'…'`
            case string
            /// A number, `true`, `false` or `null`.
            case scalar
        }

        /// The name, unescaped, in modified UTF-8.
        public let key: Bytes
        /// Where the value lies, as indices into the message's bytes.
        public let value: Range<Int>
        /// What it is.
        public let kind: Kind
    }

    /// The object from `{` to `}`.
    public let bytes: Bytes
    /// Its members in the order in which they were written; no name comes twice.
    public let members: [Member]
    /// Whether the bytes are JSON by RFC 8259, too, and on one line.
    ///
    /// QEMU's dialect allows more.
    public let isStrictJSON: Bool
    /// How many brackets are open at most.
    public let depth: Int
    /// Of how many tokens it consists.
    public let tokens: Int
    /// How many bytes those tokens have.
    public let tokenBytes: Int

    /// The member of that name.
    public subscript(key: StaticString) -> Member? {
        members.first { $0.key.equals(key) }
    }

    /// The value of a member, parsed.
    public func value(of member: Member) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes[member.value])
        } catch {
            preconditionFailure("a value that was found well-formed is not: \(error)")
        }
    }
}

extension Message: Equatable {
    /// Equal when the bytes are: all else follows from them, but for where they lie in what was read.
    public static func == (one: Message, other: Message) -> Bool {
        one.bytes == other.bytes
    }
}
