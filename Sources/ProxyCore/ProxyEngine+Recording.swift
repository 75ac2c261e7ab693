internal import PluginKit
internal import QMP
public import Recording

/// What the engine has to do with its recording.
extension ProxyEngine {
    /// Records, if anything is recorded at all.
    mutating func record(
        _ place: Entry.Place,
        _ kind: Entry.Kind,
        command: Int? = nil,
        descriptors: Int = 0,
        plugin: String? = nil
    ) {
        guard isRecorded else { return }
        counts.entries += 1
        let entry = Entry(
            time: now,
            place: place,
            kind: kind,
            command: command,
            descriptors: descriptors,
            plugin: plugin
        )
        if recorded == nil { act(.record(entry)) } else { recorded?.append(entry) }
    }

    /// The same, and quicker, for a message between the proxy and a client, or its monitor.
    mutating func record(
        _ message: SplicedMessage,
        _ form: Entry.Form,
        isSent: Bool,
        client: Int?,
        command: Int? = nil,
        descriptors: Int = 0,
        ofPlugin place: Int? = nil
    ) {
        if let place {
            let kind: Entry.Kind = isSent ? .sent(.message(message, form)) : .received(.message(message, form))
            let plugin = chain.places[place].name
            return record(.monitor, kind, command: command, descriptors: descriptors, plugin: plugin)
        }
        guard isRecorded else { return }
        counts.entries += 1
        let passage = Passage(
            at: now,
            form,
            isSent: isSent,
            client: client,
            command: command,
            descriptors: descriptors
        )
        if recorded == nil { act(.record(Entry(message, passage))) } else { recorded?.append(message, passage) }
    }

    private var isRecorded: Bool { settings.recording != nil || settings.isWatched }

    /// The header of a segment that begins behind all that was recorded until now: as the recording's own, and how
    /// things stand.
    public func header(ofSegmentIn recording: RecordingHeader, at now: Instant) -> RecordingHeader {
        var header = recording
        header.begins = now
        header.greeting = monitor.greeting.map { greeting in
            let end = greeting.bytes.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? greeting.bytes.endIndex
            return greeting.bytes[..<end]
        }
        header.clients = clients.all.map { RecordingHeader.Client(number: $0.number, peer: "\($0.client.peer)") }
        let seconds = secondMonitors.values.flatMap(\.flights.values).sorted { $0.number < $1.number }
        let unanswered = queue.flights.map(\.outgoing) + outOfBandWaiting + clients.all.flatMap(\.waiting) + seconds
        header.commands = unanswered.map { outgoing in
            RecordingHeader.Command(
                number: outgoing.number,
                client: outgoing.client,
                name: outgoing.command.name,
                asked: outgoing.askedAt
            )
        }
        header.commands += held.values.map(\.asked).sorted { $0.number < $1.number }.map { asked in
            RecordingHeader.Command(
                number: asked.number,
                client: asked.client.number,
                name: asked.command.name,
                asked: asked.askedAt
            )
        }
        return header
    }

    /// Whether nobody may be served, since it could not be recorded.
    var lacksRecording: Bool { settings.needsRecording && recordingTrouble != nil }

    mutating func recordingChanged(_ trouble: String?, entriesLost: Int) {
        let lackedRecording = lacksRecording
        recordingTrouble = trouble
        counts.entriesLost = entriesLost
        guard lacksRecording != lackedRecording else { return }
        if lacksRecording {
            log(.error, "nothing passes unrecorded: clients are closed until the recording is written again")
            for index in clients.all.indices { finish(at: index) }
        } else {
            log(.info, "the recording is written again, clients are served")
        }
        adjustAccepting()
    }
}
