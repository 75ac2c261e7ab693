internal import QMP

/// Finds, within the life of one QEMU, the recorded command that answers one that is asked.
struct CommandMatcher: Sendable {
    /// How it stands with a recorded command.
    private enum State {
        case unasked
        /// A fault came in its place: it may be asked again.
        case faulted
        case asked
    }

    /// A recorded command that answers one that is asked.
    struct Match: Equatable {
        let command: Int
        /// Whether it has answered one before.
        let isRepeated: Bool
    }

    let life: RecordedLife
    let settings: PlaybackSettings
    private var states: [State]
    /// The first command that was not asked.
    private(set) var next = 0
    private var outOfBand: [Int]
    /// From where on, among those of that name, one is looked for that was not asked.
    private var places: [String: Int] = [:]
    /// Which of that name were asked, in order.
    private var asked: [String: [Int]] = [:]

    init(_ life: RecordedLife, settings: PlaybackSettings) {
        self.life = life
        self.settings = settings
        states = Array(repeating: .unasked, count: life.commands.count)
        outOfBand = settings.match == .strict ? life.commands.indices.filter { life.commands[$0].isOutOfBand } : []
    }

    /// How many were asked.
    var askedCount: Int { states.count { $0 != .unasked } }

    /// Those that were not asked.
    var unasked: [RecordedLife.Command] {
        states.indices.lazy.filter { states[$0] == .unasked }.map { life.commands[$0] }
    }

    func isAsked(_ command: Int) -> Bool {
        states[command] == .asked
    }

    /// Whether one of that name stands before those that may still be asked.
    func isPassed(_ command: Int) -> Bool {
        guard settings.match == .ordered else { return false }
        let name = life.commands[command].name
        guard let place = places[name], place > 0, let last = life.byName[name]?[place - 1] else { return false }
        return command <= last
    }

    // MARK: - Finding

    /// The one that answers.
    func match(_ name: String, _ arguments: JSONValue, isOutOfBand: Bool) -> Match? {
        let isEqual = { (command: Int) in
            life.commands[command].name == name && differences(command, arguments).isEmpty
        }
        let found =
            settings.match == .strict
            ? nextInOrder(isOutOfBand, isEqual)
            : life.byName[name]?[(places[name] ?? 0)...].first { !isAsked($0) && isEqual($0) }
        if let found { return Match(command: found, isRepeated: false) }
        guard settings.reuses, let last = asked[name]?.last(where: isEqual) else { return nil }
        return Match(command: last, isRepeated: true)
    }

    /// The next one in the order of the recording; one in whose place a fault came may be left out.
    private func nextInOrder(_ isOutOfBand: Bool, _ isEqual: (Int) -> Bool) -> Int? {
        for command in next..<max(next, states.count) where states[command] != .asked {
            if isEqual(command) { return command }
            if states[command] == .unasked { break }
        }
        guard isOutOfBand, let first = outOfBand.first(where: { !isAsked($0) }) else { return nil }
        return isEqual(first) ? first : nil
    }

    /// Where a recorded command's arguments differ, as pointers into the command.
    func differences(_ command: Int, _ arguments: JSONValue) -> [JSONDifference] {
        let recorded = life.commands[command]
        return JSONDifference.differences(
            .object([JSONValue.Member("arguments", recorded.arguments)]),
            .object([JSONValue.Member("arguments", arguments)]),
            ignoring: settings.ignored,
            wildcards: recorded.redacted
        )
    }

    // MARK: - Asking

    /// It answers.
    mutating func take(_ match: Match) {
        guard !match.isRepeated else { return }
        let command = match.command
        let name = life.commands[command].name
        states[command] = .asked
        asked[name, default: []].append(command)
        while next < states.count, isAsked(next) { next += 1 }
        if settings.match == .strict {
            if command == outOfBand.first { outOfBand.removeFirst() }
        } else if let all = life.byName[name] {
            var place = places[name] ?? 0
            if settings.match == .ordered {
                while place < all.count, all[place] <= command { place += 1 }
            } else {
                while place < all.count, isAsked(all[place]) { place += 1 }
            }
            places[name] = place
        }
    }

    /// A fault comes in its place.
    mutating func leave(_ match: Match) {
        if states[match.command] == .unasked { states[match.command] = .faulted }
    }
}
