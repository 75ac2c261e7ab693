internal import CSupport
internal import Glibc
public import Libevent
public import Logging
internal import ProxyCore
internal import QMP
public import Recording

/// A recording lacks its end; the log says how much.
public struct RecordingIncomplete: Error, CustomStringConvertible {
    /// In a line for a person.
    public var description: String { "not all is recorded" }
}

/// The whole process: one event loop, one server and one recording a monitor, signals, and the service manager.
public actor ProxyService {
    private let loop: EventLoop
    private let logger: Logger
    private var servers: [ProxyServer] = []
    private var serversRunning = 0
    /// Monitors may share one.
    private var stateDirectories: [String: StateDirectory] = [:]
    private var signals: [SignalWatch] = []
    private var watchdog: Timer?
    private let notifier = ServiceNotifier { name in getenv(name).map { String(cString: $0) } }
    private var isStopping = false
    /// Whether there are recordings that play a monitor.
    private var isPlaying = false
    /// Whether those wait for their first client.
    private var awaitsFirstClient = false
    private var areAllRecorded = true
    /// The wall clock's time when the loop's was zero.
    private let startedMicrosecondsSince1970: Int64

    /// The loop's thread is this actor's.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Serves monitors on the calling thread until SIGINT, SIGTERM or ``stop()`` ends it; a second signal ends it at
    /// once.
    ///
    /// - Parameters:
    ///   - configurations: the monitors; at least one.
    ///   - version: the proxy's own.
    ///   - logger: where the log goes.
    ///   - onTell: called with what is said of recordings that are played, in lines for a person.
    ///   - onReady: called once every address is listened on.
    /// - Returns: the recordings that were played, as far as they were, in the order of `configurations`.
    /// - Throws: what keeps it from starting, such as an address in use, in a line for a person; in the end
    ///   ``RecordingIncomplete``.
    @discardableResult
    public static func run(
        _ configurations: [MonitorConfiguration],
        version: String,
        logger: Logger,
        onTell: @escaping @Sendable (String) -> Void = { _ in },
        onReady: (ProxyService) throws -> Void = { _ in }
    ) throws -> [MonitorPlayback] {
        prepareProcess()
        let descriptorLimit = try raiseDescriptorLimit()
        logger.debug("\(descriptorLimit) descriptors may be open")
        // What comes late in a recording is late again each time something waits for it.
        let isPlaying = configurations.contains { if case .recording = $0.monitor { true } else { false } }
        let service = ProxyService(loop: try EventLoop(isPrecise: isPlaying), logger: logger)
        try service.assumeIsolated { try $0.start(configurations, version: version, onTell: onTell) }
        try onReady(service)
        service.loop.run()
        return try service.assumeIsolated { service in
            guard service.areAllRecorded else { throw RecordingIncomplete() }
            return service.servers.compactMap { $0.assumeIsolated { $0.mock?.playback } }
        }
    }

    private init(loop: EventLoop, logger: Logger) {
        self.loop = loop
        self.logger = logger
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
        startedMicrosecondsSince1970 = microseconds - loop.microsecondsSinceStart()
    }

    /// Asks for a clean end; may be called from anywhere.
    public func stop() {
        guard !isStopping else {
            logger.warning("asked twice, ending at once")
            for server in servers { server.assumeIsolated { $0.killPrograms() } }
            exit(1)
        }
        isStopping = true
        notifier?.send("STOPPING=1")
        for server in servers { server.assumeIsolated { $0.stop() } }
    }

    /// Every address that is listened on, with the real ports.
    public var boundAddresses: [Address] { servers.flatMap { $0.assumeIsolated { $0.boundAddresses } } }

    private func start(
        _ configurations: [MonitorConfiguration],
        version: String,
        onTell: @escaping @Sendable (String) -> Void
    ) throws {
        for configuration in configurations {
            servers.append(try makeServer(configuration, version: version, onTell: onTell))
        }
        serversRunning = servers.count
        let isRecording = configurations.contains { $0.recording != nil }
        isPlaying = servers.contains { $0.assumeIsolated { $0.mock != nil } }
        awaitsFirstClient = isPlaying
        if isPlaying { loop.beforeFlush.append { [unowned self] in assumeIsolated { $0.beginMocks() } } }
        // First for all: what cannot listen leaves recordings alone.
        for server in servers { try server.assumeIsolated { try $0.listen() } }
        for server in servers { try server.assumeIsolated { try $0.start() } }
        for signal in [SIGINT, SIGTERM] {
            let watch = try SignalWatch(signal: signal, loop: loop) { [unowned self] in assumeIsolated { $0.stop() } }
            signals.append(watch)
        }
        if isRecording {
            // As logrotate(8) asks for it. Without a recording SIGHUP ends the proxy, as it ends any program.
            signals.append(
                try SignalWatch(signal: SIGHUP, loop: loop) { [unowned self] in
                    assumeIsolated { service in
                        for server in service.servers { server.assumeIsolated { $0.beginSegment() } }
                    }
                }
            )
        }
        notifier?.send("READY=1")
        feedWatchdog()
    }

    private func beginMocks() {
        if !awaitsFirstClient {
            for server in servers { server.assumeIsolated { $0.beginLaterMock() } }
        } else if servers.contains(where: { $0.assumeIsolated { $0.engine.hasNegotiatedClients } }) {
            awaitsFirstClient = false
            let first = servers.compactMap { $0.assumeIsolated { $0.mock?.beginsMicrosecondsSince1970 } }.min()
            for server in servers { server.assumeIsolated { $0.beginMock(first: first) } }
        }
    }

    private func makeServer(
        _ configuration: MonitorConfiguration,
        version: String,
        onTell: @escaping @Sendable (String) -> Void
    ) throws -> ProxyServer {
        var settings = EngineSettings(
            name: configuration.name,
            monitorAddress: configuration.monitor.description,
            version: version,
            nonce: "qmp-proxy \(getpid()) \(startedMicrosecondsSince1970)"
        )
        if case .listen = configuration.monitor { settings.waitsForMonitor = true }
        if case .tcp = configuration.monitor.address { settings.passesDescriptors = false }
        if case .recording = configuration.monitor {
            settings.limits = .mock
            // A client's marks are welcome, as they were when it was recorded.
            settings.isWatched = true
        }
        settings.keepsClients = configuration.keepsClients
        settings.limits.clientsMax = configuration.clientsMax
        settings.recording = configuration.recording?.path
        settings.needsRecording = configuration.needsRecording
        var logger = logger
        logger[metadataKey: "monitor"] = "\(configuration.name)"
        return try ProxyServer(
            configuration: configuration,
            settings: settings,
            header: RecordingHeader(
                startedMicrosecondsSince1970: startedMicrosecondsSince1970,
                proxy: version,
                monitor: configuration.name
            ),
            startedMicrosecondsSince1970: startedMicrosecondsSince1970,
            stateDirectory: try stateDirectory(for: configuration),
            loop: loop,
            logger: logger,
            onTell: onTell,
            onStopped: { [unowned self] isRecorded in assumeIsolated { $0.serverStopped(isRecorded) } }
        )
    }

    /// The directory of a monitor's plugins, if it has any and they have one.
    private func stateDirectory(for configuration: MonitorConfiguration) throws -> StateDirectory? {
        guard !configuration.plugins.isEmpty, let path = configuration.stateDirectory else { return nil }
        let directory = try stateDirectories[path] ?? StateDirectory(path: path)
        stateDirectories[path] = directory
        return directory
    }

    private func serverStopped(_ isRecorded: Bool) {
        areAllRecorded = areAllRecorded && isRecorded
        serversRunning -= 1
        guard serversRunning == 0 else { return }
        watchdog?.cancel()
        signals = []
        loop.stop()
    }

    /// As long as the loop turns, the service manager is told so twice in the time it waits.
    private func feedWatchdog() {
        guard let notifier, let interval = notifier.watchdogInterval else { return }
        notifier.send("WATCHDOG=1")
        let timer = Timer(loop: loop) { [unowned self] in assumeIsolated { $0.feedWatchdog() } }
        timer.set(after: .microseconds(interval))
        watchdog = timer
    }

    /// A log that nobody reads any more, or that may not grow, must not end the proxy; and a socket must not get the
    /// log's number.
    static func prepareProcess() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        // Ignored, as some parents leave it, nobody would learn how a program has ended (waitpid(2), "Notes").
        signal(SIGCHLD, SIG_DFL)
        var descriptor = open("/dev/null", O_RDWR)
        while descriptor >= 0, descriptor < 3 { descriptor = dup(descriptor) }
        if descriptor >= 0 { close(descriptor) }
        tuneAllocator()
    }

    /// Messages of a megabyte come and go; giving their pages back to the kernel each time costs more than the work.
    private static func tuneAllocator() {
        csupport_keep_freed_memory(32 << 20, 64 << 20)
    }
}
