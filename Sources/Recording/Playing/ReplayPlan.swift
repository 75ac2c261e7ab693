public import QMP

/// What the clients of a recording said and when, to be said again to another QEMU.
///
/// Of a recording with several lives of QEMU, or of the proxy, it is the first one; ``notes`` say so. A command is in
/// it when it reached the monitor as a client's: not a plugin's, and none that was answered on the way, but for each
/// client's own negotiation.
public struct ReplayPlan: Sendable, Equatable {
    /// A reply as it was recorded.
    public struct Reply: Sendable, Equatable {
        /// What was said; `nil` if that is not recorded, only that it was.
        public let message: Bytes?
        /// Pointers to its values that stand as `"[redacted]"`.
        public let redacted: [String]
        /// Where it stands.
        public let place: PlayableRecording.Place
    }

    /// Something that a client said.
    public struct Command: Sendable, Equatable {
        /// Which client, by its number in the recording.
        public let client: Int
        /// What is to be executed; empty when only QEMU knows what is wrong with it.
        public let name: String
        /// Its bytes as they came in.
        public let bytes: Bytes
        /// How many descriptors came with it.
        public let descriptors: Int
        /// Whether values in it stand as `"[redacted]"`, so that it cannot be said again.
        public let isRedacted: Bool
        /// Where it stands.
        public let place: PlayableRecording.Place
        /// What was replied first, by the monitor if it was asked; `nil` if nothing was.
        public internal(set) var reply: Reply?

        /// Whether it is the client's negotiation, which is its own affair.
        public var isNegotiation: Bool { name == ReplayPlan.negotiation }
        /// Whether it may change something.
        public var hasEffects: Bool { !isNegotiation && !CommandTraits.isReadOnly(name) }
    }

    /// Something that had happened before a step, and has to happen again.
    public struct Awaited: Sendable, Equatable {
        /// What it is.
        public enum Kind: Sendable, Equatable {
            /// The reply to the command at that index.
            case reply(Int)
            /// So many events of that name since the first command reached the monitor.
            case events(String, count: Int)
        }

        /// What it is.
        public let kind: Kind
        /// How long after the step before.
        public let delay: Duration
        /// Where it stands.
        public let place: PlayableRecording.Place
    }

    /// Something that a client did.
    public struct Step: Sendable, Equatable {
        /// What it did.
        public enum Action: Sendable, Equatable {
            /// It connected.
            case open
            /// It said the command at that index.
            case say(Int)
            /// It left.
            case close
            /// Nobody did anything more.
            case end
        }

        /// What it did.
        public let action: Action
        /// Which client, by its number in the recording.
        public let client: Int
        /// What had happened since the step before.
        public let awaited: [Awaited]
        /// How long after the last of that, or else after the step before.
        public let delay: Duration
        /// Where it stands.
        public let place: PlayableRecording.Place
    }

    static let negotiation = "qmp_capabilities"

    /// What is said, in the order in which it was.
    public internal(set) var commands: [Command] = []
    /// What is done, in order; an ``Step/Action/end`` is the last.
    public internal(set) var steps: [Step] = []
    /// What a person should know of what is played and what is not: `FILE:LINE: …`.
    public internal(set) var notes: [String] = []

    /// The plan that a recording comes to.
    ///
    /// - Parameters:
    ///   - recording: what is played.
    ///   - ignored: events that are not waited for.
    /// - Throws: ``Unplayable`` when no command of a client's in it reached QEMU.
    public init(_ recording: PlayableRecording, ignoringEvents ignored: [Glob] = []) throws(Unplayable) {
        let connections = recording.runs.flatMap(\.connections)
        guard let first = connections.firstIndex(where: { $0.contains(where: \.entry.isCommandSent) }) else {
            let place = recording.runs.first.map { "\($0.place): " } ?? ""
            throw Unplayable("\(place)no command of a client's reached QEMU: there is nothing to replay")
        }
        var author = ReplayAuthor(connections[first], ignoringEvents: ignored)
        author.write()
        (commands, steps) = (author.commands, author.steps)
        notes = recording.notes + author.notes
        let rest = connections[(first + 1)...]
        let left = rest.reduce(0) { $0 + $1.count(where: \.entry.isCommandSent) }
        if left > 0, let place = rest.first(where: { !$0.isEmpty })?.first?.place {
            notes.append("\(place): only what comes before is played, not the \(left) commands to a QEMU of later")
        }
    }
}

extension PlayableRecording.Run {
    /// Its lines, cut behind each end of a connection to QEMU.
    fileprivate var connections: [ArraySlice<PlayableRecording.Line>] {
        var connections: [ArraySlice<PlayableRecording.Line>] = []
        var start = lines.startIndex
        for index in lines.indices where lines[index].entry.endsConnection {
            connections.append(lines[start...index])
            start = index + 1
        }
        return connections + [lines[start...]]
    }
}

extension Entry {
    /// Whether QEMU went away here.
    fileprivate var endsConnection: Bool {
        if case (.monitor, .closed) = (place, kind) { true } else { false }
    }

    /// Whether a client's command went to the monitor here; the proxy's own have no number.
    var isCommandSent: Bool {
        if case (.monitor, .sent) = (place, kind) { plugin == nil && command != nil } else { false }
    }

    /// Whether this is a reply or an event on its way to whoever it is for, or a greeting; the first of two entries of
    /// a reply is the monitor's, unless it was answered without it.
    var said: Entry.Content? {
        switch (place, kind) {
        case (.monitor, .received(let content)), (.client, .sent(let content)): content
        default: nil
        }
    }
}
