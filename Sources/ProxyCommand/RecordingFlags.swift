internal import ArgumentParser
internal import ProxyIO
internal import Recording

/// What `serve` may be told of its recording.
struct RecordingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Record every message to this file, or, if it ends in /, to files in this directory.",
            valueName: "FILE|DIRECTORY"
        ),
        transform: Configuration.fileName
    )
    var record: String?

    @Option(
        help: ArgumentHelp(
            "When it is safe from a power failure: none, interval (every 0.2 s) or always. (default: interval)",
            valueName: "WHEN"
        ),
        transform: Configuration.sync
    )
    var sync: RecordingOptions.Sync?

    @Option(
        help: ArgumentHelp(
            "Begin a new file at this size, as on SIGHUP. (default in a directory: 256MiB)",
            valueName: "SIZE"
        ),
        transform: Configuration.size
    )
    var rotateSize: Int?

    @Option(
        help: ArgumentHelp("Begin a new file at this age. (default in a directory: 24h)", valueName: "DURATION"),
        transform: Configuration.duration
    )
    var rotateAge: Duration?

    @Option(
        help: ArgumentHelp("Delete the oldest files beyond this number. (default: keep all)", valueName: "N"),
        transform: Configuration.count
    )
    var keepSegments: Int?

    @Option(
        help: ArgumentHelp("Delete the oldest files beyond this size in all. (default: keep all)", valueName: "SIZE"),
        transform: Configuration.size
    )
    var keepSize: Int?

    @Option(
        help: ArgumentHelp(
            "While it cannot be written: continue, or close all clients. (default: continue)",
            valueName: "WHAT"
        ),
        transform: Configuration.needsRecording
    )
    var onRecordFailure: Bool?

    @Option(
        help: ArgumentHelp(
            "Leave this out as well: a command or event and a JSON Pointer, such as 'qom-get /return'.",
            valueName: "RULE"
        ),
        transform: Configuration.redactionRule
    )
    var redact: [RedactionRule] = []

    @Flag(help: "Leave nothing out: the recording will hold passwords.")
    var noRedaction = false

    /// What they say; each flag that was given is noted in the monitor's draft.
    func draft(_ monitor: inout Configuration.Draft) -> Configuration.RecordingDraft {
        var draft = Configuration.RecordingDraft()
        draft.path = monitor.flag(.record, record)
        draft.sync = monitor.flag(.sync, sync)
        draft.rotateBytes = monitor.flag(.rotateSize, rotateSize)
        draft.rotateAge = monitor.flag(.rotateAge, rotateAge)
        draft.keepSegments = monitor.flag(.keepSegments, keepSegments)
        draft.keepBytes = monitor.flag(.keepSize, keepSize)
        draft.isNeeded = monitor.flag(.onRecordFailure, onRecordFailure)
        draft.rules = redact.compactMap { monitor.flag(.redact, $0) }
        draft.isPlain = monitor.flag(.noRedaction, noRedaction ? true : nil)
        return draft
    }
}
