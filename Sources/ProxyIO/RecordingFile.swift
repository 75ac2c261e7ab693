internal import Dispatch
internal import QMP
public import Recording
internal import Synchronization

/// A recording that is being written, by a thread of its own: nobody waits for the disk.
///
/// What is appended is written at once, under load within 0.25 ms, and is on the disk 0.2 s later. What waits to be
/// written is bounded; entries beyond that are dropped, and the recording tells how many. Call ``close()`` in the end.
public final class RecordingFile: Sendable {
    /// What keeps a file from being recorded to, in a line for a person.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The call, the path and the reason.
        public let description: String

        init(_ description: String) {
            self.description = description
        }

        init(_ call: String, _ path: String, _ code: CInt) {
            self.init("\(call) \(path): \(String(errno: code))")
        }
    }

    /// How far the recording has come.
    public struct Status: Sendable, Equatable {
        /// Entries in the file.
        public internal(set) var entriesWritten = 0
        /// Bytes written, headers and gaps included.
        public internal(set) var bytesWritten = 0
        /// Entries that are not in the file and never will be.
        public internal(set) var entriesLost = 0
        /// What is wrong, `nil` when all is well.
        public internal(set) var trouble: String?
    }

    private struct Queue {
        var entries: [Entry] = []
        /// Dropped since entries were last taken to be written.
        var dropped = RecordingFileWriter.Loss()
        /// Of what waits and of what is being written.
        var bytes = 0
        var bytesBeingWritten = 0
        /// Whether the thread sleeps until it is woken, which costs as much as a small write.
        var isThreadWaiting = false
        var isClosed = false
        var status = Status()
    }

    /// What the thread is to do next.
    private enum Step {
        case write([Entry], dropped: RecordingFileWriter.Loss)
        case wait
        case end
    }

    /// How long the thread lets entries gather behind a write.
    ///
    /// 200 µs: to wake a thread costs the event loop 10 µs on a virtual machine, more than all else that it does for an
    /// entry. So only what comes after a rest wakes it, and under load nobody does. A crash costs so much at worst.
    private static let gatheringTime = DispatchTimeInterval.microseconds(200)

    /// How long ``close()`` waits for the disk.
    ///
    /// 5 s: enough for 64 MiB on a slow disk; a service manager's patience is longer.
    private static let closingTimeMax = DispatchTimeInterval.seconds(5)

    private let path: String
    private let queueBytesMax: Int
    private let onTrouble: @Sendable (String) -> Void
    private let queue = Mutex(Queue())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Opens a file, and begins to record.
    ///
    /// A file that is a recording already is gone on with, behind a header of its own; one that is something else is
    /// left alone. A new file is its owner's only (mode 0600), since messages carry secrets.
    ///
    /// - Parameters:
    ///   - path: the file's.
    ///   - header: what is written first.
    ///   - queueBytesMax: with so many bytes waiting to be written nothing more is taken.
    ///   - onTrouble: called with a line for the log when trouble begins, changes and ends, on any thread;
    ///     ``status`` knows of it already. It must return soon.
    /// - Throws: what keeps the file from being used. Trouble with writing, even of the header, does not: a full disk
    ///   stops nobody.
    public init(
        path: String,
        header: RecordingHeader,
        queueBytesMax: Int = 64 << 20,
        onTrouble: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(Failure) {
        self.path = path
        self.queueBytesMax = queueBytesMax
        self.onTrouble = onTrouble
        let file = try RecordingFileDescriptor(path: path)
        let writer = RecordingFileWriter(path: path, header: header, isTorn: file.isTorn, calls: file.calls)
        let code = startRecordingFileThread { [self] in
            run(writer)
            file.close()
            ended.signal()
        }
        guard code == 0 else {
            file.close()
            throw Failure("pthread_create", path, code)
        }
    }

    /// How far the recording has come.
    public var status: Status {
        queue.withLock { queue in
            var status = queue.status
            guard queue.dropped.entries > 0 else { return status }
            status.entriesLost += queue.dropped.entries
            status.trouble = status.trouble ?? tooSlow
            return status
        }
    }

    /// Hands over what happened, to be written at once; never waits for the disk.
    ///
    /// Once it is closed nothing is taken any more.
    public func append(_ entries: [Entry]) {
        guard !entries.isEmpty else { return }
        let (wakes, complains) = queue.withLock { queue in
            guard !queue.isClosed else { return (false, false) }
            let droppedBefore = queue.dropped.entries
            for entry in entries {
                // Behind a dropped entry none is taken before the gap is written in its place.
                guard queue.bytes < queueBytesMax, queue.dropped.entries == 0 else {
                    queue.dropped.add(RecordingFileWriter.Loss(entries: 1, since: entry.time))
                    continue
                }
                queue.bytes += entry.bytesHeld
                queue.entries.append(entry)
            }
            defer { queue.isThreadWaiting = false }
            return (queue.isThreadWaiting, droppedBefore == 0 && queue.dropped.entries > 0)
        }
        if wakes { wake.signal() }
        if complains { onTrouble(tooSlow) }
    }

    /// Writes what waits and ends; returns when all is on the disk, or after 5 s.
    public func close() {
        let wakes = queue.withLock { queue in
            queue.isClosed = true
            defer { queue.isThreadWaiting = false }
            return queue.isThreadWaiting
        }
        if wakes { wake.signal() }
        if ended.wait(timeout: .now() + Self.closingTimeMax) == .success {
            // For whoever closes it once more.
            ended.signal()
        } else {
            onTrouble("\(path) could not be written to its end in time")
        }
    }

    private var tooSlow: String { "the disk is too slow for \(path), entries are lost" }

    // MARK: - The thread

    private func run(_ start: RecordingFileWriter) {
        var writer = start
        // The header is written at once, whenever the first entry comes.
        writer.write([], at: .now)
        while true {
            publish(&writer)
            switch nextStep() {
            case .write(let entries, let dropped):
                writer.write(entries, dropped: dropped, at: .now)
                // Nobody signals: it is not marked as waiting.
                _ = wake.wait(timeout: .now() + Self.gatheringTime)
            case .wait:
                let isWoken = wait(until: writer.due)
                if !isWoken { writer.write([], at: .now) }
            case .end:
                writer.sync(at: .now)
                return publish(&writer)
            }
        }
    }

    private func publish(_ writer: inout RecordingFileWriter) {
        let status = writer.status
        queue.withLock { queue in
            queue.status = status
            queue.bytes -= queue.bytesBeingWritten
            queue.bytesBeingWritten = 0
        }
        for report in writer.takeReports() { onTrouble(report) }
    }

    private func nextStep() -> Step {
        queue.withLock { queue in
            guard queue.entries.isEmpty, queue.dropped.entries == 0 else {
                queue.bytesBeingWritten = queue.bytes
                if queue.dropped.entries > 0 {
                    queue.status.entriesLost += queue.dropped.entries
                    queue.status.trouble = queue.status.trouble ?? tooSlow
                }
                defer {
                    queue.entries = []
                    queue.dropped = RecordingFileWriter.Loss()
                }
                return .write(queue.entries, dropped: queue.dropped)
            }
            queue.isThreadWaiting = !queue.isClosed
            return queue.isClosed ? .end : .wait
        }
    }

    /// Waits until there is something to do; `false` when the time has come.
    private func wait(until due: ContinuousClock.Instant?) -> Bool {
        guard let due else {
            wake.wait()
            return true
        }
        let (seconds, attoseconds) = (due - .now).components
        let left = DispatchTimeInterval.nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
        return wake.wait(timeout: .now() + left) == .success
    }
}

extension Entry {
    /// What it holds in memory, roughly.
    fileprivate var bytesHeld: Int {
        let bytes =
            switch kind {
            case .opened(let text), .closed(let text): text.utf8.count
            case .received(.message(let message, _)), .sent(.message(let message, _)): message.count
            case .received(.invalid(let bytes, _)), .sent(.invalid(let bytes, _)): bytes.count
            case .gap: 0
            case .other(_, let line): line.count
            }
        return bytes + 128
    }
}
