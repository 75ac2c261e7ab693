/// A string token of QEMU's dialect, with its quotes: what it says, or what is wrong with it.
enum StringLiteral {
    /// What is wrong with a literal, in QEMU's words.
    struct Invalid: Error, Equatable {
        let text: Bytes
    }

    /// The string's bytes in modified UTF-8: between the quotes as they are, unless there is an escape.
    ///
    /// - Throws: the first thing wrong with it from the left (qobject/json-parser.c, `parse_string`).
    static func unescaped(_ token: Bytes) throws(Invalid) -> Bytes {
        let content = token.dropFirst().dropLast()
        guard content.contains(where: { $0 == UInt8(ascii: "\\") || $0 >= 0x80 }) else { return content }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(content.count)
        var index = content.startIndex
        while index < content.endIndex {
            if content[index] == UInt8(ascii: "\\") {
                index = try unescape(at: index, in: content, of: token, into: &bytes)
                continue
            }
            let (value, next) = ModifiedUTF8.codePoint(in: token, at: index)
            guard value != nil else { throw Invalid(text: Bytes(text: "invalid UTF-8 sequence in string")) }
            bytes += content[index..<next]
            index = next
        }
        return bytes[...]
    }

    /// Whether a valid literal in double quotes is JSON by RFC 8259, too: without `\'` and without C0 80.
    static func isStrict(_ token: Bytes) -> Bool {
        var index = token.startIndex
        while index < token.endIndex {
            if token[index] == 0xC0 { return false }
            guard token[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            if token[index + 1] == UInt8(ascii: "'") { return false }
            index += 2
        }
        return true
    }

    /// Appends what the escape at `index` means; returns where the next character begins.
    private static func unescape(
        at index: Int,
        in content: Bytes,
        of token: Bytes,
        into bytes: inout [UInt8]
    ) throws(Invalid) -> Int {
        switch content[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            bytes.append(content[index + 1])
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            let (value, next) = codePoint(at: index, in: content)
            guard let value, ModifiedUTF8.isValid(value) else {
                // QEMU quotes what it has read, less where the token, closing quote included, ends sooner.
                let quoted = token[index..<min(next, token.endIndex)]
                throw Invalid(text: quoted + Bytes(text: " is not a valid Unicode character"))
            }
            ModifiedUTF8.append(value, to: &bytes)
            return next
        default:
            throw Invalid(text: Bytes(text: "invalid escape sequence in string"))
        }
        return index + 2
    }

    /// The number that `\uXXXX` at `index` gives, a surrogate pair joined, and where QEMU reads on; no number if it
    /// gives none.
    private static func codePoint(at index: Int, in content: Bytes) -> (value: UInt32?, next: Int) {
        let next = index + 6
        guard let first = hexadecimal(at: index + 2, in: content) else { return (nil, next) }
        let isPairBegun = (0xD800...0xDBFF).contains(first) && content[next...].starts(with: [0x5C, 0x75])
        guard isPairBegun else { return (first, next) }
        guard let second = hexadecimal(at: next + 2, in: content), (0xDC00...0xDFFF).contains(second) else {
            return (nil, next)
        }
        return (0x10000 + (first & 0x3FF) << 10 + second & 0x3FF, next + 6)
    }

    /// The four hexadecimal digits at `index` as a number.
    private static func hexadecimal(at index: Int, in content: Bytes) -> UInt32? {
        guard index + 4 <= content.endIndex else { return nil }
        var value: UInt32 = 0
        for byte in content[index..<index + 4] {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
