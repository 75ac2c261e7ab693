internal import Dispatch
internal import QMP
public import Recording
internal import Synchronization

/// A recording that is being written, by a thread of its own: nobody waits for the disk.
///
/// What is handed over (``handOver()``, ``wakeUp()``) is written within 5 ms, and is on the disk as
/// ``RecordingOptions/sync`` says. A guardian, a process of its own, writes the rest if this one is killed. What waits
/// to be written is bounded; entries beyond that are lost, and the recording tells how many. Call ``close()`` in the
/// end.
public final class Recorder: Sendable {
    /// What keeps a recording from being written, in a line for a person.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The call, the path and the reason.
        public let description: String
        /// The reason, if it was the kernel's.
        let code: CInt

        init(_ description: String) {
            self.description = description
            code = 0
        }

        init(_ call: String, _ path: String, _ code: CInt) {
            description = "\(call) \(path): \(String(errno: code))"
            self.code = code
        }
    }

    /// What the log should know.
    public enum Report: Sendable, Equatable {
        /// Something is wrong, in a line for a person.
        case trouble(String)
        /// All is well again, in a line for a person.
        case settled(String)
        /// Another segment has begun, at that path.
        case segment(String)
    }

    /// How far the recording has come.
    public struct Status: Sendable, Equatable {
        /// Entries that were taken, those among them that still wait to be written.
        public internal(set) var entriesWritten = 0
        /// Bytes written, headers and gaps included.
        public internal(set) var bytesWritten = 0
        /// Entries that are not in the recording and never will be.
        public internal(set) var entriesLost = 0
        /// What is wrong, `nil` when all is well.
        public internal(set) var trouble: String?
        /// The current segment's path.
        public internal(set) var path = ""
        /// Segments begun, the current one among them.
        public internal(set) var segments = 0
    }

    /// What both the caller and the thread have, under one lock.
    struct State {
        var queue: RecordingQueue
        /// Whether the thread sleeps until it is woken, which costs as much as a small write.
        var isThreadWaiting = false
        var isClosed = false
        var writeTrouble: String?
        var progress = RecordingProgress()
        /// What the recording lacks in the end.
        var missing: String?
        /// The trouble that was told last.
        var troubleTold: String?
        var path: String
        var segments = 1

        /// Up to where something waits for the current segment; `nil` if nothing does.
        var endOfWritable: Int? {
            let end = queue.cuts.first?.offset ?? queue.ring.head
            return queue.ring.tail < end ? end : nil
        }

        /// What is wrong, as it is told of the recording at a path.
        func trouble(with path: String) -> String? {
            let stuck = progress.isStuck ? "\(path) does not take what is written" : writeTrouble
            guard queue.lost.entries > 0 else { return stuck }
            return stuck.map { "\($0); entries are lost" }
                ?? "more comes than \(path) takes, entries are lost"
        }

        /// What the log should know since this was last asked.
        mutating func takeReport(on path: String) -> Report? {
            let trouble = trouble(with: path)
            guard trouble != troubleTold else { return nil }
            troubleTold = trouble
            return trouble.map { .trouble($0) }
                ?? .settled("\(path) is written again; \(queue.entriesLost) entries were lost so far")
        }

        /// Whether the thread must be woken: who asks does it.
        mutating func takeThreadWaiting() -> Bool {
            defer { isThreadWaiting = false }
            return isThreadWaiting
        }
    }

    /// How long ``close()`` waits for the disk.
    ///
    /// 5 s: enough for 64 MiB on a slow disk; a service manager's patience is longer.
    private static let closingTimeMax = DispatchTimeInterval.seconds(5)

    let options: RecordingOptions
    let onReport: @Sendable (Report) -> Void
    let state: Mutex<State>
    let wake = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    private let folder: RecordingFolder
    private let canRotate: Bool

    /// Opens a recording's first segment, and begins to record.
    ///
    /// A file that is a recording already is gone on with, behind a header of its own; one that is something else is
    /// left alone. What is created is its owner's only (mode 0600, a directory 0700), since messages carry secrets.
    ///
    /// - Parameters:
    ///   - options: where and how.
    ///   - header: what is written first; the recorder says itself which segment is the one before.
    ///   - startedMicrosecondsSince1970: when the clock of the entries was at zero; segments are named by that.
    ///   - queueBytesMax: so many bytes may wait to be written; what comes beyond that is lost.
    ///   - onReport: called on any thread with what the log should know; ``status`` knows of it already. It must return
    ///     soon.
    /// - Throws: what keeps the file from being used. Trouble with writing, even of the header, does not: a full disk
    ///   stops nobody.
    public convenience init(
        options: RecordingOptions,
        header: RecordingHeader,
        startedMicrosecondsSince1970: Int64,
        queueBytesMax: Int = 64 << 20,
        onReport: @escaping @Sendable (Report) -> Void = { _ in }
    ) throws(Failure) {
        try self.init(
            options: options,
            header: header,
            startedMicrosecondsSince1970: startedMicrosecondsSince1970,
            queueBytesMax: queueBytesMax,
            calls: { $0.calls },
            onReport: onReport
        )
    }

    /// The same, with system calls of the caller's choice.
    init(
        options: RecordingOptions,
        header: RecordingHeader,
        startedMicrosecondsSince1970 started: Int64,
        queueBytesMax: Int,
        calls: @escaping @Sendable (RecordingSegment) -> RecordingSegment.Calls,
        onReport: @escaping @Sendable (Report) -> Void
    ) throws(Failure) {
        var header = header
        folder = RecordingFolder(path: options.path, monitor: header.monitor)
        self.options = folder.filePath == nil ? options.asDirectory : options
        self.onReport = onReport
        let lock = try folder.lock()
        let segment = try folder.begin(&header, begun: started)
        canRotate = segment.isRegular
        let ring: RecordingRing
        do throws(SystemFailure) {
            ring = try RecordingRing(bytes: queueBytesMax)
        } catch {
            segment.close()
            throw Failure("mmap for", options.path, error.code)
        }
        var queue = RecordingQueue(ring: ring, options: self.options, startedMicrosecondsSince1970: started)
        queue.begin(header, isTorn: segment.isTorn, bytesBefore: segment.bytesBefore, begun: segment.begun)
        state = Mutex(State(queue: queue, path: segment.path))
        var files = RecordingFiles(
            ring: ring,
            first: segment,
            folder: folder,
            lock: lock,
            options: self.options,
            calls: calls
        )
        let headerEnd = queue.headerEnd
        let problem = files.startGuardian()
        let code = startRecordingThread { [self, files] in
            if let problem { onReport(.trouble(problem)) }
            run(files, headerEnd: headerEnd, previous: header.previous)
        }
        guard code == 0 else {
            files.close(at: .now)
            throw Failure("pthread_create", options.path, code)
        }
    }

    deinit {
        state.withLock { $0.queue.ring.unmap() }
    }

    /// How far the recording has come.
    public var status: Status {
        state.withLock { state in
            Status(
                entriesWritten: state.queue.entriesWritten,
                bytesWritten: state.queue.ring.tail,
                entriesLost: state.queue.entriesLost,
                trouble: state.trouble(with: options.path),
                path: state.path,
                segments: state.segments
            )
        }
    }

    /// Takes what happened, so that nothing is left of it; never waits for the disk.
    ///
    /// By one thread at a time, which calls ``handOver()``, and ``wakeUp()``, behind what belongs together. Once it is
    /// closed nothing is taken any more.
    public func take(_ recorded: inout RecordedLines) {
        let tooLong = state.withLock { state in state.isClosed ? [] : state.queue.append(recorded) }
        recorded.removeAll()
        for bytes in tooLong {
            onReport(.trouble("\(options.path): an entry of \(bytes) bytes is too long to wait, it is lost"))
        }
    }

    /// Has what was taken written if this process ends, whatever ends it; if it lives on, ``wakeUp()`` does.
    ///
    /// With nothing taken it still says how many were lost, if there is room for that by now.
    ///
    /// - Returns: whether another segment is due, by its size or age: then call ``beginSegment(_:at:)``; and whether
    ///   the thread that writes is at rest: then call ``wakeUp()`` soon.
    public func handOver() -> (isSegmentDue: Bool, isThreadAtRest: Bool) {
        let (isDue, rests, report) = state.withLock { state -> (Bool, Bool, Report?) in
            guard !state.isClosed else { return (false, false, nil) }
            let isDue = state.queue.handOver() && canRotate
            return (isDue, state.isThreadWaiting, state.takeReport(on: options.path))
        }
        if let report { onReport(report) }
        return (isDue, rests)
    }

    /// Has the thread write what was handed over, if it is at rest.
    ///
    /// Apart from ``handOver()`` since it may take 50 µs, for which what is to be sent need not wait.
    public func wakeUp() {
        if state.withLock({ $0.takeThreadWaiting() }) { wake.signal() }
    }

    /// Ends the segment and begins another with what is appended next; it is opened by the writing thread.
    ///
    /// If there is no room even for the header, a segment is due again with the next entry. In a directory, a segment
    /// that holds nothing but its header goes on: others are worth more than another of those.
    ///
    /// - Parameters:
    ///   - header: what is written first; the recorder says itself which segment is the one before.
    ///   - time: when the segment begins.
    public func beginSegment(_ header: RecordingHeader, at time: Instant) {
        let wakes = state.withLock { state in
            guard !state.isClosed else { return false }
            // A file goes on in any case: somebody may have moved it aside.
            if folder.filePath == nil, state.queue.holdsOnlyHeader { return false }
            let previous = canRotate ? folder.name(begun: state.queue.begun) : nil
            state.queue.beginSegment(header, previous: previous, at: time)
            return state.takeThreadWaiting()
        }
        if wakes { wake.signal() }
    }

    /// Looks whether the disk takes what is written, and reports it if that has changed.
    ///
    /// A thread that waits for a disk cannot tell of it: call this a second after ``handOver()``.
    ///
    /// - Returns: whether something is still to be written: then call it again a second later.
    public func check() -> Bool { check(at: .now) }

    func check(at now: ContinuousClock.Instant) -> Bool {
        let (isBusy, report) = state.withLock { state in
            let ring = state.queue.ring
            state.progress.look(tail: ring.tail, at: now)
            return (state.progress.isBusy || ring.tail < ring.head, state.takeReport(on: options.path))
        }
        if let report { onReport(report) }
        return isBusy
    }

    /// Writes what waits and ends; returns when all is on the disk, or after 5 s.
    ///
    /// - Returns: what the recording lacks, in a line for a person; `nil` if it is whole.
    @discardableResult
    public func close() -> String? {
        state.withLock { $0.isClosed = true }
        wake.signal()
        if ended.wait(timeout: .now() + Self.closingTimeMax) == .success {
            // For whoever closes it once more.
            ended.signal()
            return state.withLock { $0.missing }
        }
        // Else the guardian would wait for that disk as long as it hangs.
        state.withLock { $0.queue.ring.abandon() }
        return "\(options.path) could not be written to its end in time"
    }
}
