public import QMP

/// Plays the monitor's side of a recording: QEMU as it was, asked anew.
///
/// Pure: what comes in and when is told to it, and what is to be done comes out. It stands where QEMU would stand,
/// behind an engine, which gives every command an id of its own (`[N, …]`, see ``QMP``); ids are echoed in QEMU's form.
public struct MonitorPlayback: Sendable {
    /// Something it does.
    public enum Output: Sendable, Equatable {
        /// Bytes go to whoever is connected.
        case send(Bytes)
        /// It closes the connection, as QEMU's end does.
        case close
        /// A line for a person, on standard error: such as a command that is not in the recording and what is nearest.
        case tell(String)
        /// The recorded QEMU has quit, and no other is recorded: there is nothing to connect to any more.
        case quit
    }

    /// The next time at which ``takeOutputs(at:)`` will have something; `nil` if that depends on what comes in.
    public var nextDue: Instant? { nil }

    /// A playback that nobody is connected to yet.
    ///
    /// - Throws: ``Unplayable``, with file and line, such as a recording without a greeting.
    public init(_ recording: PlayableRecording, settings: PlaybackSettings) throws(Unplayable) {}

    /// Somebody has connected: the greeting comes out.
    public mutating func connected(at now: Instant) {}

    /// That connection is gone, whoever closed it.
    public mutating func disconnected(at now: Instant) {}

    /// Bytes came in.
    public mutating func received(_ bytes: Bytes, at now: Instant) {}

    /// The first client has negotiated: what was recorded before the first command comes from now on.
    ///
    /// - Parameters:
    ///   - now: when that is.
    ///   - offset: how much later than the first of several recordings this one was begun.
    public mutating func begin(at now: Instant, offset: Duration) {}

    /// What is to be done by now, in order.
    public mutating func takeOutputs(at now: Instant) -> [Output] { [] }
}

/// Why a recording cannot be played, in a line for a person that names file and line.
public struct Unplayable: Error, Sendable, Equatable, CustomStringConvertible {
    /// In a line for a person.
    public let description: String

    /// A reason.
    public init(_ description: String) {
        self.description = description
    }
}
