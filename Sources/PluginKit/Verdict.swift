public import QMP

/// What a command is answered with: a value for `return`, or an error.
public typealias Answer = Result<JSONValue, ProtocolError>

/// What becomes of a client's command.
public enum CommandVerdict: Sendable, Equatable {
    /// It goes on, to the next plugin and in the end to the monitor.
    case forward
    /// This goes on in its place; whatever its id, the client's own is answered.
    ///
    /// It is out-of-band if the client's is, and in-band if that is; else the client is refused.
    case replace(Command)
    /// The client is answered so, in its turn, and neither the plugins behind nor the monitor hear of the command.
    case answer(Answer)
    /// It waits until the plugin says ``PluginContext/release(_:as:)`` with that tag.
    ///
    /// When the limit is over, or 10 minutes, it is done as `late` says, and the plugin is told
    /// ``Outcome/timedOut`` with the tag. If its client goes, the plugin is told ``Outcome/clientGone``. By a tag that
    /// holds another command it is not held, but done as `late` says, and the plugin is told
    /// ``Outcome/refused(reason:)``. In-band commands that the client asks behind it wait, too.
    case hold(Tag, limit: Duration, late: LatePolicy)
}

/// What becomes of a command that a plugin did not decide in time.
public enum LatePolicy: String, Sendable, Hashable, CaseIterable {
    /// It goes on to the plugins behind, as if the plugin had said `forward`.
    case open
    /// It is refused with an error that names the plugin.
    case closed
}

/// What becomes of a plugin's own command that a client has asked.
public enum OwnCommandVerdict: Sendable, Equatable {
    /// The client is answered so.
    case answer(Answer)
    /// It waits until the plugin says ``PluginContext/release(_:as:)`` with that tag and an answer; when the limit is
    /// over, or 10 minutes, it is refused.
    case hold(Tag, limit: Duration)
}

/// What becomes of the monitor's reply to a client's command.
public enum ReplyVerdict: Sendable, Equatable {
    /// It goes on as it is.
    case forward
    /// The client gets this instead, with its own id; the plugins behind see this.
    case replace(Answer)
}

/// What becomes of an event.
public enum EventVerdict: Sendable, Equatable {
    /// The clients get it as it is.
    case deliver
    /// The clients get this instead: an object with a member `event`, or else they get it as it is.
    case replace(JSONValue)
    /// No client gets it, and the plugins behind do not see it.
    case drop
}
