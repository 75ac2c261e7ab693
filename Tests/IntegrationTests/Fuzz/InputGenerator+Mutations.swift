extension InputGenerator {
    /// The same bytes with some damage.
    mutating func mutated(_ original: [UInt8]) -> [UInt8] {
        guard !original.isEmpty else { return rawBytes() }
        var bytes = original
        let place = number(below: bytes.count)
        switch number(below: 9) {
        case 0: bytes.remove(at: place)
        case 1: bytes[place] = UInt8(number(below: 256))
        case 2: bytes[place] ^= 1 << UInt8(number(below: 8))
        case 3: bytes.insert(UInt8(number(below: 256)), at: place)
        case 4: bytes.insert(contentsOf: token(), at: place)
        case 5: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + number(below: 12))], at: place)
        case 6: bytes.removeSubrange(place..<min(bytes.count, place + 1 + number(below: 8)))
        case 7: bytes.removeSubrange(place...)
        default: bytes.swapAt(place, number(below: bytes.count))
        }
        return bytes
    }

    mutating func rawBytes() -> [UInt8] {
        (0..<number(below: 24)).map { _ in UInt8(number(below: 256)) }
    }

    /// Tokens in no order at all.
    mutating func tokens() -> [UInt8] {
        (0..<(1 + number(below: 12))).flatMap { _ in token() + whiteSpace() }
    }

    private mutating func token() -> [UInt8] {
        if oneIn(4) { return value(depth: 1) }
        return Array(
            pick([
                "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "{}", "[]", "{]", "[}", "\"execute\"", "'id'",
                "\"arguments\"",
                "\"query-name\"", "\"exec-oob\"", "null", "true", "-", "0", "1", "0e1", "1.5", "abc", "A", "%", "%s",
                "/", "#",
                "//", "/*", "\n", "\r", "\t", " ", "\u{0}", "\u{1}", "\u{C}", "\u{1F}", "\u{7F}", "\u{A0}", "\u{FEFF}",
            ]).utf8
        )
    }
}
