extension JSONValue {
    /// What kept a text from being read as JSON.
    public struct Malformed: Error, Sendable, Equatable {
        /// What is wrong.
        public let what: String
        /// At which byte of the text, counted from 0.
        public let offset: Int
    }

    /// Reads one value, white space around it allowed, in QEMU's dialect and more leniently: `inf` and `nan`, which
    /// QEMU writes for such doubles, are numbers, and duplicate keys are kept.
    ///
    /// - Parameters:
    ///   - bytes: the whole text.
    ///   - depthMax: how many brackets may be open at once.
    /// - Throws: ``Malformed`` with the place; never traps, whatever the bytes are.
    public init(parsing bytes: Bytes, depthMax: Int = 2 * Limits.qemu.nestingMax) throws(Malformed) {
        var reader = Reader(bytes: bytes, index: bytes.startIndex, depthLeft: depthMax)
        self = try reader.value()
        reader.skipSpace()
        guard reader.index == bytes.endIndex else { throw reader.malformed("more behind the value") }
    }
}

/// Walks over a text and builds values.
private struct Reader {
    let bytes: Bytes
    var index: Int
    var depthLeft: Int

    func malformed(_ what: String) -> JSONValue.Malformed {
        JSONValue.Malformed(what: what, offset: index - bytes.startIndex)
    }

    mutating func skipSpace() {
        while index < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    /// The next byte that is no white space, not yet taken.
    private mutating func peek() throws(JSONValue.Malformed) -> UInt8 {
        skipSpace()
        guard index < bytes.endIndex else { throw malformed("the text ends too soon") }
        return bytes[index]
    }

    mutating func value() throws(JSONValue.Malformed) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"): return try .object(object())
        case UInt8(ascii: "["): return try .array(array())
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try .string(string())
        default: return try scalar()
        }
    }

    private mutating func object() throws(JSONValue.Malformed) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        try list(endingWith: UInt8(ascii: "}")) { (reader: inout Reader) throws(JSONValue.Malformed) in
            let start = try reader.peek()
            guard start == UInt8(ascii: "\"") || start == UInt8(ascii: "'") else {
                throw reader.malformed("a member's name is wanted")
            }
            let key = try reader.string()
            guard try reader.peek() == UInt8(ascii: ":") else { throw reader.malformed("':' is wanted") }
            reader.index += 1
            members.append(JSONValue.Member(key, try reader.value()))
        }
        return members
    }

    private mutating func array() throws(JSONValue.Malformed) -> [JSONValue] {
        var elements: [JSONValue] = []
        try list(endingWith: UInt8(ascii: "]")) { (reader: inout Reader) throws(JSONValue.Malformed) in
            elements.append(try reader.value())
        }
        return elements
    }

    /// Reads from the opening bracket to the closing one, `element` by element.
    private mutating func list(
        endingWith end: UInt8,
        element: (inout Reader) throws(JSONValue.Malformed) -> Void
    ) throws(JSONValue.Malformed) {
        guard depthLeft > 0 else { throw malformed("too many open brackets") }
        depthLeft -= 1
        defer { depthLeft += 1 }
        index += 1
        if try peek() == end {
            index += 1
            return
        }
        while true {
            try element(&self)
            let separator = try peek()
            guard separator == end || separator == UInt8(ascii: ",") else { throw malformed("',' is wanted") }
            index += 1
            if separator == end { return }
        }
    }

    private mutating func string() throws(JSONValue.Malformed) -> String {
        let start = index
        let quote = bytes[index]
        index += 1
        while index < bytes.endIndex, bytes[index] != quote {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < bytes.endIndex else {
            index = start
            throw malformed("the string does not end")
        }
        index += 1
        do throws(StringLiteral.Invalid) {
            return String(modifiedUTF8: try StringLiteral.unescaped(bytes[start..<index]))
        } catch {
            index = start
            throw malformed(error.text.text)
        }
    }

    private mutating func scalar() throws(JSONValue.Malformed) -> JSONValue {
        let start = index
        while index < bytes.endIndex, !Self.endsScalar(bytes[index]) { index += 1 }
        let text = bytes[start..<index].text
        switch text {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        guard let number = JSONValue(number: text) else {
            index = start
            throw malformed("a value is wanted")
        }
        return number
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"): true
        default: false
        }
    }
}

extension JSONValue {
    /// A number as QEMU reads it, `nil` if the text is none.
    fileprivate init?(number text: String) {
        guard let first = text.utf8.first,
            first == UInt8(ascii: "-") || (0x30...0x39).contains(first) || text == "inf" || text == "nan"
        else { return nil }
        if let integer = Int64(text) {
            self = .integer(integer)
        } else if let unsigned = UInt64(text) {
            self = .unsigned(unsigned)
        } else if let double = Double(text) {
            self = .double(double)
        } else {
            return nil
        }
    }
}

extension String {
    /// A string from modified UTF-8 that has been found valid: C0 80 is U+0000.
    init(modifiedUTF8 bytes: Bytes) {
        guard bytes.contains(0xC0) else {
            self = String(decoding: bytes, as: UTF8.self)
            return
        }
        var plain: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            plain.append(bytes[index] == 0xC0 ? 0 : bytes[index])
            index += bytes[index] == 0xC0 ? 2 : 1
        }
        self = String(decoding: plain, as: UTF8.self)
    }
}
