/// The limits of the plugin, each with its reason; those of runbooks are in ``RunbookLimits``.
enum COLOLimits {
    /// How often the peer may be asked: below 10 ms the asking itself is the load, above 1 min nobody waits for it.
    static let interval: ClosedRange<Duration> = .milliseconds(10)...(.seconds(60))
    /// The usual interval: two seconds of silence are eight misses.
    static let intervalUsual: Duration = .milliseconds(250)
    /// How many answers may be missed.
    static let misses = 2...1_000
    /// The usual number: a busy host misses some.
    static let missesUsual = 8
    /// How often a side that is not paired asks: nothing is lost meanwhile, and recordings stay small.
    static let restfulInterval: Duration = .seconds(1)
    /// How long own QEMU may take for an answer until it is asked again; its silence counts from its last word.
    static let answer: Duration = .seconds(10)
    /// Ticks that a proxy may take to find out whether its silent QEMU answers out of band, and to tell so.
    static let ticksToProbe = 4
    /// How long a connection to the peer's proxy may stay without an answer until another is tried: a link that was cut
    /// and is whole again would otherwise be found so only when TCP tries again, which may take two minutes.
    ///
    /// More than twice the engine's longest pause before it connects (`ProxyLimits.reconnectDelayMax`), which one that
    /// is given up and taken again has to wait, too: else it would be given up before it was tried.
    static let reconnect: Duration = .seconds(12)
    /// How long the QEMU of a partner to be may say nothing until it is given up: it may be loading a large guest's
    /// state, and all that waiting costs is time.
    static let partnerSilence: Duration = .seconds(10)
    /// How long a resync may stand still, with the peer not heard of, until it is given up.
    static let standstill: Duration = .seconds(30)
    /// The pause after a runbook has failed; it doubles up to ``pauseMax``.
    static let pauseMin: Duration = .seconds(1)
    /// The longest pause: a person who has mended something waits no longer than that.
    static let pauseMax: Duration = .seconds(60)
    /// How long a fence program may run: a management board that boots takes half of that.
    static let fence: Duration = .seconds(120)
    /// How long a notify program may run: a mail server that does not answer must not keep it for ever.
    static let notify: Duration = .seconds(60)
    /// Notify programs that run at a time: who is called four times knows.
    static let notifiersMax = 4
    /// Milliseconds between checkpoints (migration/options.c: a 32-bit number).
    static let checkpointDelay = 1...Int(UInt32.max)
    /// The longest silence that a peer tells of: a year, far from what a duration cannot hold.
    static let silence = 0.0...31_536_000
    /// The largest epoch that is taken over: a number of JSON's that all readers know, and that can be counted on from.
    private static let epochMax: Int64 = 1 << 53

    /// An epoch that a peer, or a file, tells.
    static func epoch(_ told: Int64) -> Int { Int(min(max(0, told), epochMax)) }
}
