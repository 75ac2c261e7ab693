internal import Glibc
internal import Recording

/// Writes entries to a file whatever the disk does: what could not be written is counted, and a gap tells of it as soon
/// as something can be written again.
struct RecordingFileWriter {
    /// The file's two system calls.
    struct Calls {
        /// A call failed with that `errno`.
        struct Failure: Error {
            let code: CInt
        }

        /// Writes one byte or more.
        var write: (UnsafeRawBufferPointer) throws(Failure) -> Int
        /// Returns when all that was written is on the disk.
        var sync: () throws(Failure) -> Void
    }

    /// Entries that are not in the file.
    struct Loss: Equatable {
        var entries = 0
        /// The time of the first one.
        var since = Instant.zero

        mutating func add(_ more: Loss) {
            if entries == 0 { since = more.since }
            entries += more.entries
        }
    }

    /// How much is encoded before it is written, in bytes; a single line may be longer.
    ///
    /// 1 MiB: a call's own cost is nothing against that, nor is the memory.
    private static let bytesPerWriteMax = 1 << 20

    /// How long bytes may be written without being on the disk: what a power failure may cost.
    private static let syncInterval = Duration.milliseconds(200)

    /// How long it waits before it tries again when there is trouble and nothing to write.
    private static let retryInterval = Duration.seconds(1)

    private let path: String
    private let calls: Calls
    /// The header, as long as it is not written.
    private var header: RecordingHeader?
    /// Whether the file ends in the midst of a line.
    private var isTorn: Bool
    /// Lost and not yet told of.
    private var lost = Loss()
    private var buffer: [UInt8] = []
    private var syncFails = false
    private(set) var status = RecordingFile.Status()
    /// What the log should know and was not told yet.
    private var reports: [String] = []
    /// When what was written is to be on the disk; `nil` if it is.
    private var syncDue: ContinuousClock.Instant?

    /// A writer to an open file.
    ///
    /// - Parameters:
    ///   - path: the file's, for people.
    ///   - header: what is written first.
    ///   - isTorn: whether the file ends in the midst of a line, which is then ended.
    ///   - calls: the file's.
    init(path: String, header: RecordingHeader, isTorn: Bool, calls: Calls) {
        self.path = path
        self.header = header
        self.isTorn = isTorn
        self.calls = calls
    }

    /// Writes entries, all or as many as can be, and tells of those that were dropped behind them.
    mutating func write(_ entries: [Entry], dropped: Loss = Loss(), at now: ContinuousClock.Instant) {
        let bytesBefore = status.bytesWritten
        var rest = entries[...]
        if settle() {
            while !rest.isEmpty {
                let count = encode(rest)
                let written = flush(lines: count)
                status.entriesWritten += written
                rest = rest.dropFirst(written)
                if written < count { break }
            }
        }
        if let first = rest.first { lost.add(Loss(entries: rest.count, since: first.time)) }
        if dropped.entries > 0 { lost.add(dropped) }
        status.entriesLost += rest.count + dropped.entries
        let isSettled = rest.isEmpty && settle()
        if syncDue == nil, status.bytesWritten > bytesBefore { syncDue = now + Self.syncInterval }
        if let syncDue, now >= syncDue { sync(at: now) }
        if isSettled, !syncFails, status.trouble != nil || dropped.entries > 0 {
            status.trouble = nil
            reports.append("\(path) is written again; \(status.entriesLost) entries were lost so far")
        }
    }

    /// What has happened that the log should know: trouble that began or changed, and its end.
    mutating func takeReports() -> [String] {
        defer { reports = [] }
        return reports
    }

    /// Waits until all that was written is on the disk.
    mutating func sync(at now: ContinuousClock.Instant) {
        do throws(Calls.Failure) {
            try calls.sync()
            syncFails = false
            syncDue = nil
        } catch {
            syncFails = true
            syncDue = now + Self.retryInterval
            complain("cannot sync \(path): \(String(errno: error.code))")
        }
    }

    /// When ``write(_:dropped:at:)`` should be called even if there is nothing to write.
    var due: ContinuousClock.Instant? {
        syncDue ?? (status.trouble == nil ? nil : .now + Self.retryInterval)
    }

    /// Writes what must stand before anything else; `false` if that could not be done.
    private mutating func settle() -> Bool {
        if isTorn {
            buffer = [UInt8(ascii: "\n")]
            guard flush(lines: 1) == 1 else { return false }
        }
        if let header {
            RecordingEncoder.append(header, to: &buffer)
            guard flush(lines: 1) == 1 else { return false }
            self.header = nil
        }
        if lost.entries > 0 {
            let gap = Entry(time: lost.since, place: .proxy, kind: .gap(entries: lost.entries))
            RecordingEncoder.append(gap, to: &buffer)
            guard flush(lines: 1) == 1 else { return false }
            lost = Loss()
        }
        return true
    }

    /// Encodes entries until there is enough for one write; returns how many.
    private mutating func encode(_ entries: ArraySlice<Entry>) -> Int {
        var count = 0
        for entry in entries {
            RecordingEncoder.append(entry, to: &buffer)
            count += 1
            if buffer.count >= Self.bytesPerWriteMax { break }
        }
        return count
    }

    /// Writes the buffer and empties it; returns how many of its lines are in the file as a whole.
    private mutating func flush(lines: Int) -> Int {
        var written = 0
        defer { buffer.removeAll(keepingCapacity: buffer.capacity <= 2 * Self.bytesPerWriteMax) }
        do throws(Calls.Failure) {
            while written < buffer.count {
                written += try buffer.withUnsafeBufferPointer { bytes throws(Calls.Failure) in
                    try calls.write(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[written...])))
                }
            }
        } catch {
            complain("cannot write \(path): \(String(errno: error.code))")
        }
        if written > 0 { isTorn = buffer[written - 1] != UInt8(ascii: "\n") }
        status.bytesWritten += written
        return written == buffer.count ? lines : buffer[..<written].count { $0 == UInt8(ascii: "\n") }
    }

    private mutating func complain(_ trouble: String) {
        guard status.trouble != trouble else { return }
        status.trouble = trouble
        reports.append(trouble)
    }
}

extension String {
    /// What an `errno` means.
    init(errno code: CInt) {
        self = strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
