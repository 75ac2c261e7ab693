internal import QMP

/// Which step of which runbook is about to be taken, as it is stored.
struct RunbookIntent: Sendable, Equatable {
    /// The runbook's name.
    let runbook: String
    /// The step, counted from 1.
    let step: Int
    /// How many there are.
    let steps: Int
    /// What the step is.
    let title: String

    /// The intent to take a step, counted from 0.
    init(_ runbook: Runbook, index: Int) {
        self.runbook = runbook.name
        step = index + 1
        steps = runbook.steps.count
        title = runbook.steps[index].title
    }

    /// An intent as it was stored; `nil` if the value is none.
    init?(_ value: JSONValue) {
        guard let runbook = value["runbook"]?.string, let step = value["step"]?.integer,
            let steps = value["steps"]?.integer, let title = value["title"]?.string
        else { return nil }
        self.runbook = runbook
        self.step = Int(step)
        self.steps = Int(steps)
        self.title = title
    }

    /// The intent as it is stored.
    var value: JSONValue {
        .object([
            JSONValue.Member("runbook", .string(runbook)), JSONValue.Member("step", .integer(Int64(step))),
            JSONValue.Member("steps", .integer(Int64(steps))), JSONValue.Member("title", .string(title)),
        ])
    }

    /// Whether that step of the runbook is still what it was.
    func isOf(_ runbook: Runbook) -> Bool {
        step >= 1 && step <= runbook.steps.count && self == RunbookIntent(runbook, index: step - 1)
    }
}
