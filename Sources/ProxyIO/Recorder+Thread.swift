internal import Dispatch
internal import Synchronization

extension Recorder {
    /// What the thread is to do next.
    private enum Step {
        case write(upTo: Int)
        case begin(RecordingQueue.Cut)
        /// `holdsMuch`: there is memory to be given back when nothing comes for a while.
        case wait(holdsMuch: Bool)
        case end
    }

    /// How long the thread lets entries gather behind a write.
    ///
    /// 5 ms: to wake a thread costs the event loop 10 to 50 µs on a virtual machine, more than all else that it does
    /// for an entry. So only what comes after a rest wakes it, and under load nobody does. A crash loses nothing by it.
    private static let gatheringTime = DispatchTimeInterval.milliseconds(5)

    /// How long it rests before it tries again what failed, or gives memory back.
    private static let restingTime = Duration.seconds(1)

    /// The thread's life.
    ///
    /// Old segments are deleted once an entry was written: a proxy that fails to start time and again deletes none.
    func run(_ start: RecordingFiles, headerEnd: Int, previous: String?) {
        var files = start
        // After a write that failed, a while passes or something comes before the next one.
        var mayWrite = true
        var restEnds = ContinuousClock.now
        var isPruned = false
        while true {
            switch nextStep(mayWrite: mayWrite) {
            case .write(let end):
                mayWrite = files.write(upTo: end, at: .now)
                // What came meanwhile is little: with that written, too, the ring is empty, and begins anew with memory
                // that is in the caches.
                if mayWrite, let end = state.withLock({ $0.endOfWritable }) {
                    mayWrite = files.write(upTo: end, at: .now)
                }
                publish(files)
                check(&files)
                if !isPruned, files.writer.ring.tail > headerEnd {
                    isPruned = true
                    for problem in files.prune(previous: previous) { onReport(.trouble(problem)) }
                }
                restEnds = .now + Self.restingTime
                // Nobody signals: it is not marked as waiting.
                if options.sync != .always { _ = wake.wait(timeout: .now() + Self.gatheringTime) }
            case .begin(let cut):
                begin(cut, &files)
            case .wait(let holdsMuch):
                let isWoken = wait(until: [files.writer.syncDue, holdsMuch || !mayWrite ? restEnds : nil])
                if !isWoken { look(after: &files, releasesMemory: .now >= restEnds) }
                mayWrite = mayWrite || isWoken || .now >= restEnds
            case .end:
                files.close(at: .now)
                publish(files)
                noteMissing(files)
                ended.signal()
                return
            }
        }
    }

    private func nextStep(mayWrite: Bool) -> Step {
        state.withLock { state in
            let ring = state.queue.ring
            state.progress.begin(at: .now)
            if let cut = state.queue.cuts.first, cut.offset == ring.tail { return .begin(cut) }
            let end = state.endOfWritable
            if let end, mayWrite { return .write(upTo: end) }
            if state.isClosed { return .end }
            state.isThreadWaiting = true
            state.progress.end()
            return .wait(holdsMuch: ring.holdsMuch && end == nil)
        }
    }

    /// Waits until there is something to do; `false` when one of the times has come.
    private func wait(until times: [ContinuousClock.Instant?]) -> Bool {
        guard let due = times.compactMap({ $0 }).min() else {
            wake.wait()
            return true
        }
        let (seconds, attoseconds) = (due - .now).components
        let left = DispatchTimeInterval.nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
        return wake.wait(timeout: .now() + left) == .success
    }

    /// What is done when nothing comes.
    private func look(after files: inout RecordingFiles, releasesMemory: Bool) {
        state.withLock { $0.progress.begin(at: .now) }
        files.syncIfDue(at: .now)
        publish(files)
        check(&files)
        while releasesMemory, state.withLock({ $0.queue.release() }) {}
    }

    /// Looks after what others may have done to file and guardian.
    private func check(_ files: inout RecordingFiles) {
        guard files.isCheckDue(at: .now) else { return }
        if let problem = files.checkGuardian() { onReport(.trouble(problem)) }
        guard let harm = files.checkFile(), state.withLock({ $0.queue.wantSegment() }) else { return }
        onReport(.trouble("\(harm); what comes next goes to a new file"))
    }

    private func begin(_ cut: RecordingQueue.Cut, _ files: inout RecordingFiles) {
        let before = files.segment.begun
        let problems = files.begin(cut, at: .now)
        let segment = files.segment
        state.withLock { state in
            state.queue.removeCut(begun: segment.begun)
            state.path = segment.path
            if segment.begun != before { state.segments += 1 }
        }
        if segment.begun != before { onReport(.segment(segment.path)) }
        for problem in problems { onReport(.trouble(problem)) }
        publish(files)
    }

    private func publish(_ files: RecordingFiles) {
        let report = state.withLock { state in
            state.writeTrouble = files.writer.trouble
            state.progress.end()
            // There is room now: the gap that is due can be told.
            state.queue.tellLoss()
            return state.takeReport(on: options.path)
        }
        if let report { onReport(report) }
    }

    private func noteMissing(_ files: RecordingFiles) {
        state.withLock { state in
            let bytes = state.queue.ring.head - state.queue.ring.tail
            let entries = state.queue.lost.entries
            let parts = (bytes > 0 ? ["\(bytes) bytes"] : []) + (entries > 0 ? ["\(entries) entries"] : [])
            let lack = "\(files.segment.path) lacks the last \(parts.joined(separator: " and "))"
            state.missing = parts.isEmpty ? files.writer.trouble : lack
        }
    }
}
