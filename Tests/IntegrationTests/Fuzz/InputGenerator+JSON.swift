extension InputGenerator {
    /// A value of the grammar, in every form QEMU knows, and in some that it does not.
    mutating func value(depth: Int) -> [UInt8] {
        switch number(below: depth > 0 ? 10 : 6) {
        case 0, 1: return integer()
        case 2: return double()
        case 3, 4: return string()
        case 5: return Array(pick(["true", "false", "null", "null", "nul", "truefalse", "nan", "True"]).utf8)
        case 6, 7: return wrapped((0..<number(below: 4)).map { _ in value(depth: depth - 1) }, "[", "]")
        default: return object(depth: depth)
        }
    }

    mutating func object(depth: Int) -> [UInt8] {
        var members: [[UInt8]] = []
        for _ in 0..<number(below: 5) {
            let key = oneIn(30) ? integer() : string()
            members.append(key + whiteSpace() + [0x3A] + whiteSpace() + value(depth: depth - 1))
        }
        if oneIn(15), let first = members.first { members.append(first) }
        return wrapped(members, "{", "}")
    }

    /// As deep as QEMU goes, or almost; one level more is ours with the id that the proxy wraps.
    mutating func deepValue() -> [UInt8] {
        let depth = pick([3, 100, 1020, 1021, 1022, 1023, 1024, 1025])
        let opening = (0..<depth).map { _ in oneIn(4) }
        let core = oneIn(3) ? [] : value(depth: 0)
        let start = opening.flatMap { Array(($0 ? "{\"a\":" : "[").utf8) }
        let isEmptyObject = core.isEmpty && opening.last == true
        let end = opening.reversed().map { UInt8(ascii: $0 ? "}" : "]") }
        return start + (isEmptyObject ? [0x30] : core) + end
    }

    private mutating func integer() -> [UInt8] {
        let edges = [
            "0", "-0", "1", "-1", "7", "42", "9223372036854775807", "9223372036854775808", "18446744073709551615",
            "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "4294967296", "01", "+1", "0x1F",
            "123456789012345678901234567890", "1e", "1.", ".5", "-", "--1", "1-2", "00", "1a",
        ]
        return oneIn(2)
            ? Array("\(Int64.random(in: .min ... .max, using: &random) >> number(below: 63))".utf8)
            : Array(pick(edges).utf8)
    }

    private mutating func double() -> [UInt8] {
        let edges = [
            "0.1", "0.5", "1.0", "-0.0", "1e400", "-1e400", "1e-400", "1E5", "1e+5", "1.5e-7", "0e1", "0.0e1", "1e20",
            "123456789.123456789", "4.9e-324", "2.2250738585072014e-308", "1.7976931348623157e308",
            "0.30000000000000004",
            "1e16", "1e17", "123456789012345680.0", "100000000000000000000.0", "1e-4", "1e-5", "1.e5", "1e5.5",
        ]
        if oneIn(2) { return Array(pick(edges).utf8) }
        let whole = number(below: 1_000_000)
        let fraction = number(below: 1_000_000_000)
        let exponent = oneIn(2) ? "" : "\(pick(["e", "E", "e+", "E-"]))\(number(below: 330))"
        return Array("\(oneIn(3) ? "-" : "")\(whole).\(fraction)\(exponent)".utf8)
    }

    /// A string with everything that may stand in one, and now and then what may not.
    mutating func string() -> [UInt8] {
        let pieces = (0..<number(below: 6)).map { _ in stringPiece() }
        return quoted(Array(pieces.joined()))
    }

    /// A text as a string, in either quotes, now and then with needless escapes.
    mutating func string(_ text: String) -> [UInt8] {
        let content = text.utf16.map { unit -> [UInt8] in
            if unit >= 0x80 || unit < 0x20 || oneIn(80) { return Array("\\u\(Self.hexadecimal(unit, digits: 4))".utf8) }
            return [UInt8(unit)]
        }
        return quoted(Array(content.joined()))
    }

    private mutating func quoted(_ content: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: oneIn(4) ? "'" : "\"")
        return [quote] + content + [quote]
    }

    private mutating func stringPiece() -> [UInt8] {
        switch number(below: 16) {
        case 0..<6:
            return (0..<number(below: 8)).map { _ in UInt8(0x23 + number(below: 4)) + pick([0, 0x20, 0x40, 0x57]) }
        case 6: return Array(pick(["\\\"", "\\'", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]).utf8)
        case 7: return Array(pick(["\\v", "\\0", "\\x41", "\\U0041", "\\ ", "\\u12", "\\u12G4", "\\"]).utf8)
        case 8, 9: return Array("\\u\(Self.hexadecimal(UInt16.random(in: 0 ... .max, using: &random), digits: 4))".utf8)
        case 10: return surrogates()
        case 11, 12: return Array(String(scalar()).utf8)
        case 13: return pick(Self.wrongUTF8)
        case 14: return [pick([0x27, 0x22, 0x7F, 0x25, 0x2F, 0x20])]
        default: return oneIn(4) ? [UInt8(number(below: 256))] : Array(pick(["%d", "%s%p", "//", "'", "é€😀"]).utf8)
        }
    }

    private mutating func surrogates() -> [UInt8] {
        let high = 0xD800 + UInt16(number(below: 0x400))
        let low = 0xDC00 + UInt16(number(below: 0x400))
        let units = pick([
            [high, low], [high], [low], [low, high], [high, 0x41], [high, high, low], [0xD83F, 0xDFFE],
        ])
        return units.flatMap { Array("\\u\(Self.hexadecimal($0, digits: 4))".utf8) }
    }

    private mutating func scalar() -> Unicode.Scalar {
        let edges: [UInt32] = [
            0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFDCF, 0xFDD0, 0xFDEF, 0xFDF0, 0xFFFD, 0xFFFE,
        ]
        let more: [UInt32] = [0xFFFF, 0x10000, 0x1FFFD, 0x1FFFE, 0x10FFFD, 0x10FFFF, 0xFEFF, 0x2028, 0x85, 0xA0]
        let any = UInt32(number(below: 0x110000))
        return Unicode.Scalar(oneIn(2) ? pick(edges + more) : any) ?? "\u{E9}"
    }

    private static let wrongUTF8: [[UInt8]] = [
        [0xC0, 0x80], [0xC0, 0x81], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0x80], [0xBF], [0xE2, 0x82],
        [0xE0, 0x80, 0x80],
        [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF, 0xBE], [0xEF, 0xB7, 0x90],
        [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x8F, 0xBF, 0xBF],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC], [0xFE], [0xFF],
        [0xE0, 0x80, 0xAF], [0xF0, 0x9F, 0xBF, 0xBF], [0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF],
    ]

    private static func hexadecimal(_ value: UInt16, digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: value % 2 == 0)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
