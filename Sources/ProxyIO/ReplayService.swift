internal import Glibc
public import Libevent
public import Logging
internal import ProxyCore
public import Recording

/// A replay: one event loop, one engine that holds the one connection QEMU allows, and the recorded clients before it.
public actor ReplayService {
    private let loop: EventLoop
    private var signals: [SignalWatch] = []

    /// The loop's thread is this actor's.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private init(loop: EventLoop) {
        self.loop = loop
    }

    /// Replays on the calling thread until the playback is done or has failed; SIGINT and SIGTERM make it fail.
    ///
    /// - Parameters:
    ///   - address: QEMU's monitor.
    ///   - version: the proxy's own.
    ///   - logger: where the engine's log goes.
    ///   - report: told all that the clients do and how QEMU answers, in order.
    ///   - makePlayback: makes what is played; it is told the monitor's name for people, and the time.
    /// - Returns: the report in the end.
    /// - Throws: what keeps it from starting, in a line for a person.
    public static func run<Report: ReplayReport>(
        to address: Address,
        version: String,
        logger: Logger,
        report: Report,
        makePlayback: (_ monitor: String, Instant) -> ClientPlayback
    ) throws -> Report {
        ProxyService.prepareProcess()
        let loop = try EventLoop(isPrecise: true)
        let playback = makePlayback("\(address)", Instant(microseconds: loop.microsecondsSinceStart()))
        let service = ReplayService(loop: loop)
        let server = try service.assumeIsolated { try $0.start(playback, report, address, version, logger) }
        loop.run()
        return server.assumeIsolated { $0.replay?.report as? Report } ?? report
    }

    private func start(
        _ playback: ClientPlayback,
        _ report: any ReplayReport,
        _ address: Address,
        _ version: String,
        _ logger: Logger
    ) throws -> ProxyServer {
        var settings = EngineSettings(
            name: "replay",
            monitorAddress: "\(address)",
            version: version,
            nonce: "qmp-proxy replay \(getpid())"
        )
        settings.isWatched = true
        if case .tcp = address { settings.passesDescriptors = false }
        let server = try ProxyServer(
            configuration: MonitorConfiguration(name: "replay", monitor: .connect(address), listeners: []),
            settings: settings,
            header: RecordingHeader(startedMicrosecondsSince1970: 0, proxy: version, monitor: "replay"),
            startedMicrosecondsSince1970: 0,
            loop: loop,
            logger: logger,
            onStopped: { [loop] _ in loop.stop() }
        )
        for signal in [SIGINT, SIGTERM] {
            signals.append(
                try SignalWatch(signal: signal, loop: loop) { server.assumeIsolated { $0.interruptReplay() } }
            )
        }
        try server.assumeIsolated { server in
            server.replay = ReplayClients(playback, report)
            try server.start()
            server.playLater()
        }
        return server
    }
}
