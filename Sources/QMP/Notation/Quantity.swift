/// Quantities as people write them: a number and its unit, such as `250ms` or `64MiB`.
public enum Quantity {
    /// A duration in `us` (or `µs`), `ms`, `s`, `min`, `h` or `d`; `nil` if the text is none.
    public static func duration(_ text: String) -> Duration? {
        value(
            of: text,
            units: [
                "us": 1, "µs": 1, "ms": 1000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000,
                "d": 86_400_000_000,
            ]
        ).map { .microseconds($0) }
    }

    /// A size in bytes, from `B`, `KiB`, `MiB`, `GiB` or `TiB`; `nil` if the text is none.
    public static func bytes(_ text: String) -> Int? {
        value(of: text, units: ["B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40])
    }

    /// A size in the largest unit that leaves a whole number: `64MiB`.
    public static func text(bytes: Int) -> String {
        text(bytes, units: [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)])
    }

    /// A duration in the largest unit that leaves a whole number: `250ms`; parts of a microsecond are dropped.
    public static func text(duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let microseconds = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
        return text(
            microseconds,
            units: [
                ("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1000),
                ("us", 1),
            ]
        )
    }

    private static func text(_ value: Int, units: [(name: String, factor: Int)]) -> String {
        let unit = units.first { value.isMultiple(of: $0.factor) && value != 0 } ?? units[units.count - 1]
        return "\(value / unit.factor)\(unit.name)"
    }

    /// The number, which may have decimals, times its unit; parts of the smallest unit are dropped.
    private static func value(of text: String, units: [String: Int]) -> Int? {
        let digits = text.prefix { $0 == "." || ("0"..."9").contains($0) }
        let unit = text[digits.endIndex...].drop { $0 == " " }
        guard let number = decimal(digits), let factor = units[String(unit)] else { return nil }
        return Int(exactly: (number * Double(factor)).rounded(.down))
    }

    /// A number in decimal digits, perhaps with a point; `nil` for any other spelling, such as `0x10`, `1e3` or `+2`.
    public static func decimal(_ text: some StringProtocol) -> Double? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") } ? Double(text) : nil
    }
}
