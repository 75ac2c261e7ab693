/// What was asked of a playback, and what was not.
public struct PlaybackSummary: Sendable, Equatable, CustomStringConvertible {
    /// A recorded command that nobody has asked.
    public struct Unasked: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Where it stands.
        public let place: PlayableRecording.Place
    }

    /// A command that is not in the recording.
    public struct Missed: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// How often it was asked.
        public internal(set) var count: Int
    }

    /// How many of the recorded commands were asked, each once at most.
    public internal(set) var asked = 0
    /// Those that were not, in the order of the recording.
    public internal(set) var unasked: [Unasked] = []
    /// What was asked but is not in the recording, in the order in which it was first asked.
    public internal(set) var missed: [Missed] = []
    /// How much more was, of names too many to be kept.
    public internal(set) var missedOfOtherNames = 0

    /// Names of missed commands that are kept; a client may make up any number of them.
    static let missedMax = 1000

    /// Characters of such a name that are kept.
    static let missedNameMax = 100

    /// Items of a list that are shown to a person.
    private static let shownMax = 10

    /// Whether all that is recorded was asked.
    public var isComplete: Bool { unasked.isEmpty }

    /// A line for what was asked, and one each for what was not and what is not recorded, if there is any.
    public var description: String {
        var lines = ["asked \(asked) of \(asked + unasked.count) recorded commands"]
        let others = missedOfOtherNames > 0 ? ["\(missedOfOtherNames) of other names"] : []
        append("not asked: ", unasked.map { "\(NearMiss.shown($0.name)) (\($0.place))" }, to: &lines)
        append("asked but not in the recording: ", missed.map(\.text) + others, to: &lines)
        return lines.joined(separator: "\n")
    }

    private func append(_ title: String, _ items: [String], to lines: inout [String]) {
        guard !items.isEmpty else { return }
        let more = items.count > Self.shownMax ? " and \(items.count - Self.shownMax) more" : ""
        lines.append(title + items.prefix(Self.shownMax).joined(separator: ", ") + more)
    }

    /// A command was asked that is not in the recording.
    mutating func miss(_ wholeName: String) {
        let name = String(wholeName.unicodeScalars.prefix(Self.missedNameMax))
        if let index = missed.firstIndex(where: { $0.name == name }) {
            missed[index].count += 1
        } else if missed.count < Self.missedMax {
            missed.append(Missed(name: name, count: 1))
        } else {
            missedOfOtherNames += 1
        }
    }
}

extension PlaybackSummary.Missed {
    fileprivate var text: String {
        NearMiss.shown(name) + (count > 1 ? " (\(count) times)" : "")
    }
}
