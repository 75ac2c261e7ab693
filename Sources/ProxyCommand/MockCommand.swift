internal import ArgumentParser
internal import Foundation
internal import Libevent
internal import Logging
internal import ProxyIO
internal import QMP
internal import Recording

/// `qmp-proxy mock`: a recording plays QEMU.
struct Mock: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play QEMU's part of a recording, so that clients are tested without QEMU.",
        usage: """
            qmp-proxy mock RECORDING --listen ADDRESS … [OPTION …]
            qmp-proxy mock RECORDING=ADDRESS … [OPTION …]
            """,
        discussion: """
            Clients are greeted, negotiated with and answered as the recorded QEMU did it, with their own ids. What \
            the recording does not have is an error at once, and standard error says what is nearest. In the end it \
            says what was asked, what was not, and what was missed.

            EXAMPLES
              A client is tested without QEMU:
                qmp-proxy mock vm0.qmprec --listen unix:/tmp/qmp.sock

              Nothing is waited for, and all that was recorded must be asked for:
                qmp-proxy mock vm0.qmprec --listen unix:/tmp/qmp.sock \\
                  --speed max --require-all

              Queries are slow, and the second stop fails:
                qmp-proxy mock vm0.qmprec --listen unix:/tmp/qmp.sock \\
                  --fault 'query-*: delay 500ms' \\
                  --fault 'stop #2: error GenericError no'

              Two QEMUs that were recorded at once, on one clock (but for --idle-limit, which is each one's own):
                qmp-proxy mock a.qmprec=unix:/tmp/a.sock b.qmprec=unix:/tmp/b.sock

              A script that waits until it may connect:
                mkfifo ready
                qmp-proxy mock vm0.qmprec --listen tcp:127.0.0.1:0 --ready-fd 3 3>ready &
                read -r _ address <ready

            A RECORDING is a file, a directory of segments, or - for standard input. An ADDRESS is unix:PATH or \
            tcp:HOST:PORT; port 0 is any that is free.
            The exit status is 0 when all went well, 1 on failure or when --require-all found something that nobody \
            asked for, 64 on wrong usage.
            """
    )

    @Argument(
        help: ArgumentHelp("What is played, and where clients connect.", valueName: "RECORDING[=ADDRESS]"),
        completion: .file(extensions: ["qmprec"])
    )
    var recordings: [String]

    @Option(
        help: ArgumentHelp("Where clients connect; may be given several times.", valueName: "ADDRESS"),
        transform: Configuration.address
    )
    var listen: [Address] = []

    @Option(
        help: ArgumentHelp(
            """
            Which recorded command answers: strict, the next one; ordered, the next one of that name with these \
            arguments; any, any of that name with these arguments. (default: ordered)
            """,
            valueName: "HOW"
        ),
        transform: Configuration.match
    )
    var match: PlaybackSettings.Match?

    @Option(
        help: ArgumentHelp(
            "Do not compare this value, such as /arguments/id; may be given several times.",
            valueName: "POINTER"
        ),
        transform: Configuration.pointer
    )
    var ignore: [JSONPointer] = []

    @Flag(help: "Answer as often as is asked, when all that was recorded has been asked for.")
    var reuse = false

    @OptionGroup
    var playing: PlayingFlags

    @Option(
        help: ArgumentHelp("Play only what this client of the recording asked. (default: all)", valueName: "N"),
        transform: Configuration.count
    )
    var client: Int?

    @Option(
        help: ArgumentHelp(
            """
            What goes wrong: the names of commands, which of them, from when on, and delay TIME, silence, error CLASS \
            TEXT or drop, such as 'query-* #2+ @10s: delay 500ms'; may be given several times.
            """,
            valueName: "FAULT"
        ),
        transform: Configuration.fault
    )
    var fault: [Fault] = []

    @OptionGroup
    var serving: ServingFlags

    @Flag(help: "Fail if anything that was recorded was not asked for.")
    var requireAll = false

    @Option(
        help: ArgumentHelp(
            "Write READY and the addresses, on one line, to this descriptor and close it, when clients may connect.",
            valueName: "N"
        ),
        transform: Configuration.descriptor
    )
    var readyFd: Int?

    @Option(help: ArgumentHelp("How much is logged.", valueName: "LEVEL"))
    var logLevel = Serve.LogLevel.warning

    func run() throws {
        do {
            let descriptor = try readyFd.map { try ReadyDescriptor($0) }
            let monitors = try monitors()
            var logger = Logger(label: "qmp-proxy")
            logger.logLevel = logLevel.level
            let played = try ProxyService.run(monitors, version: Version.current, logger: logger, onTell: Self.tell) {
                try descriptor?.tell(addresses: $0.assumeIsolated { $0.boundAddresses })
            }
            Self.tell(played.map(\.summary), of: monitors.map(\.monitor))
            if requireAll, !played.allSatisfy(\.summary.isComplete) { throw ExitCode.failure }
        } catch let code as ExitCode {
            throw code
        } catch let error as MockListeners.Invalid {
            Self.tell(error.description)
            Self.write("See 'qmp-proxy mock --help'.")
            throw ExitCode.validationFailure
        } catch let failure as ShowSession.Failure {
            Self.tell(failure.text)
            throw ExitCode.failure
        } catch {
            Self.tell("\(error)")
            throw ExitCode.failure
        }
    }

    /// What is played where.
    private func monitors() throws -> [MonitorConfiguration] {
        try MockListeners.parse(recordings, listen: listen).map { path, listeners in
            let recording = try RecordingLoader.load(path)
            for note in recording.notes { Self.tell(note) }
            return MonitorConfiguration(
                name: recording.runs.first?.header.monitor ?? path,
                monitor: .recording(RecordedMonitor(path: path, recording: recording, settings: settings)),
                listeners: listeners,
                socketMode: serving.socketMode ?? 0o600,
                clientsMax: serving.maxClients ?? 1024
            )
        }
    }

    /// How each of them is played.
    var settings: PlaybackSettings {
        var settings = PlaybackSettings()
        settings.match = match ?? settings.match
        settings.ignored = ignore
        settings.reuses = reuse
        settings.client = client
        settings.faults = fault
        playing.apply(to: &settings)
        return settings
    }

    /// Says what was asked and what was not; of several recordings, of which it is.
    private static func tell(_ summaries: [PlaybackSummary], of monitors: [MonitorConfiguration.Monitor]) {
        for (summary, monitor) in zip(summaries, monitors) {
            guard case .recording(let recorded) = monitor else { continue }
            let place = monitors.count > 1 ? "\(recorded.path): " : ""
            for line in summary.description.split(separator: "\n") { tell(place + line) }
        }
    }

    private static func tell(_ line: String) {
        write("qmp-proxy: \(Readable.text(line))")
    }

    private static func write(_ line: String) {
        // Whoever does not read keeps nobody waiting: the clients are worth more than the line.
        var file = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&file, 1, 0) == 1 else { return }
        // Nobody can be told that standard error is gone.
        _ = try? ProxyCommand.write(Array("\(line)\n".utf8), to: STDERR_FILENO)
    }
}
