internal import Libevent
internal import Recording

/// A recording in the place of the monitor's connection.
///
/// What the server asks of it is noted at once, what comes of it is told in a later turn of the loop, as it is with a
/// real connection.
struct MockMonitor {
    /// Its address for people: what plays the monitor.
    let peer: String
    let tell: @Sendable (String) -> Void
    /// What the recording begins with when its first client has negotiated, in microseconds since
    /// 1970-01-01T00:00:00Z; `nil` if the recording does not say when it was made.
    let beginsMicrosecondsSince1970: Int64?
    private(set) var playback: MonitorPlayback
    /// Whether the server has been told that it is connected, and not that it is not.
    private(set) var isConnected = false
    private var isConnecting = false
    private var isDisconnecting = false
    private var alarm: Timer?
    private var isAwaited = false
    private var isOver = false

    /// The recording, before anybody connects.
    ///
    /// - Throws: `Unplayable`.
    init(_ recorded: RecordedMonitor, tell: @escaping @Sendable (String) -> Void) throws(Unplayable) {
        peer = "recording \(recorded.path)"
        let playback = try MonitorPlayback(recorded.recording, settings: recorded.settings)
        let started = recorded.recording.runs.first?.header.startedMicrosecondsSince1970
        beginsMicrosecondsSince1970 = started.map { $0 + playback.begins.microseconds }
        self.playback = playback
        self.tell = tell
    }

    /// Notes that the server reaches for it.
    mutating func connect() {
        isConnecting = true
    }

    /// Notes that the server closes the connection.
    mutating func disconnect(at now: Instant) {
        guard isConnected, !isDisconnecting else { return }
        isDisconnecting = true
        playback.disconnected(at: now)
    }

    /// Does something with the recording that is played.
    mutating func play(_ change: (inout MonitorPlayback) -> Void) {
        change(&playback)
    }

    /// Whether the server is to be told that it is connected.
    mutating func takeConnection(at now: Instant) -> Bool {
        guard isConnecting else { return false }
        isConnecting = false
        isConnected = true
        playback.connected(at: now)
        return true
    }

    /// Whether the server is to be told that the connection it has closed is gone.
    mutating func takeDisconnection() -> Bool {
        guard isDisconnecting else { return false }
        isDisconnecting = false
        isConnected = false
        return true
    }

    /// Whether the server is to be told that the monitor has closed the connection.
    mutating func takeClose(at now: Instant) -> Bool {
        guard isConnected, !isDisconnecting else { return false }
        isConnected = false
        playback.disconnected(at: now)
        return true
    }

    /// Asks to be played at the end of the loop's turn; whether that was not asked for already.
    mutating func askForTurn() -> Bool {
        defer { isAwaited = true }
        return !isAwaited && !isOver
    }

    /// That has come.
    mutating func begin() {
        isAwaited = false
        alarm?.cancel()
    }

    /// Sets the timer that calls back when something is due; a timer is made the first time.
    mutating func setAlarm(at now: Instant, makeTimer: () -> Timer) {
        guard !isOver, let due = playback.nextDue else { return }
        let timer = alarm ?? makeTimer()
        alarm = timer
        timer.set(after: .microseconds(max(0, due.microseconds - now.microseconds)))
    }

    /// Nothing more is played.
    mutating func cancel() {
        isOver = true
        alarm?.cancel()
    }
}
