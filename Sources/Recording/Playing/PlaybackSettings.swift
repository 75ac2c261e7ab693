public import QMP

/// How a recording is played.
public struct PlaybackSettings: Sendable, Equatable {
    /// Which recorded command answers one that is asked.
    public enum Match: String, Sendable, CaseIterable {
        /// The next one that was recorded, whatever it is; anything else is an error.
        case strict
        /// The next one of that name whose arguments are the same.
        case ordered
        /// Any of that name whose arguments are the same.
        case any
    }

    /// How fast the time of the recording goes.
    public enum Speed: Sendable, Equatable {
        /// So many times as fast as it was; above 0.
        case times(Double)
        /// Nothing is waited for.
        case max
    }

    /// Which recorded command answers one that is asked.
    public var match = Match.ordered
    /// Values that do not count when arguments are compared: pointers into the command, such as `/arguments/id`.
    public var ignored: [JSONPointer] = []
    /// Whether a recorded command answers as often as it is asked, once none that was not asked is left.
    public var reuses = false
    /// How fast time goes.
    public var speed = Speed.times(1)
    /// No recorded delay counts for more than this; `nil` leaves them as they are.
    public var idleMax: Duration?
    /// Only this client's commands are played; `nil` plays all that QEMU was asked.
    public var client: Int?
    /// What goes wrong on purpose; of several that fit a command the first one counts.
    public var faults: [Fault] = []

    /// The defaults.
    public init() {}

    /// The longest delay: 100 years, beyond which times would be too large to be told.
    static let delayMax = Duration.seconds(100 * 365 * 86_400)

    /// How long a recorded delay takes; never more than 100 years.
    public func scaled(_ delay: Duration) -> Duration {
        let delay = max(.zero, min(delay, idleMax ?? delay))
        return switch speed {
        case .max: .zero
        case .times(let factor): min(Self.delayMax, delay / max(factor, Self.factorMin))
        }
    }

    /// Slower is as slow: a year becomes a million of them.
    private static let factorMin = 1e-6
}
