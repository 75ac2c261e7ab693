/// The first line of a recording: what wrote it, about whom, when.
public struct RecordingHeader: Sendable, Equatable {
    /// The format that this version writes.
    public static let currentFormat = 1

    /// The format's number.
    public var format = currentFormat
    /// When the proxy's clock was at zero: ISO 8601, UTC, milliseconds.
    public var started: String
    /// The version of the proxy.
    public var proxy: String
    /// The monitor's name.
    public var monitor: String
    /// The recording that this one goes on from, if any.
    public var previous: String?

    /// A header.
    public init(started: String, proxy: String, monitor: String, previous: String? = nil) {
        self.started = started
        self.proxy = proxy
        self.monitor = monitor
        self.previous = previous
    }

    /// A header of a recording that was begun so many microseconds after 1970-01-01T00:00:00Z.
    public init(startedMicrosecondsSince1970 start: Int64, proxy: String, monitor: String, previous: String? = nil) {
        self.init(started: Self.utc(start), proxy: proxy, monitor: monitor, previous: previous)
    }

    /// A point in time as ISO 8601, such as `2026-11-21T03:06:29.120Z`; parts of a millisecond are dropped.
    static func utc(_ microsecondsSince1970: Int64) -> String {
        let (days, microsecond) = microsecondsSince1970.flooredQuotientAndRemainder(by: 86_400_000_000)
        let millisecond = microsecond / 1000
        let (year, month, day) = civil(days)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let hours = padded(millisecond / 3_600_000, 2)
        let minutes = padded(millisecond / 60_000 % 60, 2)
        let seconds = padded(millisecond / 1000 % 60, 2)
        return "\(date)T\(hours):\(minutes):\(seconds).\(padded(millisecond % 1000, 3))Z"
    }

    /// The date in the Gregorian calendar, so many days after 1970-01-01.
    ///
    /// Years are counted from March, so that the day that may be missing is the last one (H. Hinnant,
    /// "chrono-Compatible Low-Level Date Algorithms").
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, day) = (days + 719_468).flooredQuotientAndRemainder(by: 146_097)
        let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + year + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func flooredQuotientAndRemainder(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// A number with zeros before it up to a width.
func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
