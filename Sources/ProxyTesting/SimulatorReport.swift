internal import PluginKit
internal import QMP

/// What a simulated plugin says in the log, so that the simulation knows what it was told and what it asks for.
struct SimulatorReport: Hashable, CustomStringConvertible {
    enum Word: String {
        /// It asks for something.
        case executes, releases, starts, stores, connects, disconnects
        /// It is told something.
        case told, fired, line, event
    }

    let place: Int
    let word: Word
    let tag: Tag
    /// What it is told.
    let rest: String

    init(_ place: Int, _ word: Word, _ tag: Tag, _ rest: String = "") {
        self.place = place
        self.word = word
        self.tag = tag
        self.rest = rest
    }

    /// What a line of the log says; `nil` if it is none of these.
    init?(logged line: String) {
        guard line.utf8.starts(with: "plugin p".utf8) else { return nil }
        let parts = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[2].first == "*", let place = Int(parts[1].dropFirst().dropLast()),
            let word = Word(rawValue: String(parts[2].dropFirst())), let number = Int(parts[4])
        else { return nil }
        self.init(place, word, Tag(String(parts[3]), number), String(parts[5]))
    }

    /// What the plugin logs.
    var text: String { "*\(word) \(tag.name) \(tag.number) \(rest)" }

    var description: String { "plugin p\(place): \(text)" }
}

extension SimulatorReport {
    static func words(_ phase: MonitorPhase) -> String {
        switch phase {
        case .unreachable: "unreachable"
        case .silent: "silent"
        case .ready: "ready"
        case .gone: "gone"
        }
    }

    /// What of an outcome is told apart.
    static func words(_ outcome: Outcome) -> String {
        switch outcome {
        case .answered(.success(let value)): "returned \(value.written().text)"
        case .answered(.failure(let error)): "failed \(error.description.text)"
        case .refused: "refused"
        case .notStored: "notStored"
        case .ended: "ended"
        case .timedOut, .monitorLost, .clientGone, .stored: "\(outcome)"
        }
    }
}
