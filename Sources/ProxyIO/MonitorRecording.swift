internal import Libevent
internal import ProxyCore
internal import QMP
internal import Recording

/// What one monitor's server has of its recording: what is on its way to the recorder.
///
/// It hands that over by itself before anything leaves (``EventLoop/beforeFlush``). No actor is in between: a look at
/// the thread, several times a turn, would cost as much as all the rest.
final class MonitorRecording {
    private let recorder: Recorder
    /// The first segment's header, which the others repeat.
    private let header: RecordingHeader
    private unowned let loop: EventLoop
    private let onSegmentDue: () -> Void
    /// Whether something was taken that is not handed over.
    private var hasEntries = false
    /// Set as long as something is to be written: a disk that hangs is told by nobody else.
    private var check: Timer?

    /// Begins to record.
    ///
    /// - Parameters:
    ///   - options: where and how.
    ///   - header: the first segment's.
    ///   - startedMicrosecondsSince1970: when the clock of the entries was at zero.
    ///   - loop: whose thread this is.
    ///   - onSegmentDue: called when another segment is due: then ``beginSegment(describing:at:)`` is to be called.
    ///   - onReport: as the recorder's.
    /// - Throws: what keeps it from that.
    init(
        _ options: RecordingOptions,
        header: RecordingHeader,
        startedMicrosecondsSince1970: Int64,
        loop: EventLoop,
        onSegmentDue: @escaping () -> Void,
        onReport: @escaping @Sendable (Recorder.Report) -> Void
    ) throws(Recorder.Failure) {
        recorder = try Recorder(
            options: options,
            header: header,
            startedMicrosecondsSince1970: startedMicrosecondsSince1970,
            onReport: onReport
        )
        self.header = header
        self.loop = loop
        self.onSegmentDue = onSegmentDue
        loop.beforeFlush.append { [self] in handOver() }
    }

    var status: Recorder.Status { recorder.status }

    /// Takes what has happened; nothing is left of it then.
    func take(_ recorded: inout RecordedLines?) {
        guard recorded?.isEmpty == false else { return }
        hasEntries = true
        recorded?.move(to: recorder)
    }

    /// Hands over what was taken, before anybody outside can know of it.
    private func handOver() {
        if handOverEntries() { onSegmentDue() }
    }

    /// The same; whether a segment is due behind it.
    private func handOverEntries() -> Bool {
        guard hasEntries else { return false }
        hasEntries = false
        let (isSegmentDue, isThreadAtRest) = recorder.handOver()
        // Once the messages of the turn have left, but before the log, which may be a pipe that nobody reads.
        if isThreadAtRest { loop.afterFlush(first: true) { [recorder] in recorder.wakeUp() } }
        if check == nil { checkLater() }
        return isSegmentDue
    }

    private func checkLater() {
        let timer = Timer(loop: loop) { [unowned self] in
            check = nil
            if recorder.check() { checkLater() }
        }
        timer.set(after: .seconds(1))
        check = timer
    }

    /// Ends the segment and begins the next, whose header tells how things stand with the engine.
    func beginSegment(describing engine: ProxyEngine, at now: Instant) {
        _ = handOverEntries()
        recorder.beginSegment(engine.header(ofSegmentIn: header, at: now), at: now)
    }

    /// Returns when all is on the disk, or after 5 s; what is missing, in a line for a person.
    func close() -> String? {
        _ = handOverEntries()
        // It holds the loop, which holds this.
        check = nil
        return recorder.close()
    }
}

extension RecordedLines {
    /// A method, since only so an optional's value is passed on where it is: a copy would copy the lines, too.
    fileprivate mutating func move(to recorder: Recorder) {
        recorder.take(&self)
    }
}
