public import QMP

/// The first line of a recording: what wrote it, about whom, when.
///
/// A recording may be cut into segments; the header of one that goes on from another repeats what its reader needs.
public struct RecordingHeader: Sendable, Equatable {
    /// A client that is connected when the segment begins.
    public struct Client: Sendable, Equatable {
        /// Its number.
        public var number: Int
        /// Who it is.
        public var peer: String

        /// A client.
        public init(number: Int, peer: String) {
            self.number = number
            self.peer = peer
        }
    }

    /// A command that is not answered when the segment begins.
    public struct Command: Sendable, Equatable {
        /// The proxy's number for it.
        public var number: Int
        /// Whose it is; `nil` for a plugin's.
        public var client: Int?
        /// What is to be executed; `nil` when QEMU has yet to say what is wrong with it.
        public var name: String?
        /// When the client asked; `nil` if that is not told.
        public var asked: Instant?

        /// A command.
        public init(number: Int, client: Int?, name: String?, asked: Instant? = nil) {
            self.number = number
            self.client = client
            self.name = name
            self.asked = asked
        }
    }

    /// Which recording it is: the proxies of several monitors may have been started in the same millisecond.
    struct Key: Hashable {
        let monitor: String
        let started: String
    }

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
    /// The name of the file that this one goes on from, if any.
    public var previous: String?
    /// When this segment begins, on the same clock as its entries.
    public var begins = Instant.zero
    /// What the monitor said when it was connected to, without its line end; `nil` if it is not connected.
    public var greeting: Bytes?
    /// Who is connected.
    public var clients: [Client] = []
    /// What is not answered, be it at the monitor or on its way there.
    public var commands: [Command] = []
    /// Members that this version does not know, as they were written: `"name": value, …`; empty if there are none.
    public var unknownMembers: [UInt8] = []

    var key: Key { Key(monitor: monitor, started: started) }

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
