internal import PluginKit
internal import QMP

/// What a run wants to be done, in this order.
enum RunbookAction: Sendable, Equatable {
    /// Execute a command on the own monitor; ``RunbookRun/answered(_:with:)`` is told its outcome.
    case execute(Command, tag: Tag, limit: Duration)
    /// Keep this over a restart, durably; ``RunbookRun/answered(_:with:)`` is told when it is.
    case store(intent: JSONValue, tag: Tag)
    /// Call ``RunbookRun/timerFired(_:)`` later.
    case setTimer(Tag, after: Duration)
    /// Do not.
    case cancelTimer(Tag)
    /// How far it is.
    case progress(RunbookProgress)
    /// Something that a person may want to know, and that does not end the run.
    case note(String)
    /// All steps are taken.
    case done
    /// It has come to an end before; what was done is not undone.
    case failed(RunbookFailure)
}

/// How far a run is.
struct RunbookProgress: Sendable, Equatable {
    /// The step under way, counted from 1.
    let step: Int
    /// How many there are.
    let steps: Int
    /// What it is.
    let title: String
    /// How much of a block job is done, if the step waits for one.
    var work: Work?

    /// How far a block job is, in its own units: bytes, of a mirror (qapi/block-core.json, `BlockJobInfo`).
    struct Work: Sendable, Equatable {
        /// What is done.
        let offset: Int64
        /// Of how much; may grow.
        let length: Int64
    }
}

/// Why a run has ended before all steps were taken.
struct RunbookFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The step, counted from 1.
    let step: Int
    /// What it is.
    let title: String
    /// Where it stands: file and line.
    let place: String
    /// What has happened.
    let reason: String

    var description: String { "step \(step), \(title) (\(place)): \(reason)" }
}
