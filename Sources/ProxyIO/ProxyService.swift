internal import CSupport
internal import Glibc
internal import Libevent
public import Logging
internal import ProxyCore
internal import QMP
internal import Recording

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
    private var signals: [SignalWatch] = []
    private var watchdog: Timer?
    private let notifier = ServiceNotifier { name in getenv(name).map { String(cString: $0) } }
    private var isStopping = false
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
    ///   - onReady: called once every address is listened on.
    /// - Throws: what keeps it from starting, such as an address in use, in a line for a person; in the end
    ///   ``RecordingIncomplete``.
    public static func run(
        _ configurations: [MonitorConfiguration],
        version: String,
        logger: Logger,
        onReady: (ProxyService) -> Void = { _ in }
    ) throws {
        prepareProcess()
        let descriptorLimit = try raiseDescriptorLimit()
        logger.debug("\(descriptorLimit) descriptors may be open")
        let service = ProxyService(loop: try EventLoop(), logger: logger)
        try service.assumeIsolated { try $0.start(configurations, version: version) }
        onReady(service)
        service.loop.run()
        guard service.assumeIsolated({ $0.areAllRecorded }) else { throw RecordingIncomplete() }
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
            exit(1)
        }
        isStopping = true
        notifier?.send("STOPPING=1")
        for server in servers { server.assumeIsolated { $0.stop() } }
    }

    private func start(_ configurations: [MonitorConfiguration], version: String) throws {
        for configuration in configurations {
            servers.append(makeServer(configuration, version: version))
        }
        serversRunning = servers.count
        let isRecording = configurations.contains { $0.recording != nil }
        if isRecording {
            loop.beforeFlush = { [servers] in
                for server in servers { server.assumeIsolated { $0.recordEntries() } }
            }
        }
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

    private func makeServer(_ configuration: MonitorConfiguration, version: String) -> ProxyServer {
        var settings = EngineSettings(
            name: configuration.name,
            monitorAddress: "\(configuration.monitor.address)",
            version: version,
            nonce: "qmp-proxy \(getpid()) \(startedMicrosecondsSince1970)"
        )
        if case .listen = configuration.monitor { settings.waitsForMonitor = true }
        if case .tcp = configuration.monitor.address { settings.passesDescriptors = false }
        settings.keepsClients = configuration.keepsClients
        settings.limits.clientsMax = configuration.clientsMax
        settings.recording = configuration.recording?.path
        settings.needsRecording = configuration.needsRecording
        var logger = logger
        logger[metadataKey: "monitor"] = "\(configuration.name)"
        return ProxyServer(
            configuration: configuration,
            settings: settings,
            header: RecordingHeader(
                startedMicrosecondsSince1970: startedMicrosecondsSince1970,
                proxy: version,
                monitor: configuration.name
            ),
            startedMicrosecondsSince1970: startedMicrosecondsSince1970,
            loop: loop,
            logger: logger,
            onStopped: { [unowned self] isRecorded in assumeIsolated { $0.serverStopped(isRecorded) } }
        )
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
    private static func prepareProcess() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
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
