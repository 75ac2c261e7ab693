internal import PluginKit

/// The program from its start to its end, and the pause until the next start.
struct ProgramLife: Sendable, Equatable {
    /// How it is.
    enum Phase: String, Sendable {
        /// Nothing was started yet.
        case unstarted = "not started"
        /// It runs, and is to say hello.
        case greeting
        /// It runs, and is asked.
        case running
        /// It was told to end, and is not listened to any more.
        case ending
        /// It has ended, and is started again.
        case pausing
    }

    static let tagName = "program"
    static let restartTimer: Tag = "restart"
    static let helloTimer: Tag = "hello"

    var phase = Phase.unstarted
    /// How often it was started.
    var number = 0
    /// When it was started last.
    var startedAt = Duration.zero
    /// The pause after its end, if that comes soon.
    var nextPause = ExecLimits.restartDelayMin
    /// Whether it has said hello.
    var hasGreeted = false
    /// Lines it has said.
    var linesSaid = 0
    /// Those of them that could not be used.
    var faults = 0
    /// Whether it was told less than it should have been, since it did not read.
    var hasMissedLines = false
    /// How the one before has ended.
    var lastEnd: String?

    /// What it is called.
    var tag: Tag { Tag(Self.tagName, number) }

    /// Whether it is told things, and what it says counts.
    var isListening: Bool { phase == .greeting || phase == .running }

    /// It is started.
    mutating func begin(awaitsHello: Bool, at now: Duration) {
        phase = awaitsHello ? .greeting : .running
        number += 1
        startedAt = now
        hasGreeted = false
        linesSaid = 0
        faults = 0
        hasMissedLines = false
    }

    /// It has ended; gives the pause until it is started again.
    mutating func end(_ end: ProgramEnd, at now: Duration) -> Duration {
        phase = .pausing
        lastEnd = end.description
        if now - startedAt >= ExecLimits.steadyAfter { nextPause = ExecLimits.restartDelayMin }
        defer { nextPause = min(nextPause * 2, ExecLimits.restartDelayMax) }
        return nextPause
    }
}
