internal import ProxyCore
internal import QMP
internal import Recording

/// What one monitor's server has of its recording: entries on their way to the recorder, less the secrets in them.
final class MonitorRecording {
    private let recorder: Recorder
    /// The first segment's header, which the others repeat.
    private let header: RecordingHeader
    // Unchecked: all is on the loop's thread, and each message would be checked for being alone with these.
    /// Leaves secrets out of what is recorded; `nil` leaves them in.
    @exclusivity(unchecked) private var redaction: Redaction?
    /// Whether something was taken that is not handed over.
    @exclusivity(unchecked) private(set) var hasEntries = false

    /// Begins to record.
    ///
    /// - Throws: what keeps it from that.
    init(
        _ options: RecordingOptions,
        redaction rules: [RedactionRule]?,
        header: RecordingHeader,
        startedMicrosecondsSince1970: Int64,
        onReport: @escaping @Sendable (Recorder.Report) -> Void
    ) throws(Recorder.Failure) {
        recorder = try Recorder(
            options: options,
            header: header,
            startedMicrosecondsSince1970: startedMicrosecondsSince1970,
            onReport: onReport
        )
        self.header = header
        redaction = rules.map { Redaction(rules: $0, isLive: true) }
    }

    var status: Recorder.Status { recorder.status }

    /// Takes what has happened.
    func take(_ entry: borrowing Entry) {
        hasEntries = true
        if let redacted = redaction?.redacted(entry) { recorder.take(redacted) } else { recorder.take(entry) }
    }

    /// Hands over what was taken; whether a segment is due behind it, and ``wakeUp()`` is.
    func handOver() -> (isSegmentDue: Bool, isThreadAtRest: Bool) {
        guard hasEntries else { return (false, false) }
        hasEntries = false
        return recorder.handOver()
    }

    /// Has what was handed over written; once the messages of the turn have left.
    func wakeUp() { recorder.wakeUp() }

    /// Ends the segment and begins the next, whose header tells how things stand with the engine.
    func beginSegment(describing engine: ProxyEngine, at now: Instant) {
        _ = handOver()
        recorder.beginSegment(engine.header(ofSegmentIn: header, at: now), at: now)
    }

    /// Whether something is still to be written: then ask again in a second.
    func check() -> Bool { recorder.check() }

    /// Returns when all is on the disk, or after 5 s; what is missing, in a line for a person.
    func close() -> String? {
        _ = handOver()
        return recorder.close()
    }
}
