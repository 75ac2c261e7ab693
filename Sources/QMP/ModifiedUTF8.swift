/// QEMU's reading of UTF-8 (util/unicode.c): U+0000 may be written C0 80, and noncharacters are not accepted.
enum ModifiedUTF8 {
    /// The code point that begins at `index`, or `nil` if what stands there is none, and where the next one begins.
    ///
    /// A broken sequence is passed over as QEMU passes over it: the lead byte and the continuation bytes that follow
    /// it, up to the length the lead byte announces (six at most).
    static func codePoint(in bytes: Bytes, at index: Int) -> (value: UInt32?, next: Int) {
        let lead = bytes[index]
        if lead < 0x80 { return (UInt32(lead), index + 1) }
        if lead >= 0xFE || lead & 0x40 == 0 { return (nil, index + 1) }
        let length = (~lead).leadingZeroBitCount
        var value = UInt32(lead & (0x7F >> UInt8(length)))
        var next = index + 1
        for _ in 1..<length {
            guard next < bytes.endIndex, bytes[next] & 0xC0 == 0x80 else { return (nil, next) }
            value = value << 6 | UInt32(bytes[next] & 0x3F)
            next += 1
        }
        let isLongest = value >= leastOfLength[length - 2] || (value == 0 && length == 2)
        return (isLongest && isValid(value) ? value : nil, next)
    }

    /// Whether QEMU takes that number for a character: no surrogate, no noncharacter, not above U+10FFFF.
    static func isValid(_ value: UInt32) -> Bool {
        value <= 0x10FFFF && !(0xD800...0xDFFF).contains(value) && !(0xFDD0...0xFDEF).contains(value)
            && value & 0xFFFE != 0xFFFE
    }

    /// A code point as UTF-8; U+0000 as C0 80, so that C strings hold it.
    static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        switch value {
        case 1..<0x80:
            bytes.append(UInt8(value))
        case 0..<0x800:
            bytes.append(0xC0 | UInt8(value >> 6))
            bytes.append(0x80 | UInt8(value & 0x3F))
        case 0x800..<0x10000:
            bytes.append(0xE0 | UInt8(value >> 12))
            bytes.append(0x80 | UInt8(value >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(value & 0x3F))
        default:
            bytes.append(0xF0 | UInt8(value >> 18))
            bytes.append(0x80 | UInt8(value >> 12 & 0x3F))
            bytes.append(0x80 | UInt8(value >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(value & 0x3F))
        }
    }

    /// The least code point that needs 2, 3 … 6 bytes: anything below it is an overlong form.
    private static let leastOfLength: [UInt32] = [0x80, 0x800, 0x10000, 0x20_0000, 0x400_0000]
}
