internal import QMP

/// A procedure of COLO's: steps in the order in which they are taken, read from a file and filled in.
///
/// One entry of the file is one step, in QEMU's dialect, over as many lines as it likes; a line that begins with `#` is
/// a comment. Beside the command's own members some steer the step and never reach QEMU: see ``RunbookStep``.
struct Runbook: Sendable, Equatable {
    /// What is wrong with a file, and where.
    struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        /// The file's name.
        let file: String
        /// The line, counted from 1, on which the entry begins.
        let line: Int
        /// What is wrong, and what is wanted.
        let reason: String

        var description: String { "\(file):\(line): \(reason)" }
    }

    /// What it is called, such as `primary-failover`.
    let name: String
    /// The file it is from, for messages.
    let file: String
    /// The steps.
    let steps: [RunbookStep]
}

/// One step of a runbook.
///
/// What steers it in the file, beside the command or in its place:
/// - `'essential': true` or `false`: how much hangs on it (``Weight``).
/// - `'done-if'`: a text that means "already so", or several, `*` standing for anything.
/// - `'limit'`: how long the reply may take until the monitor is freed.
/// - `'require'`, `'when'`, `'unless'`: `{'execute': …, 'return': …}`, or several (``RunbookCondition``).
/// - `'wait'`: `{'event': …, 'data': …, 'limit': …, 'query': …, 'fail-if': …}` (``RunbookWait``).
/// - `'yank'`: instances, or some of their members, as `query-yank` lists them.
struct RunbookStep: Sendable, Equatable {
    /// What is done in a step.
    enum Work: Sendable, Equatable {
        /// A command is executed.
        case execute(Command)
        /// What `query-yank` lists and one of these is like is yanked.
        case yank([JSONValue])
        /// Nothing but what is required and waited for.
        case nothing
    }

    /// How much hangs on a step.
    enum Weight: Sendable, Equatable {
        /// Its intent is stored before it is taken, so that a proxy started again goes on from it (`essential: true`).
        case essential
        /// If it fails, so does the run. It may be taken again from the last essential step on.
        case required
        /// If it fails, that is noted, and the run goes on (`essential: false`).
        case cleanUp
    }

    /// The line on which it begins.
    let line: Int
    /// What is done.
    let work: Work
    /// How much hangs on it.
    let weight: Weight
    /// Texts of errors, or of the human monitor, that mean "already so".
    let doneIf: [Glob]
    /// How long the reply may take until the monitor is freed; after that it may take as long as others.
    let limit: Duration
    /// What is asked before.
    let conditions: [RunbookCondition]
    /// What is waited for, from the moment on at which the command is sent.
    let wait: RunbookWait?

    /// What it is, for people: the command's name, `yank`, the awaited event, or what is asked.
    var title: String {
        switch work {
        case .execute(let command): command.name ?? ""
        case .yank: "yank"
        case .nothing: wait.map { "wait for \($0.event.name)" } ?? conditions.first?.query.name ?? ""
        }
    }
}

/// A query whose answer decides about a step.
struct RunbookCondition: Sendable, Equatable {
    /// What is decided.
    enum Kind: String, Sendable {
        /// The run fails unless it holds.
        case require
        /// The step is left out unless it holds.
        case when
        /// What the step's command would do is already so if it holds.
        case unless
    }

    /// What is decided.
    let kind: Kind
    /// What is asked.
    let query: Command
    /// What the returned value must be like.
    let wanted: JSONValue
}

/// An event that a step waits for.
struct RunbookWait: Sendable, Equatable {
    /// An event with some of its data.
    struct Pattern: Sendable, Equatable {
        /// Its name.
        let name: String
        /// What its data must be like.
        let data: JSONValue
    }

    /// What is waited for.
    let event: Pattern
    /// For how long.
    let limit: Duration
    /// What means that it will not come any more.
    let failures: [Pattern]
    /// What to ask when the event may have been missed, and now and then.
    let query: RunbookCondition?
}
