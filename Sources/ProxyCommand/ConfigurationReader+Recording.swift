internal import Yams

extension ConfigurationReader {
    /// Reads a key that says something of a recording.
    mutating func take(
        _ key: Configuration.Key,
        _ node: Node,
        at place: Configuration.Place,
        into draft: inout Configuration.RecordingDraft
    ) {
        switch key {
        case .record: draft.path = value(node, at: place, Configuration.fileName)
        case .sync: draft.sync = value(node, at: place, Configuration.sync)
        case .rotateSize: draft.rotateBytes = value(node, at: place, Configuration.size)
        case .rotateAge: draft.rotateAge = value(node, at: place, Configuration.duration)
        case .keepSegments: draft.keepSegments = value(node, at: place, Configuration.count)
        case .keepSize: draft.keepBytes = value(node, at: place, Configuration.size)
        case .onRecordFailure: draft.isNeeded = value(node, at: place, Configuration.needsRecording)
        case .noRedaction: draft.isPlain = truth(node, at: place)
        case .redact:
            let rules = elements(of: node, path: place.path, wanted: "a list of rules such as 'qom-get /return'") ?? []
            draft.rules = rules.compactMap { value($0.node, at: $0.place, Configuration.redactionRule) }
        default: preconditionFailure("\(key) says nothing of a recording")
        }
    }
}
