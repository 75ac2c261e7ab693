/// A JSON value as QEMU understands it, parsed only where one is asked for.
///
/// Numbers keep QEMU's three kinds (qobject/json-parser.c, `parse_literal`): int64 if it fits, else uint64 if not
/// negative, else double.
public enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// An integer that fits 64 bits with a sign.
    case integer(Int64)
    /// An integer above `Int64.max` that fits 64 bits without a sign.
    case unsigned(UInt64)
    /// Any other number; may be infinite, since QEMU reads 1e400 so.
    case double(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object; members in the order in which they were written.
    case object([Member])

    /// One member of an object.
    public struct Member: Sendable, Equatable {
        /// The member's name, unescaped.
        public var key: String
        /// Its value.
        public var value: JSONValue

        /// A member.
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of the member with that name, if this is an object that has one.
    ///
    /// Names are compared byte by byte: Swift's `==` on strings would take canonically equivalent ones for equal.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// An object of those members that have a value.
    public static func members(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(members.compactMap { key, value in value.map { Member(key, $0) } })
    }

    /// The string, if this is one.
    public var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The integer, if this is one that fits.
    public var integer: Int64? {
        if case .integer(let integer) = self { integer } else { nil }
    }

    /// The number as a double, if this is a number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The elements, if this is an array.
    public var array: [JSONValue]? {
        if case .array(let array) = self { array } else { nil }
    }

    /// The members, if this is an object.
    public var object: [Member]? {
        if case .object(let object) = self { object } else { nil }
    }
}
