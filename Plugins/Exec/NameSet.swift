internal import QMP

/// Names, said outright or by patterns; quick to ask, quickest when empty.
struct NameSet: Sendable, Equatable {
    /// What was said, in that order.
    private(set) var texts: [String] = []
    private var names: Set<String> = []
    private var globs: [Glob] = []

    init(_ texts: [String] = []) {
        for text in texts where !self.texts.contains(text) {
            self.texts.append(text)
            if text.contains(where: { $0 == "*" || $0 == "?" }) {
                globs.append(Glob(text))
            } else {
                names.insert(text)
            }
        }
    }

    var isEmpty: Bool { texts.isEmpty }

    func contains(_ name: String) -> Bool {
        guard !isEmpty else { return false }
        return names.contains(name) || globs.contains { $0.matches(name) }
    }

    /// Both together.
    func union(_ other: NameSet) -> NameSet { NameSet(texts + other.texts) }
}

/// What a program wants to be told of, by the names of commands and events.
struct Subscriptions: Sendable, Equatable {
    /// Commands that wait for its verdict.
    var commands = NameSet()
    /// Events.
    var events = NameSet()
    /// Commands whose replies it is told.
    var replies = NameSet()

    func union(_ other: Subscriptions) -> Subscriptions {
        Subscriptions(
            commands: commands.union(other.commands),
            events: events.union(other.events),
            replies: replies.union(other.replies)
        )
    }
}
