/// What a person is told of a plan.
extension ReplayPlan {
    /// Places that are listed of one command's name at most.
    ///
    /// Eight: enough to look at; `--dry-run` lists all.
    private static let placesMax = 8

    /// The commands that cannot be said again, since values in them were redacted: a line for each name; empty if none.
    public var redacted: [String] { Self.table(commands.filter(\.isRedacted)) }

    /// The commands that may change something: a line for each name; empty if there are none.
    public var effects: [String] { Self.table(commands.filter(\.hasEffects)) }

    /// How many descriptors came with what is said.
    public var descriptors: Int { commands.reduce(0) { $0 + $1.descriptors } }

    /// Such as `  stop, 2 times: vm0.qmprec:12 vm0.qmprec:20`.
    private static func table(_ commands: [Command]) -> [String] {
        var names: [String] = []
        var places: [String: [PlayableRecording.Place]] = [:]
        for command in commands {
            if places[command.name] == nil { names.append(command.name) }
            places[command.name, default: []].append(command.place)
        }
        return names.map { name in
            let all = places[name] ?? []
            let told = all.prefix(placesMax).map(\.description).joined(separator: " ")
            let rest = all.count > placesMax ? " and \(all.count - placesMax) more" : ""
            let times = all.count == 1 ? "once" : "\(all.count) times"
            return Readable.text("  \(name.isEmpty ? "(no name)" : name), \(times): \(told)\(rest)")
        }
    }

    /// All that would be done and when, a line each; what comes in is thought to take as long as it did.
    public func listing(_ settings: PlaybackSettings) -> [String] {
        var time = Duration.zero
        var lines: [String] = []
        for step in steps where step.action != .end {
            time += (step.awaited.last?.delay ?? .zero) + settings.scaled(step.delay)
            let (seconds, fraction) = time.components
            let point = "\(seconds).\(padded(fraction / 1_000_000_000_000, 6))"
            let start = String(repeating: " ", count: max(0, 12 - point.count)) + "\(point)  client \(step.client)"
            lines.append(Readable.text("\(start)  \(subject(of: step))"))
        }
        let withEffects = commands.count(where: \.hasEffects)
        let count = steps.count { if case .open = $0.action { true } else { false } }
        let clients = count == 1 ? "1 client" : "\(count) clients"
        lines.append("\(commands.count) commands of \(clients), \(withEffects) of them with effects")
        return lines
    }

    private func subject(of step: Step) -> String {
        switch step.action {
        case .open: return "connects"
        case .close: return "leaves"
        case .end: return "ends"
        case .say(let index):
            let command = commands[index]
            let remarks = [
                command.descriptors > 0 ? "\(command.descriptors) × /dev/null" : nil,
                command.hasEffects ? "has effects" : nil, command.isRedacted ? "redacted" : nil,
            ].compactMap { $0 }.joined(separator: ", ")
            return "\(command.name)  \(command.place)\(remarks.isEmpty ? "" : "  (\(remarks))")"
        }
    }
}
