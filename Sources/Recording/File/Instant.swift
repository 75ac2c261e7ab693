/// A point on the proxy's own clock: microseconds since it was started, monotonic.
///
/// Engine and recorder never read a clock; this comes in with every event.
public struct Instant: Sendable, Hashable, Comparable {
    /// Microseconds since the start.
    public var microseconds: Int64

    /// The instant that many microseconds after the start.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The instant so many seconds after the start; `nil` if they are none or more than 126 years, up to which a double
    /// is exact to the microsecond.
    init?(seconds: Double) {
        guard seconds.magnitude < 4e9 else { return nil }
        self.init(microseconds: Int64((seconds * 1_000_000).rounded()))
    }

    /// The start itself.
    public static let zero = Instant(microseconds: 0)

    /// Earlier is less.
    public static func < (one: Instant, other: Instant) -> Bool {
        one.microseconds < other.microseconds
    }

    /// The instant a duration later; parts of a microsecond are dropped.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        return Instant(microseconds: instant.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// How much later another instant is.
    func duration(to other: Instant) -> Duration {
        .microseconds(other.microseconds - microseconds)
    }

    /// Seconds from another instant to this one.
    public func seconds(since other: Instant) -> Double {
        Double(microseconds - other.microseconds) / 1_000_000
    }
}
