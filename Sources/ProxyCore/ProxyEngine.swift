internal import QMP
public import Recording

/// Decides everything for one monitor and its clients.
///
/// It does nothing itself: what happens comes in as events, what is to be done goes out as actions, and the same events
/// give the same actions.
public struct ProxyEngine {
    let settings: EngineSettings
    var clients = ClientTable()
    var monitor: MonitorState
    var queue = CommandQueue()
    var counts = Counts()
    var commandNumber = 0
    /// Out-of-band commands for which the monitor was not ready.
    var outOfBandWaiting: [CommandQueue.Outgoing] = []
    var isAcceptingPaused = false
    var isStopping = false
    var hasStopped = false
    var recordingTrouble: String?
    var now = Instant.zero
    /// What this turn asks for; handed out at its end.
    var actions: [ProxyAction] = []

    /// An engine that has seen nothing yet; give it ``ProxyEvent/started`` first.
    public init(settings: EngineSettings) {
        self.settings = settings
        monitor = MonitorState(limits: settings.limits)
    }

    var limits: ProxyLimits { settings.limits }

    /// Whether there is a client that gets events.
    public var hasNegotiatedClients: Bool { clients.all.contains(where: \.getsEvents) }

    /// Takes one event, and appends what is to be done.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: when; never earlier than the last one.
    ///   - actions: where the actions go, in the order in which they are to be done.
    public mutating func handle(_ event: ProxyEvent, at now: Instant, into actions: inout [ProxyAction]) {
        self.now = now
        swap(&self.actions, &actions)
        defer { swap(&self.actions, &actions) }
        switch event {
        case .started: connect()
        case .accepted(let client, let peer, let listener): accept(client, peer: peer, listener: listener)
        case .monitorOpened(let peer): monitorOpened(peer)
        case .monitorUnreachable(let reason): monitorUnreachable(reason)
        case .received(.monitor, let bytes, _): receivedFromMonitor(bytes)
        case .received(.client(let client), let bytes, let descriptors):
            receivedFromClient(client, bytes, descriptors)
        case .ended(.monitor): closeMonitor()
        case .ended(.client(let client)): clientEnded(client)
        case .closed(.monitor, let reason): monitorClosed(reason)
        case .closed(.client(let client), let reason): clientClosed(client, reason)
        case .unsent(.monitor, let bytes, _): monitor.unsent = bytes
        case .unsent(.client(let client), let bytes, let beyond): clientUnsent(client, bytes, beyondCurrent: beyond)
        case .timerFired(let timer): fired(timer)
        case .recordingChanged(let trouble, let lost): recordingChanged(trouble, entriesLost: lost)
        case .stopRequested: stop()
        }
        endStop()
    }

    private mutating func fired(_ timer: ProxyTimer) {
        switch timer {
        case .reconnect: connect()
        case .closing(let client):
            log(.warning, "client \(client) did not take its last bytes, closed")
            act(.close(.client(client)))
        case .stopping where monitor.phase == .closing:
            log(.warning, "the monitor did not take its last bytes, closed")
            act(.close(.monitor))
        case .stopping:
            log(.warning, "\(queue.flights.count) commands were not answered in time, stopping all the same")
            _ = queue.reset()
        }
    }

    // MARK: - Stopping

    /// Nothing new is taken; what is in flight is waited for, since a connection closed behind a command may lose it.
    private mutating func stop() {
        guard !isStopping else { return }
        isStopping = true
        log(.info, "stopping")
        adjustAccepting()
        act(.cancelTimer(.reconnect))
        for index in clients.all.indices { pauseReading(at: index) }
        if !queue.flights.isEmpty { act(.setTimer(.stopping, at: now + limits.stoppingTimeMax)) }
    }

    /// Ends the clients and the monitor once nothing is in flight, and the engine once they are gone.
    private mutating func endStop() {
        guard isStopping, !hasStopped, queue.flights.isEmpty else { return }
        for index in clients.all.indices { finish(at: index) }
        switch monitor.phase {
        case .silent, .negotiating, .ready:
            act(.finish(.monitor))
            monitor.phase = .closing
            act(.setTimer(.stopping, at: now + limits.stoppingTimeMax))
        case .away, .connecting:
            guard clients.all.isEmpty else { return }
            hasStopped = true
            act(.cancelTimer(.stopping))
            act(.stopped)
        case .closing: break
        }
    }

    // MARK: - Small things

    mutating func act(_ action: ProxyAction) {
        actions.append(action)
    }

    mutating func log(_ level: LogLevel, _ text: String) {
        act(.log(level, text))
    }

    /// Records, if anything is recorded at all.
    mutating func record(
        _ place: Entry.Place,
        _ kind: Entry.Kind,
        command: Int? = nil,
        descriptors: Int = 0
    ) {
        guard settings.recording != nil || settings.isWatched else { return }
        counts.entries += 1
        act(.record(Entry(time: now, place: place, kind: kind, command: command, descriptors: descriptors)))
    }
}
