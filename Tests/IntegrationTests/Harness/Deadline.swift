import Foundation

/// The point in time at which waiting for a fact is given up.
struct Deadline {
    /// How long a test waits for what should come at once; long, since other tests share the machine.
    static let patience = Duration.seconds(30)

    private let end: ContinuousClock.Instant

    init(in duration: Duration = Self.patience) {
        end = ContinuousClock.now + duration
    }

    var isPast: Bool { ContinuousClock.now >= end }

    /// What is left, for poll(2).
    var milliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: end) / .milliseconds(1)
        return Int32(max(0, min(left.rounded(.up), 1_000_000)))
    }

    /// Waits until a descriptor is ready; `false` if it is not in time.
    func waits(for events: Int32, on descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let count = poll(&entry, 1, milliseconds)
            if count > 0 { return true }
            if count == 0, isPast { return false }
        }
    }

    /// Asks again every few milliseconds until something is so; `false` if it is not in time.
    func waits(every milliseconds: Int32 = 5, until isSo: () throws -> Bool) rethrows -> Bool {
        while true {
            if try isSo() { return true }
            if isPast { return false }
            poll(nil, 0, milliseconds)
        }
    }
}

/// What a test cannot go on after.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// A system call that failed, with its reason.
    static func system(_ what: String) -> Failure {
        Failure("\(what): \(String(cString: strerror(errno)))")
    }
}
