internal import ProxyIO
internal import Recording

extension Configuration.Key {
    /// What is said of a recording besides where it goes.
    static let ofRecording: Set<Self> = [
        .sync, .rotateSize, .rotateAge, .keepSegments, .keepSize, .onRecordFailure, .redact, .noRedaction,
    ]
}

extension Configuration {
    /// What has been said of a recording so far.
    struct RecordingDraft {
        /// The file or directory.
        var path: Said<String>?
        /// When it is on the disk.
        var sync: Said<RecordingOptions.Sync>?
        /// How long a segment may grow, in bytes.
        var rotateBytes: Said<Int>?
        /// How old a segment may grow.
        var rotateAge: Said<Duration>?
        /// How many segments are kept.
        var keepSegments: Said<Int>?
        /// How many bytes of segments are kept.
        var keepBytes: Said<Int>?
        /// Whether nobody is served without it.
        var isNeeded: Said<Bool>?
        /// What else is redacted.
        var rules: [Said<RedactionRule>] = []
        /// Whether nothing is redacted at all.
        var isPlain: Said<Bool>?

        /// Takes over what flags say; lists are replaced, not continued.
        mutating func complete(with flags: RecordingDraft) {
            path = flags.path ?? path
            sync = flags.sync ?? sync
            rotateBytes = flags.rotateBytes ?? rotateBytes
            rotateAge = flags.rotateAge ?? rotateAge
            keepSegments = flags.keepSegments ?? keepSegments
            keepBytes = flags.keepBytes ?? keepBytes
            isNeeded = flags.isNeeded ?? isNeeded
            rules = flags.rules.isEmpty ? rules : flags.rules
            isPlain = flags.isPlain ?? isPlain
        }

        /// Where and how, if at all.
        var options: RecordingOptions? {
            guard let path else { return nil }
            return RecordingOptions(
                path: path.value,
                sync: sync?.value ?? .interval,
                rotateBytes: rotateBytes?.value,
                rotateAge: rotateAge?.value,
                keepSegments: keepSegments?.value,
                keepBytes: keepBytes?.value
            )
        }

        /// The rules besides the known ones, `nil` if nothing is redacted.
        var redaction: [RedactionRule]? {
            isPlain?.value == true ? nil : rules.map(\.value)
        }
    }
}
