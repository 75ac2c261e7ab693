/// What has become of something that a plugin has begun.
public enum Outcome: Sendable, Equatable {
    /// A command was answered by the monitor.
    case answered(Answer)
    /// The monitor has not answered a command in time, or the plugin has not released one in time.
    ///
    /// What was sent to the monitor may be executed all the same.
    case timedOut
    /// The connection to the monitor was lost with the command unanswered: it may or may not have been executed.
    case monitorLost
    /// The client of a command that the plugin holds is gone, and so is the command.
    case clientGone
    /// A value is stored; it is there after a restart.
    case stored
    /// A value could not be stored.
    case notStored(reason: String)
    /// A program has ended, by itself or because it was stopped, or could not be started.
    case ended(ProgramEnd)
    /// The proxy does not do it, now or any later; the reason is for people.
    ///
    /// It breaks a limit, there is nothing of that tag, the monitor is not connected, or the proxy is stopping. Nobody
    /// is told of it while 10,000 calls wait to be made: only a plugin that asks again and again comes to that.
    case refused(reason: String)
}

/// How a program has ended.
public enum ProgramEnd: Sendable, Equatable, CustomStringConvertible {
    /// By itself, with that status.
    case exited(status: Int32)
    /// By that signal.
    case killed(signal: Int32)
    /// It could not be started.
    case notStarted(reason: String)

    /// In words for a person.
    public var description: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .killed(let signal): "was killed by signal \(signal)"
        case .notStarted(let reason): "could not be started: \(reason)"
        }
    }
}
