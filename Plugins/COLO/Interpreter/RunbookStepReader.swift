internal import QMP

/// Makes a step of an entry's members.
struct RunbookStepReader {
    /// What is wrong with an entry.
    struct Wrong: Error {
        /// What is wrong, and what is wanted.
        let reason: String
    }

    /// The entry, filled in.
    let members: JSONValue
    /// Where it begins.
    let line: Int

    /// An entry with its variables filled in.
    static func filled(_ value: JSONValue, _ variables: RunbookVariables) throws(Wrong) -> JSONValue {
        do throws(RunbookVariables.Unknown) {
            return try variables.filling(value)
        } catch {
            throw Wrong(reason: error.reason)
        }
    }

    /// The step.
    func step() throws(Wrong) -> RunbookStep {
        try members.only(
            [
                "execute", "exec-oob", "arguments", "yank", "essential", "done-if", "limit", "require", "when",
                "unless", "wait",
            ],
            in: "the step"
        )
        let conditions = try conditions(.require) + conditions(.when) + conditions(.unless)
        let wait = try members["wait"].map { value throws(Wrong) in try Self.wait(value) }
        let work = try work()
        if case .nothing = work, wait == nil, members["require"] == nil {
            throw Wrong(reason: "the step does nothing: wanted is execute, exec-oob, yank, wait or require")
        }
        return RunbookStep(
            line: line,
            work: work,
            weight: try weight(),
            doneIf: try doneIf(),
            limit: try members.duration("limit", atMost: RunbookLimits.replyMax) ?? RunbookLimits.reply,
            conditions: conditions,
            wait: wait
        )
    }

    private func work() throws(Wrong) -> RunbookStep.Work {
        if let patterns = members["yank"] {
            guard members["execute"] == nil, members["exec-oob"] == nil, members["arguments"] == nil else {
                throw Wrong(reason: "yank is a step of its own, without a command")
            }
            guard let patterns = patterns.array, patterns.allSatisfy({ $0["type"]?.string != nil }) else {
                throw Wrong(reason: "yank: wanted is a list of instances such as {'type': 'migration'}")
            }
            return .yank(patterns)
        }
        guard members["execute"] != nil || members["exec-oob"] != nil || members["arguments"] != nil else {
            return .nothing
        }
        return .execute(try Self.command(members))
    }

    private func weight() throws(Wrong) -> RunbookStep.Weight {
        switch members["essential"] {
        case nil: .required
        case .bool(true): .essential
        case .bool(false): .cleanUp
        default: throw Wrong(reason: "essential: wanted is true or false")
        }
    }

    private func doneIf() throws(Wrong) -> [Glob] {
        guard let value = members["done-if"] else { return [] }
        let texts = (value.array ?? [value]).compactMap(\.string)
        guard !texts.isEmpty, texts.count == value.array?.count ?? 1 else {
            throw Wrong(reason: "done-if: wanted is the text of an error, or a list of such")
        }
        return texts.map { Glob($0) }
    }

    /// One condition or a list of them: of `require` and `when` all must hold, of `unless` one.
    private func conditions(_ kind: RunbookCondition.Kind) throws(Wrong) -> [RunbookCondition] {
        guard let value = members[kind.rawValue] else { return [] }
        var conditions: [RunbookCondition] = []
        for element in value.array ?? [value] {
            conditions.append(try Self.condition(element, kind, in: kind.rawValue))
        }
        return conditions
    }

    private static func condition(
        _ value: JSONValue,
        _ kind: RunbookCondition.Kind,
        in place: String
    ) throws(Wrong) -> RunbookCondition {
        try value.only(["execute", "arguments", "return"], in: place)
        guard let wanted = value["return"] else {
            throw Wrong(reason: "\(place): return is missing: wanted is what the answer must be like")
        }
        return RunbookCondition(kind: kind, query: try command(value), wanted: wanted)
    }

    private static func wait(_ value: JSONValue) throws(Wrong) -> RunbookWait {
        try value.only(["event", "data", "limit", "query", "fail-if"], in: "wait")
        var failures: [RunbookWait.Pattern] = []
        if let failing = value["fail-if"] {
            for pattern in failing.array ?? [failing] {
                try pattern.only(["event", "data"], in: "fail-if")
                failures.append(try self.pattern(pattern, in: "fail-if"))
            }
        }
        return RunbookWait(
            event: try pattern(value, in: "wait"),
            limit: try value.duration("limit", atMost: RunbookLimits.waitMax) ?? RunbookLimits.wait,
            failures: failures,
            query: try value["query"].map { query throws(Wrong) in try condition(query, .require, in: "query") }
        )
    }

    private static func pattern(_ value: JSONValue, in place: String) throws(Wrong) -> RunbookWait.Pattern {
        guard let name = value["event"]?.string else {
            throw Wrong(reason: "\(place): event: wanted is an event's name")
        }
        let data = value["data"] ?? .object([])
        guard data.object != nil else { throw Wrong(reason: "\(place): data: wanted is an object") }
        return RunbookWait.Pattern(name: name, data: data)
    }

    /// The command that is left when all that steers is taken away, in QEMU's form.
    private static func command(_ value: JSONValue) throws(Wrong) -> Command {
        let own = (value.object ?? []).filter { ["execute", "exec-oob", "arguments"].contains($0.key) }
        do throws(ProtocolError) {
            return try Command(parsing: JSONValue.object(own).written())
        } catch {
            throw Wrong(reason: error.description.text)
        }
    }
}

extension JSONValue {
    /// Refuses what is no object, and members of other names.
    fileprivate func only(_ names: [String], in place: String) throws(RunbookStepReader.Wrong) {
        guard let object else { throw RunbookStepReader.Wrong(reason: "\(place): wanted is an object") }
        for member in object where !names.contains(member.key) {
            let advice =
                Spelling.nearest(to: member.key, among: names).map { "did you mean \($0)?" }
                ?? "wanted is one of \(names.joined(separator: ", "))"
            throw RunbookStepReader.Wrong(reason: "unknown member '\(member.key)' of \(place): \(advice)")
        }
    }

    /// A duration with its unit, such as `10s`.
    fileprivate func duration(_ key: String, atMost most: Duration) throws(RunbookStepReader.Wrong) -> Duration? {
        guard let value = self[key] else { return nil }
        guard let duration = value.string.flatMap({ Quantity.duration($0) }), duration > .zero, duration <= most else {
            let longest = Quantity.text(duration: most)
            throw RunbookStepReader.Wrong(reason: "\(key): wanted is a duration with its unit, at most \(longest)")
        }
        return duration
    }
}
