internal import CSupport

extension JSONValue {
    /// The value as QEMU writes it: ASCII, `", "` between members and `": "` behind keys, members in the order of
    /// QEMU's hash table, doubles with 17 digits (qobject/json-writer.c, qobject/qdict.c).
    ///
    /// With `isPretty` as a monitor with `pretty=on` does, four spaces a level, lines ending in CR LF; `level` is in
    /// how many brackets the value stands then.
    public func written(isPretty: Bool = false, level: Int = 0) -> Bytes {
        var bytes: [UInt8] = []
        write(to: &bytes, level: isPretty ? level : nil)
        return bytes[...]
    }

    /// Appends the value; `level` is the depth when lines are broken and `nil` when they are not.
    func write(to bytes: inout [UInt8], level: Int? = nil) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .unsigned(let value): bytes += String(value).utf8
        case .double(let value): Self.write(value, to: &bytes)
        case .string(let value): Self.write(value, to: &bytes)
        case .array(let elements):
            Self.write(elements, between: ("[", "]"), to: &bytes, level: level) { element, bytes, level in
                element.write(to: &bytes, level: level)
            }
        case .object(let members):
            Self.write(members.inHashOrder(), between: ("{", "}"), to: &bytes, level: level) { member, bytes, level in
                Self.write(member.key, to: &bytes)
                bytes += ": ".utf8
                member.value.write(to: &bytes, level: level)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element],
        between brackets: (String, String),
        to bytes: inout [UInt8],
        level: Int?,
        element write: (Element, inout [UInt8], Int?) -> Void
    ) {
        bytes += brackets.0.utf8
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes += (level == nil ? ", " : ",").utf8 }
            breakLine(level.map { $0 + 1 }, in: &bytes)
            write(element, &bytes, level.map { $0 + 1 })
        }
        breakLine(level, in: &bytes)
        bytes += brackets.1.utf8
    }

    /// QEMU breaks the line even inside an empty object.
    private static func breakLine(_ level: Int?, in bytes: inout [UInt8]) {
        guard let level else { return }
        bytes += "\r\n".utf8
        bytes += repeatElement(0x20, count: 4 * level)
    }

    private static func write(_ value: Double, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
            guard let start = text.baseAddress else { return }
            let length = Int(csupport_print_double(value, start))
            bytes += text[..<length].lazy.map { UInt8(bitPattern: $0) }
        }
    }

    private static func write(_ string: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var rest = Array(string.utf8)[...]
        while !rest.isEmpty {
            let plain = rest.prefix { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
            bytes += plain
            rest = rest[plain.endIndex...]
            guard !rest.isEmpty else { break }
            let (codePoint, next) = ModifiedUTF8.codePoint(in: rest, at: rest.startIndex)
            escape(codePoint ?? 0xFFFD, to: &bytes)
            rest = rest[next...]
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escape(_ codePoint: UInt32, to bytes: inout [UInt8]) {
        switch codePoint {
        case 0x22: bytes += "\\\"".utf8
        case 0x5C: bytes += "\\\\".utf8
        case 0x08: bytes += "\\b".utf8
        case 0x0C: bytes += "\\f".utf8
        case 0x0A: bytes += "\\n".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        case 0x20..<0x7F: bytes.append(UInt8(codePoint))
        case 0x10000...:
            escapeUnit(0xD800 + (codePoint - 0x10000) >> 10, to: &bytes)
            escapeUnit(0xDC00 + (codePoint - 0x10000) & 0x3FF, to: &bytes)
        default: escapeUnit(codePoint, to: &bytes)
        }
    }

    private static func escapeUnit(_ unit: UInt32, to bytes: inout [UInt8]) {
        bytes += "\\u".utf8
        for shift in [12, 8, 4, 0] as [UInt32] {
            let digit = UInt8(unit >> shift & 0xF)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }
}
