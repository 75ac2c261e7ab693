internal import QMP

/// Writes the ring's bytes to a file whatever the disk does: what could not be written is tried again later.
struct RecordingWriter {
    /// How much is written by one call, in bytes.
    ///
    /// 1 MiB: a call's own cost is nothing against that, and the ring has room again soon.
    private static let bytesPerWriteMax = 1 << 20

    /// How long bytes may be written without being on the disk: what a power failure may cost.
    private static let syncInterval = Duration.milliseconds(200)

    /// How long it waits before it tries again to sync.
    private static let retryInterval = Duration.seconds(1)

    let ring: RecordingRing
    private let sync: RecordingOptions.Sync
    private var path: String
    private var calls: RecordingSegment.Calls
    private var writeTrouble: String?
    private var syncTrouble: String?
    /// When what was written is to be on the disk; `nil` if it is, or never need be.
    private(set) var syncDue: ContinuousClock.Instant?

    /// A writer to a file that was just opened.
    init(ring: RecordingRing, sync: RecordingOptions.Sync, path: String, calls: RecordingSegment.Calls) {
        self.ring = ring
        self.sync = sync
        self.path = path
        self.calls = calls
    }

    /// What keeps bytes from being written, `nil` if nothing does.
    var trouble: String? { writeTrouble ?? syncTrouble }

    /// Writes what waits before an offset, or as much of it as can be; `false` if that is not all.
    mutating func write(upTo end: Int, at now: ContinuousClock.Instant) -> Bool {
        do throws(SystemFailure) {
            while ring.tail < end {
                let start = ring.tail
                let bytes = ring.bytes(from: start, to: min(end, start + Self.bytesPerWriteMax))
                ring.advance(to: start + (try calls.write(bytes)))
                if syncDue == nil { syncDue = due(from: now) }
            }
            writeTrouble = nil
        } catch {
            writeTrouble = "cannot write \(path): \(String(errno: error.code))"
        }
        syncIfDue(at: now)
        return writeTrouble == nil
    }

    /// Sees to it that what was written is on the disk, if it is time.
    mutating func syncIfDue(at now: ContinuousClock.Instant) {
        if let syncDue, now >= syncDue { syncAll(at: now) }
    }

    /// Goes on with another file, when what the one before should hold is on the disk.
    mutating func begin(path: String, calls: RecordingSegment.Calls, at now: ContinuousClock.Instant) {
        syncAll(at: now)
        self.path = path
        self.calls = calls
        // What could not be synced is behind us: that file is closed.
        syncDue = nil
    }

    /// Waits until all that was written is on the disk.
    mutating func syncAll(at now: ContinuousClock.Instant) {
        guard syncDue != nil else { return }
        do throws(SystemFailure) {
            try calls.sync()
            syncTrouble = nil
            syncDue = nil
        } catch {
            syncTrouble = "cannot sync \(path): \(String(errno: error.code))"
            syncDue = now + Self.retryInterval
        }
    }

    private func due(from now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        switch sync {
        case .none: nil
        case .interval: now + Self.syncInterval
        case .always: now
        }
    }
}
