internal import Libevent
internal import Logging
internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// The shell around one monitor's engine: callbacks of the event loop become events, actions become calls.
///
/// It decides nothing. All of it runs on the loop's thread, which is the actor's executor.
actor ProxyServer {
    let configuration: MonitorConfiguration
    let loop: EventLoop
    let logger: Logger
    private let header: RecordingHeader
    private let startedMicrosecondsSince1970: Int64
    // Unchecked: all is on the loop's thread, and each message would be checked for being alone with it.
    @exclusivity(unchecked) var recording: MonitorRecording?
    /// The recording that plays the monitor, if one does.
    var mock: MockMonitor?
    /// Clients in this process that play a recording, if that is what the server is for.
    var replay: ReplayClients?
    private(set) var engine: ProxyEngine
    var connections: [Int: Connection] = [:]
    private var listeners: [Listener] = []
    private var monitorListener: Listener?
    private var connector: Connector?
    /// Those of second monitors, by their numbers.
    var secondConnectors: [Int: Connector] = [:]
    /// The programs that plugins have started, by their numbers.
    var programs: [Int: ChildProcess] = [:]
    private var timers: [ProxyTimer: Timer] = [:]
    var descriptors = DescriptorTable()
    /// Where plugins keep what must outlive the proxy, if they may.
    let stateDirectory: StateDirectory?
    var stateWriter: StateWriter?
    /// What is to be stored once the turn's messages have left: the thread that writes may take this one's processor.
    var unstored: [(value: JSONValue, number: Int, plugin: Int)] = []
    private var lastClient = 0
    private var actions: [ProxyAction] = []
    private var hasStopped = false
    private let onStopped: @Sendable (_ isRecorded: Bool) -> Void

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A server that does nothing yet; `onStopped` is called when it has stopped and nothing is left to do, and tells
    /// whether the recording is whole.
    ///
    /// - Throws: what keeps the recording that is to be played from that.
    init(
        configuration: MonitorConfiguration,
        settings: EngineSettings,
        header: RecordingHeader,
        startedMicrosecondsSince1970: Int64,
        stateDirectory: StateDirectory? = nil,
        loop: EventLoop,
        logger: Logger,
        onTell: @escaping @Sendable (String) -> Void = { _ in },
        onStopped: @escaping @Sendable (_ isRecorded: Bool) -> Void
    ) throws {
        self.configuration = configuration
        self.stateDirectory = stateDirectory
        self.loop = loop
        self.logger = logger
        self.header = header
        self.startedMicrosecondsSince1970 = startedMicrosecondsSince1970
        self.onStopped = onStopped
        engine = ProxyEngine(settings: settings, plugins: configuration.plugins)
        if case .recording(let recorded) = configuration.monitor { mock = try MockMonitor(recorded, tell: onTell) }
    }

    /// Listens on every address; nobody is accepted before the loop runs.
    ///
    /// - Throws: what keeps it from listening.
    func listen() throws {
        for address in configuration.listeners {
            listeners.append(try listen(on: address) { $0.accepted($1, on: address) })
        }
        if case .listen(let address) = configuration.monitor {
            monitorListener = try listen(on: address) { $0.monitorConnected($1.descriptor, peer: $1.peer) }
            monitorListener?.pause()
        }
    }

    /// Where it listens, with the real ports.
    var boundAddresses: [Address] { listeners.map(\.boundAddress) }

    /// Gives plugins what they have kept, opens the recording, then reaches for the monitor.
    ///
    /// - Throws: what keeps it from that.
    func start() throws {
        let restored = try openState()
        recording = try configuration.recording.map { options in
            try MonitorRecording(
                options,
                header: header,
                startedMicrosecondsSince1970: startedMicrosecondsSince1970,
                loop: loop,
                onSegmentDue: { [weak self] in self?.assumeIsolated { $0.beginSegment() } },
                onReport: { [weak self] report in Task { await self?.recordingChanged(report) } }
            )
        }
        if recording != nil { engine.recorded = RecordedLines(redacting: configuration.redaction) }
        for event in restored { handle(event) }
        handle(.started)
    }

    /// Asks the engine to stop; ``onStopped`` tells when it has.
    func stop() {
        handle(.stopRequested)
    }

    private func listen(
        on address: Address,
        accept: @escaping @Sendable (isolated ProxyServer, AcceptedSocket) -> Void
    ) throws -> Listener {
        try Listener(
            address: address,
            mode: configuration.socketMode,
            loop: loop,
            onAccept: { [unowned self] socket in assumeIsolated { accept($0, socket) } },
            onFailure: { [logger] error in logger.warning("no more clients for the moment: \(error)") }
        )
    }

    // MARK: - Events in, actions out

    /// No action calls back at once: what it causes comes in a later callback, as an event of its own.
    func handle(_ event: ProxyEvent) {
        // What was under way may still come, from other threads too.
        guard !hasStopped else { return }
        var actions: [ProxyAction] = []
        swap(&self.actions, &actions)
        engine.handle(event, at: now, into: &actions)
        recording?.take(&engine.recorded)
        actions.withUnsafeMutableBufferPointer { actions in
            guard let first = actions.baseAddress else { return }
            for place in first..<first + actions.count {
                // Moved out, which is quicker than a copy; something must stand there.
                let action = place.move()
                place.initialize(to: .stopped)
                perform(consume action)
            }
        }
        actions.removeAll(keepingCapacity: true)
        swap(&self.actions, &actions)
    }

    var now: Instant { Instant(microseconds: loop.microsecondsSinceStart()) }

    private func perform(_ action: consuming ProxyAction) {
        switch consume action {
        case .send(let endpoint, let message, let tokens): send(message, tokens, to: endpoint)
        // With a recording the engine keeps it instead.
        case .record(let entry):
            if replay != nil { replayed(entry) }
        // Whoever waits for a message does not wait for the log.
        case .log(let level, let text):
            loop.afterFlush { [logger] in logger.log(level: level.loggerLevel, "\(text)") }
        case .connectMonitor: connectMonitor()
        case .closeDescriptors(let tokens): _ = descriptors.take(tokens)
        case .pauseReading(let endpoint): connections[endpoint.tag]?.pauseReading()
        case .resumeReading(let endpoint): connections[endpoint.tag]?.resumeReading()
        case .finish(.monitor) where mock != nil, .close(.monitor) where mock != nil: disconnectMock()
        case .finish(.secondMonitor(let number)) where secondConnectors[number] != nil,
            .close(.secondMonitor(let number)) where secondConnectors[number] != nil:
            cancelConnecting(to: number)
        case .finish(let endpoint):
            if let connection = connections[endpoint.tag] { connection.finish() } else { replayEnded(endpoint) }
        case .close(let endpoint):
            if let connection = connections[endpoint.tag] { connection.close() } else { replayEnded(endpoint) }
        case .pauseAccepting: for listener in listeners { listener.pause() }
        case .resumeAccepting: for listener in listeners { listener.resume() }
        case .setTimer(let timer, let time): set(timer, at: time)
        case .cancelTimer(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .connectSecondMonitor(let number, let address): connectSecondMonitor(number, at: address)
        case .store(let plugin, let number, let value): store(value, number, of: plugin)
        case .startProgram(let number, let arguments): startProgram(number, arguments)
        case .writeToProgram(let number, let bytes): programs[number]?.write(bytes)
        case .stopProgram(let number): programs[number]?.stop()
        case .stopped: stopped()
        }
    }

    private func send(_ message: SplicedMessage, _ tokens: [DescriptorToken], to endpoint: Endpoint) {
        // Taken in any case: who is not sent to any more cannot keep them.
        let handles = tokens.isEmpty ? [] : descriptors.take(tokens)
        guard let connection = connections[endpoint.tag] else {
            if endpoint == .monitor { sendToMock(message) }
            return
        }
        let (head, insert, tail, end) = message.parts
        connection.queue(head, endsMessage: false, descriptors: handles)
        if !insert.isEmpty { connection.queue(insert, endsMessage: false) }
        connection.queue(tail, endsMessage: end.isEmpty)
        if !end.isEmpty { connection.queue(end, endsMessage: true) }
    }

    private func set(_ timer: ProxyTimer, at time: Instant) {
        let alarm = Timer(loop: loop) { [unowned self] in
            assumeIsolated { server in
                server.timers.removeValue(forKey: timer)
                server.handle(.timerFired(timer))
            }
        }
        alarm.set(after: .microseconds(time.microseconds - now.microseconds))
        timers[timer] = alarm
    }

    private func stopped() {
        hasStopped = true
        connector?.cancel()
        secondConnectors = [:]
        killPrograms()
        for listener in listeners { listener.close() }
        monitorListener?.close()
        for timer in timers.values { timer.cancel() }
        timers = [:]
        mock?.cancel()
        closeState()
        let missing = recording?.close()
        // Said here: nothing comes by way of the loop any more.
        if let missing { logger.error("\(missing)") }
        onStopped(missing == nil)
    }

    // MARK: - The monitor

    private func connectMonitor() {
        switch configuration.monitor {
        case .recording: connectMock()
        case .listen: monitorListener?.resume()
        case .connect(let address):
            connector = Connector(to: address, loop: loop) { [unowned self] result in
                assumeIsolated { $0.connected(result) }
            }
        }
    }

    private func connected(_ result: Result<DescriptorHandle, SystemError>) {
        connector = nil
        switch result {
        case .success(let socket): monitorConnected(socket, peer: Peer(of: socket))
        case .failure(let error):
            handle(.monitorUnreachable(reason: "\(error)"))
            replayUnreachable("\(error)")
        }
    }

    /// QEMU has one monitor connection; another that comes meanwhile waits in the kernel.
    private func monitorConnected(_ socket: DescriptorHandle, peer: Peer?) {
        monitorListener?.pause()
        let tag = Endpoint.monitor.tag
        let connection = Connection(
            descriptor: socket,
            tag: tag,
            passesDescriptors: false,
            loop: loop,
            delegate: self
        )
        // QEMU works on the next commands while the clients get their replies.
        connection.flushesFirst = true
        connections[tag] = connection
        handle(.monitorOpened(peer: "\(Client.Peer(peer))"))
    }

    // MARK: - Clients

    private func accepted(_ socket: AcceptedSocket, on address: Address) {
        lastClient += 1
        connections[lastClient] = Connection(
            descriptor: socket.descriptor,
            tag: lastClient,
            passesDescriptors: socket.passesDescriptors,
            loop: loop,
            delegate: self
        )
        let client = Client(
            number: lastClient,
            peer: Client.Peer(socket.peer),
            listener: "\(address)",
            policy: configuration.policies[address]
        )
        handle(.accepted(client))
    }
}

extension LogLevel {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
