internal import ProxyCore
public import Recording

/// A recording that plays a monitor's part.
public struct RecordedMonitor: Sendable, Equatable {
    /// The recording's path, for people.
    public var path: String
    /// What was recorded.
    public var recording: PlayableRecording
    /// How it is played.
    public var settings: PlaybackSettings

    /// A recording that is played so.
    public init(path: String, recording: PlayableRecording, settings: PlaybackSettings) {
        self.path = path
        self.recording = recording
        self.settings = settings
    }
}

extension ProxyLimits {
    /// What is different before a recording.
    static var mock: ProxyLimits {
        var limits = ProxyLimits()
        // 1,048,576: what is never answered, as a fault has it, keeps nobody else waiting, however often it is asked.
        limits.inBandInFlightMax = 1 << 20
        limits.inBandInFlightWithoutOutOfBandMax = 1 << 20
        // 0.1 s: nothing is lost that is not recorded, and tests end often.
        limits.stoppingTimeMax = .milliseconds(100)
        return limits
    }
}
