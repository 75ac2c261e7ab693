internal import QMP

extension Runbook {
    /// The exact commands, as they would be sent, one a line; lines that begin with `#` say what happens between.
    var dryRun: [String] {
        steps.flatMap { step in
            let asked = step.conditions.map { "# \($0.kind): \($0.query.text) returns \($0.wanted.written().text)" }
            let awaited = step.wait.map { ["# wait: \($0.event.name) \($0.event.data.written().text)"] } ?? []
            return switch step.work {
            case .execute(let command): asked + [command.text] + awaited
            case .yank(let patterns):
                asked + [
                    Command("query-yank", isOutOfBand: true).text,
                    "# yank: what is listed and like \(JSONValue.array(patterns).written().text)",
                ] + awaited
            case .nothing: asked + awaited
            }
        }
    }
}

extension Command {
    /// The document, as it is sent but for its id.
    fileprivate var text: String { message.bytes.text }
}
