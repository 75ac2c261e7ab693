internal import QMP

/// What the running QEMU knows: `query-qmp-schema`'s answer, or at least `query-commands`'s (qapi/introspect.json).
struct RunbookSchema: Sendable {
    /// What is wrong with a command.
    private struct Wrong: Error {
        let reason: String
    }

    /// How deep arguments are followed: types may contain themselves, values end.
    private static let depthMax = 32

    /// Commands by name, with the name of their arguments' type; `nil` if only the names are known.
    private let commands: [String: String?]
    private let types: [String: JSONValue]
    /// Empty if only the commands' names are known.
    private let events: Set<String>

    /// A schema of `query-qmp-schema`'s return value, or of `query-commands`'s; `nil` if it is neither.
    init?(_ answer: JSONValue) {
        guard let entries = answer.array else { return nil }
        var commands: [String: String?] = [:]
        var types: [String: JSONValue] = [:]
        for entry in entries {
            guard let name = entry["name"]?.string else { return nil }
            switch entry["meta-type"]?.string {
            case nil: commands.updateValue(nil, forKey: name)
            case "command": commands.updateValue(entry["arg-type"]?.string, forKey: name)
            default: types[name] = entry
            }
        }
        self.commands = commands
        self.types = types
        events = Set(types.values.filter { $0["meta-type"]?.string == "event" }.compactMap { $0["name"]?.string })
    }

    /// Refuses a runbook with a command that this QEMU does not know, or with arguments that it would not take.
    ///
    /// - Throws: the first of them, with its line.
    func check(_ runbook: Runbook) throws(Runbook.Invalid) {
        for step in runbook.steps {
            do throws(Wrong) {
                for command in step.commands { try check(command) }
                for event in step.events where !events.isEmpty && !events.contains(event) {
                    throw Wrong(reason: "this QEMU has no event \(event)")
                }
            } catch {
                throw Runbook.Invalid(file: runbook.file, line: step.line, reason: error.reason)
            }
        }
    }

    private func check(_ command: Command) throws(Wrong) {
        let name = command.name ?? ""
        guard let type = commands[name] else {
            let advice = Spelling.nearest(to: name, among: commands.keys.sorted()).map { ": did you mean \($0)?" }
            throw Wrong(reason: "this QEMU has no command \(name)\(advice ?? "")")
        }
        guard let type else { return }
        try check(.object(command.arguments), as: type, at: name, depth: 0)
    }

    private func check(_ value: JSONValue, as name: String, at place: String, depth: Int) throws(Wrong) {
        guard depth < Self.depthMax, let type = types[name] else { return }
        switch type["meta-type"]?.string {
        case "object":
            guard let members = value.object else { throw Wrong(reason: "\(place): wanted is an object") }
            try check(members, of: type, at: place, depth: depth)
        case "array":
            guard let elements = value.array else { throw Wrong(reason: "\(place): wanted is an array") }
            for element in elements {
                try check(element, as: type["element-type"]?.string ?? "", at: place, depth: depth + 1)
            }
        case "enum":
            let values = (type["values"]?.array ?? []).compactMap(\.string)
            guard let text = value.string, values.contains(text) else {
                throw Wrong(reason: "\(place): this QEMU wants one of \(values.joined(separator: ", "))")
            }
        case "builtin":
            guard value.isOf(jsonType: type["json-type"]?.string ?? "value") else {
                throw Wrong(reason: "\(place): wanted is a value of type \(type["json-type"]?.string ?? "")")
            }
        // Of an alternate any branch may be meant, and QEMU finds out which.
        default: break
        }
    }

    private func check(_ given: [JSONValue.Member], of type: JSONValue, at place: String, depth: Int) throws(Wrong) {
        let known = members(of: type, given: given)
        for member in given {
            guard let declared = known.first(where: { $0["name"]?.string == member.key }) else {
                let names = known.compactMap { $0["name"]?.string }
                let advice = Spelling.nearest(to: member.key, among: names).map { ": did you mean \($0)?" }
                throw Wrong(reason: "\(place): this QEMU knows no member '\(member.key)'\(advice ?? "")")
            }
            let name = declared["type"]?.string ?? ""
            try check(member.value, as: name, at: "\(place): \(member.key)", depth: depth + 1)
        }
        // A member that may be left out says so by its `default`.
        for member in known where member["default"] == nil {
            guard let name = member["name"]?.string, !given.contains(where: { $0.key == name }) else { continue }
            throw Wrong(reason: "\(place): member '\(name)' is missing")
        }
    }

    /// The members of an object type, and those of the branch that its tag chooses.
    private func members(of type: JSONValue, given: [JSONValue.Member]) -> [JSONValue] {
        let own = type["members"]?.array ?? []
        guard let tag = type["tag"]?.string, let chosen = given.first(where: { $0.key == tag })?.value,
            let branch = type["variants"]?.array?.first(where: { $0["case"] == chosen }),
            let branchType = types[branch["type"]?.string ?? ""]
        else { return own }
        return own + members(of: branchType, given: given)
    }
}

extension RunbookStep {
    /// All that the step may have executed.
    fileprivate var commands: [Command] {
        let queries = (conditions + [wait?.query].compactMap(\.self)).map(\.query)
        return switch work {
        case .execute(let command): queries + [command]
        case .yank:
            queries + [Command("query-yank")]
                + [try? Command("yank", [JSONValue.Member("instances", .array([]))])].compactMap(\.self)
        case .nothing: queries
        }
    }

    /// The names of all events that the step looks for.
    fileprivate var events: [String] {
        wait.map { ([$0.event] + $0.failures).map(\.name) } ?? []
    }
}

extension JSONValue {
    /// Whether the value is of a type of the schema (qapi/introspect.json, `JSONType`).
    fileprivate func isOf(jsonType: String) -> Bool {
        switch self {
        case .null: ["null", "value"].contains(jsonType)
        case .bool: ["boolean", "value"].contains(jsonType)
        case .integer, .unsigned: ["int", "number", "value"].contains(jsonType)
        case .double: ["number", "value"].contains(jsonType)
        case .string: ["string", "value"].contains(jsonType)
        case .array: jsonType == "value"
        case .object: jsonType == "value"
        }
    }
}
