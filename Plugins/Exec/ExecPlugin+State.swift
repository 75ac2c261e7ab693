public import QMP

/// What has come of it so far, in numbers.
struct ExecCounts: Sendable, Equatable {
    /// Verdicts of the program's.
    var verdicts = 0
    /// Commands on which there was none in time.
    var late = 0
    /// Commands that the policy decided at once.
    var undecided = 0
    /// Lines that the program should have been told, and was not.
    var linesLost = 0
}

extension ExecPlugin {
    /// How the program is, what it subscribes to, and what has come of it.
    public var state: JSONValue {
        func names(_ set: NameSet) -> JSONValue { .array(set.texts.map { .string($0) }) }
        func count(_ number: Int) -> JSONValue { .integer(Int64(number)) }
        return .object([
            JSONValue.Member("program", .string(program.phase.rawValue)),
            JSONValue.Member("restarts", count(max(0, program.number - 1))),
            JSONValue.Member("last-end", program.lastEnd.map { .string($0) } ?? .null),
            JSONValue.Member("commands", names(subscriptions.commands)),
            JSONValue.Member("events", names(subscriptions.events)),
            JSONValue.Member("replies", names(subscriptions.replies)),
            JSONValue.Member("waiting", count(waiting.count)),
            JSONValue.Member("executing", count(executions.count)),
            JSONValue.Member("verdicts", count(counts.verdicts)),
            JSONValue.Member("late", count(counts.late)),
            JSONValue.Member("undecided", count(counts.undecided)),
            JSONValue.Member("lines-lost", count(counts.linesLost)),
        ])
    }
}
