/// Hosts whose numbers begin alike: `10.0.0.0/8`, `fd00::/8`; without a length one host.
///
/// A host of the old protocol is the same as the new one's name for it, `::ffff:10.0.0.1` (RFC 4291, section 2.5.5.2).
struct Network: Sendable, Equatable {
    /// What ``init(parsing:)`` reads, for errors.
    static let wanted = "a host's number such as 10.0.0.1 or ::1, or a network such as 10.0.0.0/8 or fd00::/8"

    private let number: UInt128
    /// How many bits of it count, from the highest.
    private let bits: Int

    /// Reads a host's number, or a network's with its length; `nil` for anything else, such as a host's name or a
    /// network with bits set behind its length.
    init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let number = Self.number(of: first) else { return nil }
        let isOld = !first.utf8.contains(UInt8(ascii: ":"))
        var bits = 128
        if parts.count == 2 {
            guard let length = Self.decimal(parts[1], max: isOld ? 32 : 128) else { return nil }
            bits = length + (isOld ? 96 : 0)
        }
        guard number << bits == 0 else { return nil }
        self.number = number
        self.bits = bits
    }

    /// Whether a host is one of them; what follows a `%` in its number names an interface (RFC 4007, section 11).
    func contains(host: String) -> Bool {
        guard let host = Self.number(of: host.prefix { $0 != "%" }) else { return false }
        return (host ^ number) >> (128 - bits) == 0
    }

    private static func number(of host: Substring) -> UInt128? {
        guard let colon = host.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            return oldNumber(of: host).map { 0xFFFF_0000_0000 | UInt128($0) }
        }
        guard !host[..<colon].utf8.contains(UInt8(ascii: ".")) else { return nil }
        let halves = host.split(separator: "::", omittingEmptySubsequences: false).map(groups(of:))
        guard let head = halves[0], let tail = halves.count == 1 ? [] : halves[1] else { return nil }
        let left = 8 - head.count - tail.count
        guard halves.count == 1 ? left == 0 : halves.count == 2 && left > 0 else { return nil }
        return (head + Array(repeating: 0, count: left) + tail).reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// Numbers between colons, the last two of which may be written in the old form.
    private static func groups(of half: Substring) -> [UInt16]? {
        guard !half.isEmpty else { return [] }
        var groups: [UInt16] = []
        for part in half.split(separator: ":", omittingEmptySubsequences: false) {
            if let old = oldNumber(of: part) {
                groups += [UInt16(old >> 16), UInt16(truncatingIfNeeded: old)]
                continue
            }
            guard part.utf8.count <= 4, part.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    /// `10.0.0.1`; no leading zeros, which some read as octal.
    private static func oldNumber(of host: Substring) -> UInt32? {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard let byte = decimal(part, max: 255) else { return nil }
            number = number << 8 | UInt32(byte)
        }
        return number
    }

    private static func decimal(_ text: Substring, max: Int) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || text.first != "0",
            let number = Int(text), number <= max
        else { return nil }
        return number
    }
}
