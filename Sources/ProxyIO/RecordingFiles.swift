internal import Glibc

/// A recording's files, one after the other, as the writing thread has them.
struct RecordingFiles {
    /// How often it looks what became of file and guardian, while something is written.
    ///
    /// 1 s: two system calls, and so much is lost at most of what goes to a file that was deleted.
    private static let checkInterval = Duration.seconds(1)

    private(set) var writer: RecordingWriter
    private(set) var segment: RecordingSegment
    private let folder: RecordingFolder
    private let options: RecordingOptions
    private let calls: @Sendable (RecordingSegment) -> RecordingSegment.Calls
    private var lock: DirectoryLock?
    /// The stream's offset of the first byte that this segment got.
    private var start = 0
    private var checkDue = ContinuousClock.now
    private(set) var guardian: RecordingGuardian?

    /// The files from the first one on, which was just opened.
    init(
        ring: RecordingRing,
        first segment: RecordingSegment,
        folder: RecordingFolder,
        lock: DirectoryLock?,
        options: RecordingOptions,
        calls: @escaping @Sendable (RecordingSegment) -> RecordingSegment.Calls
    ) {
        self.folder = folder
        self.lock = lock
        self.options = options
        self.calls = calls
        self.segment = segment
        writer = RecordingWriter(ring: ring, sync: options.sync, path: segment.path, calls: calls(segment))
    }

    /// Starts the guardian; what keeps it from living, in a line for the log.
    mutating func startGuardian() -> String? {
        do throws(SystemFailure) {
            let guardian = try RecordingGuardian(of: writer.ring)
            self.guardian = guardian
            if !guardian.watch(segment, from: start) { return loseGuardian("it ended at once") }
            return nil
        } catch {
            return loseGuardian(String(errno: error.code))
        }
    }

    /// Whether it is time to look after guardian and file.
    mutating func isCheckDue(at now: ContinuousClock.Instant) -> Bool {
        guard now >= checkDue else { return false }
        checkDue = now + Self.checkInterval
        return true
    }

    /// Looks after the guardian; that it was gone, in a line for the log.
    mutating func checkGuardian() -> String? {
        guard let guardian, !guardian.isAlive else { return nil }
        return replaceGuardian()
    }

    /// What somebody else did to the file, in a line for the log.
    func checkFile() -> String? {
        segment.harm(bytes: segment.bytesBefore + writer.ring.tail - start)
    }

    /// Deletes segments that are too many; what could not be done, in lines for the log.
    func prune(previous: String?) -> [String] {
        defer { if options.sync != .none { folder.sync() } }
        return folder.prune(by: options, current: segment, previous: previous)
    }

    /// Begins the segment of a cut that the stream has come to, or goes on in the old one if that is not possible.
    ///
    /// - Returns: what could not be done, in lines for the log.
    mutating func begin(_ cut: RecordingQueue.Cut, at now: ContinuousClock.Instant) -> [String] {
        guard segment.isRegular else { return [] }
        do throws(Recorder.Failure) {
            let next = try open(cut)
            var problems: [String] = []
            // Told before the first byte is written there: at each moment the guardian knows where to go on.
            let isWatched = guardian?.watch(next, from: cut.offset) ?? true
            writer.begin(path: next.path, calls: calls(next), at: now)
            let old = segment
            segment = next
            start = cut.offset
            old.unlock()
            old.close()
            if !isWatched { problems.append(replaceGuardian()) }
            return problems + prune(previous: old.name)
        } catch {
            return ["the segment \(segment.path) goes on, a new one is not possible: \(error)"]
        }
    }

    /// Writes what waits before an offset; `false` if that could not be done.
    mutating func write(upTo end: Int, at now: ContinuousClock.Instant) -> Bool {
        writer.write(upTo: end, at: now)
    }

    /// Sees to it that what was written is on the disk, if it is time.
    mutating func syncIfDue(at now: ContinuousClock.Instant) {
        writer.syncIfDue(at: now)
    }

    /// All is written, or never will be.
    mutating func close(at now: ContinuousClock.Instant) {
        writer.syncAll(at: now)
        segment.close()
        guardian?.stop()
        guardian = nil
        lock?.release()
    }

    private mutating func open(_ cut: RecordingQueue.Cut) throws(Recorder.Failure) -> RecordingSegment {
        guard let path = folder.filePath else {
            if segment.isDeleted, access(folder.directory, F_OK) != 0 { lock = try folder.lock() }
            return try folder.create(begun: cut.begun)
        }
        if segment.path == path, let archived = try folder.archive(segment) { segment.path = archived }
        let next = try RecordingSegment(path: path, begun: cut.begun)
        guard !next.isTorn else {
            next.close()
            throw Recorder.Failure("\(path) ends in the midst of a line")
        }
        return next
    }

    /// Starts another one; that the one before is gone, in a line for the log.
    private mutating func replaceGuardian() -> String {
        guardian?.stop()
        guardian = nil
        return startGuardian() ?? "the guardian of \(options.path) was gone, there is another one"
    }

    private mutating func loseGuardian(_ reason: String) -> String {
        guardian?.stop()
        guardian = nil
        return "no guardian for \(options.path), \(reason): what waits to be written is lost if the proxy is killed"
    }
}
