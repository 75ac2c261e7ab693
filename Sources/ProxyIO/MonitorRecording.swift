internal import ProxyCore
internal import QMP
internal import Recording

/// What one monitor's server has of its recording: entries on their way to the recorder, less the secrets in them.
struct MonitorRecording {
    private let recorder: Recorder
    /// The first segment's header, which the others repeat.
    private let header: RecordingHeader
    /// Leaves secrets out of what is recorded; `nil` leaves them in.
    private var redaction: Redaction?
    /// What has happened and is not recorded.
    private var entries: [Entry] = []

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

    /// Whether something is to be handed over.
    var hasEntries: Bool { !entries.isEmpty }

    /// Takes what has happened.
    mutating func take(_ entry: Entry) {
        entries.append(entry)
    }

    /// Hands over what has happened; whether a segment is due behind it.
    mutating func handOver() -> Bool {
        guard !entries.isEmpty else { return false }
        redaction?.redact(&entries)
        defer { entries.removeAll(keepingCapacity: true) }
        return recorder.append(entries)
    }

    /// Ends the segment and begins the next, whose header tells how things stand with the engine.
    mutating func beginSegment(describing engine: ProxyEngine, at now: Instant) {
        _ = handOver()
        recorder.beginSegment(engine.header(ofSegmentIn: header, at: now), at: now)
    }

    /// Whether something is still to be written: then ask again in a second.
    func check() -> Bool { recorder.check() }

    /// Returns when all is on the disk, or after 5 s; what is missing, in a line for a person.
    mutating func close() -> String? {
        _ = handOver()
        return recorder.close()
    }
}
