/// How the writing thread gets on, so that others see when the disk hangs.
struct RecordingProgress {
    /// How long the disk may take for what it is given at once.
    ///
    /// 1 s: for 1 MiB at most, which a slow disk writes in a tenth of that.
    private static let timeMax = Duration.seconds(1)

    /// Whether the thread has been at the same thing for too long.
    private(set) var isStuck = false
    private var busySince: ContinuousClock.Instant?
    private var tail = 0

    /// Whether the thread has something in hand.
    var isBusy: Bool { busySince != nil }

    /// The thread does something that may take long.
    mutating func begin(at now: ContinuousClock.Instant) {
        busySince = now
    }

    /// It is done with it.
    mutating func end() {
        busySince = nil
        isStuck = false
    }

    /// Finds out how things stand, when that much of the stream is written.
    mutating func look(tail: Int, at now: ContinuousClock.Instant) {
        guard let since = busySince else { return }
        if tail != self.tail {
            self.tail = tail
            busySince = now
        }
        isStuck = now - (busySince ?? since) >= Self.timeMax
    }
}
