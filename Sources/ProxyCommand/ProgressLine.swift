internal import Glibc
internal import Recording

/// How far a long run is: one line of a terminal that is drawn again and again, and gone at the end.
struct ProgressLine {
    /// Times it is drawn in a second at most.
    ///
    /// Ten: more than that nobody can read, and each costs a system call.
    private static let drawnPerSecondMax: Int64 = 10

    /// How many bytes there are in all; `nil` if that is not known.
    private let total: Int?
    private let start: Instant
    private var drawn: Instant?

    /// A run that begins now.
    init(total: Int?, at start: Instant) {
        self.total = total
        self.start = start
    }

    /// What is to be written when so many bytes are done; `nil` if it is too early to draw again.
    mutating func line(bytes: Int, at now: Instant) -> String? {
        let done = total.map { "\($0 > 0 ? min(100, Int(Double(bytes) / Double($0) * 100)) : 100) %" }
        let seconds = now.seconds(since: start)
        return line(at: now) {
            let speed = Int(Double(bytes) / 1e6 / seconds)
            return "\(done ?? "\((bytes / 1_000_000).grouped) MB"), \(speed.grouped) MB/s"
        }
    }

    /// What is to be written to show a text; `nil` if it is too early to draw again.
    mutating func line(at now: Instant, _ text: () -> String) -> String? {
        let interval = 1_000_000 / Self.drawnPerSecondMax
        guard now.microseconds - (drawn ?? start).microseconds >= interval else { return nil }
        drawn = now
        return "\r\u{1B}[K\(text())"
    }

    /// What erases the line; `nil` if there is none.
    mutating func erasure() -> String? {
        defer { drawn = drawn.map { _ in .zero } }
        return drawn == nil || drawn == .zero ? nil : "\r\u{1B}[K"
    }

    /// The monotonic clock (clock_gettime(2)).
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
