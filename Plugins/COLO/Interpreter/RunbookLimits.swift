internal import QMP

/// The limits of runbooks, each with its reason.
enum RunbookLimits {
    /// Steps of one runbook: ten times the longest of ours.
    static let stepsMax = 200
    /// Bytes of one file: a step is some hundred.
    static let fileBytesMax = 1 << 18
    /// How long a reply may take: the longest seen is drive_add's, 0.1 s; a busy host may need more.
    static let reply: Duration = .seconds(10)
    /// How long a step may say that a reply takes: what the kit allows (`PluginContext.execute`).
    static let replyMax: Duration = .seconds(600)
    /// How long an out-of-band reply may take: QEMU's own thread gives it, at once.
    static let outOfBandReply: Duration = .seconds(1)
    /// How long an event is waited for unless the step says otherwise.
    static let wait: Duration = .seconds(60)
    /// How long a step may wait: a resync of a very large disk, and no timer is longer (`PluginContext.setTimer`).
    static let waitMax: Duration = .seconds(365 * 86_400)
    /// How often QEMU is asked for what is waited for: often enough for a progress bar, seldom enough for a recording.
    static let poll: Duration = .seconds(1)
    /// How often `query-yank` is asked in one go: what it listed may be gone by the time it is yanked.
    static let yanksMax = 3
    /// Characters of a text of QEMU's that are told on.
    static let textMax = 500
}
