internal import CSupport
internal import QMP

/// Strings of JSON by RFC 8259, read and written with as few escapes as there may be.
///
/// ``QMP/JSONValue`` follows QEMU instead, which writes ASCII only and refuses noncharacters.
enum JSONString {
    /// Appends UTF-8 as a string in quotes.
    static func append(_ text: Bytes, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        text.withUnsafeBufferPointer { append(rest: $0, to: &line) }
    }

    /// Appends the rest of a string that was begun, and its end.
    static func append(rest text: String, to line: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(rest: $0, to: &line) }
    }

    private static func append(rest text: UnsafeBufferPointer<UInt8>, to line: inout [UInt8]) {
        var start = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C {
                line += text[start..<index]
                escape(byte, to: &line)
                start = index + 1
            }
            index += 1
        }
        line += text[start...]
        line.append(UInt8(ascii: "\""))
    }

    /// What a string says whose bytes between the quotes are these; `nil` if an escape is none.
    static func unescaped(_ text: Bytes) -> Bytes? {
        var plain: [UInt8] = []
        var rest = text
        while true {
            let found = rest.withUnsafeBytes {
                csupport_find_byte($0.baseAddress, $0.count, UInt8(ascii: "\\"))
            }
            guard found >= 0 else { break }
            plain += rest.prefix(found)
            rest = rest.dropFirst(found + 1)
            guard let scalar = takeEscape(from: &rest) else { return nil }
            plain += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
        return plain.isEmpty ? rest : plain[...] + rest
    }

    private static func escape(_ byte: UInt8, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x09: line.append(UInt8(ascii: "t"))
        case 0x0A: line.append(UInt8(ascii: "n"))
        case 0x0D: line.append(UInt8(ascii: "r"))
        case ..<0x20: line += [0x75, 0x30, 0x30, 0x30 + byte >> 4, hexadecimal[Int(byte & 0xF)]]
        default: line.append(byte)
        }
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)

    /// The character of the escape whose backslash was taken already.
    private static func takeEscape(from rest: inout Bytes) -> UnicodeScalar? {
        guard let kind = rest.popFirst() else { return nil }
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UnicodeScalar(kind)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: return nil
        }
        guard let first = takeUnit(from: &rest) else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return UnicodeScalar(first) }
        guard rest.starts(with: "\\u".utf8) else { return nil }
        rest = rest.dropFirst(2)
        guard let second = takeUnit(from: &rest), UTF16.isTrailSurrogate(second) else { return nil }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private static func takeUnit(from rest: inout Bytes) -> UInt16? {
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
        return UInt16(digits.text, radix: 16)
    }
}
