internal import QMP

/// Base64 by RFC 4648, section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// Appends bytes, encoded.
    static func append(_ bytes: Bytes, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.endIndex)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 0x3F] : padding)
            }
        }
    }

    /// The bytes that a text stands for, `nil` if it stands for none.
    static func decoded(_ text: Bytes) -> Bytes? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        for start in stride(from: text.startIndex, to: text.endIndex, by: 4) {
            let isLast = start + 4 == text.endIndex
            let group = text[start..<start + 4]
            let digits = isLast ? group.prefix { $0 != padding } : group
            guard digits.count >= 2, group[digits.endIndex...].allSatisfy({ $0 == padding }) else { return nil }
            var bits = 0
            for digit in digits {
                guard let value = value(of: digit) else { return nil }
                bits = bits << 6 | value
            }
            bits <<= 6 * (4 - digits.count)
            for place in 0..<digits.count - 1 { bytes.append(UInt8(bits >> (16 - 8 * place) & 0xFF)) }
        }
        return bytes[...]
    }

    private static func value(of digit: UInt8) -> Int? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(digit) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(digit) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(digit) - 48 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
