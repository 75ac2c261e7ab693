public import QMP

/// What a plugin wants to be done, in the order in which it said so.
public enum PluginEffect: Sendable, Equatable {
    /// Execute a command on a monitor.
    case execute(Command, on: MonitorID, tag: Tag, timeout: Duration)
    /// Reach for a second monitor, and keep trying.
    case connect(name: String, address: String)
    /// Let go of a second monitor.
    case disconnect(name: String)
    /// Call back later.
    case setTimer(Tag, after: Duration)
    /// Do not call back.
    case cancelTimer(Tag)
    /// Keep a value over a restart.
    case store(JSONValue, tag: Tag)
    /// Start a program.
    case start(program: [String], tag: Tag)
    /// Write a line to a program.
    case write(Bytes, to: Tag)
    /// End a program.
    case stop(program: Tag)
    /// Let a held command go.
    case release(Tag, CommandVerdict)
    /// Note something in the recording.
    case mark(String, epoch: Int?)
    /// Note something in the log.
    case log(LogLevel, String)
}
