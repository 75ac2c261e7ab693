public import PluginKit
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
    var chain: PluginChain
    /// Clients' commands that plugins hold.
    var held: [HeldCommand.Key: HeldCommand] = [:]
    /// Plugins' own commands that are not answered, by number.
    var executions: [Int: Execution] = [:]
    /// Those of them that wait for their turn, the next one first.
    var executionsWaiting: [CommandQueue.Outgoing] = []
    /// Plugins' programs and second monitors, by number.
    var programs: [Int: Program] = [:]
    var secondMonitors: [Int: SecondMonitor] = [:]
    /// Values being stored, by number.
    var stores: [Int: (place: Int, tag: Tag)] = [:]
    /// The number last given to a program, a second monitor or a store.
    var lastNumber = 0
    var isAcceptingPaused = false
    var isStopping = false
    var hasStopped = false
    var recordingTrouble: String?
    var now = Instant.zero
    /// What this turn asks for; handed out at its end.
    var actions: [ProxyAction] = []
    /// Where what is recorded goes, if somebody has put that here; else each entry is an action.
    ///
    /// That is quicker. After each event it is to be recorded, before anything is sent, and emptied.
    public var recorded: RecordedLines?

    /// An engine that has seen nothing yet; give it ``ProxyEvent/started`` first.
    ///
    /// - Parameters:
    ///   - settings: what it is told once.
    ///   - plugins: the chain, the first to be asked first.
    public init(settings: EngineSettings, plugins: [PluginInstance] = []) {
        self.settings = settings
        monitor = MonitorState(limits: settings.limits)
        chain = PluginChain(plugins, monitor: settings.name, version: settings.version)
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
        case .started:
            chain.tellAll(.started)
            connect()
        case .accepted(let client): accept(client)
        case .monitorOpened(let peer): monitorOpened(peer)
        case .monitorUnreachable(let reason): monitorUnreachable(reason)
        case .received(.monitor, let bytes, _): receivedFromMonitor(bytes)
        case .received(.client(let client), let bytes, let descriptors):
            receivedFromClient(client, bytes, descriptors)
        case .received(.secondMonitor, _, _), .ended(.secondMonitor), .closed(.secondMonitor, _),
            .unsent(.secondMonitor, _, _), .secondMonitorOpened, .secondMonitorUnreachable:
            secondMonitor(event)
        case .restored(let place, let value): chain.places[place].restored = value
        case .stored(_, let number, let failure): stored(number, failure)
        case .programLine, .programComplained, .programUnsent, .programEnded: program(event)
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
        if chain.hasWork { runPlugins() }
        endStop()
        // The end of clients is told, too.
        if chain.hasWork, !chain.hasAnotherTurn, !hasStopped { runPlugins() }
    }

    private mutating func fired(_ timer: ProxyTimer) {
        switch timer {
        case .reconnect: connect()
        case .closing(let client):
            log(.warning, "client \(client) did not take its last bytes, closed")
            act(.close(.client(client)))
        case .stopping: stoppedTooLong()
        case .plugin(let place, let tag):
            if chain.places[place].timers.remove(tag) != nil { chain.tell(place, .timerFired(tag)) }
        case .held(let place, let tag):
            heldTooLong(HeldCommand.Key(place: place, tag: tag))
            dispatch()
        case .execution(let number): executionTimedOut(number)
        case .secondMonitor(let number): connectSecondMonitor(number)
        case .plugins: chain.hasAnotherTurn = false
        }
    }

    // MARK: - Stopping

    /// What was waited for is waited for no longer.
    private mutating func stoppedTooLong() {
        if !stores.isEmpty {
            log(.error, "\(stores.count) values of plugins were not stored in time, stopping all the same")
            stores = [:]
        }
        if monitor.phase == .closing {
            log(.warning, "the monitor did not take its last bytes, closed")
            act(.close(.monitor))
        } else if !queue.flights.isEmpty {
            log(.warning, "\(queue.flights.count) commands were not answered in time, stopping all the same")
            _ = queue.reset()
        }
    }

    /// Nothing new is taken; what is in flight is waited for, since a connection closed behind a command may lose it.
    private mutating func stop() {
        guard !isStopping else { return }
        isStopping = true
        chain.isStopping = true
        log(.info, "stopping")
        adjustAccepting()
        act(.cancelTimer(.reconnect))
        for index in clients.all.indices { pauseReading(at: index) }
        stopPlugins()
        if !queue.flights.isEmpty || !stores.isEmpty { act(.setTimer(.stopping, at: now + limits.stoppingTimeMax)) }
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
            guard clients.all.isEmpty, programs.isEmpty, secondMonitors.isEmpty, stores.isEmpty else { return }
            hasStopped = true
            act(.cancelTimer(.stopping))
            // A plugin that is never done must not keep the proxy.
            if chain.hasAnotherTurn { act(.cancelTimer(.plugins)) }
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
}
