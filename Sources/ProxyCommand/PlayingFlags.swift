internal import ArgumentParser
internal import Recording

/// How fast a recording is played: the same for `mock` and `replay`.
struct PlayingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Play so many times as fast as it was recorded, or max: wait for nothing. (default: 1)",
            valueName: "FACTOR|max"
        ),
        transform: PlayingFlags.speed
    )
    var speed: PlaybackSettings.Speed?

    @Option(
        help: ArgumentHelp(
            "Let no recorded delay count for more than this. (default: as recorded)",
            valueName: "DURATION"
        ),
        transform: Configuration.duration
    )
    var idleLimit: Duration?

    /// Writes what they say into settings.
    func apply(to settings: inout PlaybackSettings) {
        settings.speed = speed ?? settings.speed
        settings.idleMax = idleLimit ?? settings.idleMax
    }

    /// A speed such as `2`, `0.5` or `max`.
    static func speed(_ text: String) throws(Configuration.Unusable) -> PlaybackSettings.Speed {
        if text == "max" { return .max }
        let isDecimal = text.allSatisfy { $0 == "." || "0"..."9" ~= $0 }
        guard isDecimal, let factor = Double(text), factor > 0, factor.isFinite else {
            throw Configuration.Unusable(description: "wanted is a number above 0, such as 2 or 0.5, or max")
        }
        return .times(factor)
    }
}
