import Glibc
import Libevent
import Logging
import PluginKit
import ProxyIO
import QMP
import Recording
import Testing

/// One after the other: each is stopped by a signal.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct ProxyServiceTests {
    let directory = TemporaryDirectory()

    func configuration(_ recording: String) -> MonitorConfiguration {
        MonitorConfiguration(
            name: "vm0",
            monitor: .connect(.unix(path: directory.path("monitor"))),
            listeners: [.unix(path: directory.path("clients"))],
            recording: RecordingOptions(path: directory.path(recording), keepSegments: 1)
        )
    }

    func run(
        _ configuration: MonitorConfiguration,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        onReady: (ProxyService) -> Void = { _ in }
    ) throws {
        try ProxyService.run([configuration], version: "1", logger: logger, onReady: onReady)
    }

    /// A service manager starts it again and again: what was recorded must be there in the end.
    @Test
    func leavesRecordingsAloneIfItCannotListen() throws {
        #expect(mkdir(directory.path("r"), 0o700) == 0)
        directory.write("r/vm0-20200101T000001.000000Z.qmprec", [])
        directory.write("clients", [])
        #expect(throws: (any Error).self) { try run(configuration("r/")) }
        #expect(directory.names(in: "r") == ["vm0-20200101T000001.000000Z.qmprec"])
    }

    /// The exit status tells of it.
    @Test
    func failsIfNotAllIsRecorded() {
        var configuration = configuration("r/")
        configuration.recording?.path = "/dev/full"
        #expect(throws: RecordingIncomplete.self) {
            try run(configuration) { _ in kill(getpid(), SIGTERM) }
        }
    }

    @Test
    func endsWellIfAllIsRecorded() throws {
        try run(configuration("r/")) { _ in kill(getpid(), SIGTERM) }
        #expect(directory.names(in: "r").count == 1)
    }

    /// A plugin that forgets what it has promised may cost data.
    @Test
    func doesNotStartWithAStateThatCannotBeRead() throws {
        #expect(mkdir(directory.path("s"), 0o700) == 0)
        directory.write("s/vm0.quiet.json", [])
        var configuration = configuration("r/")
        configuration.stateDirectory = directory.path("s")
        configuration.plugins = [try PluginInstance(QuietPlugin.self)]
        let failure = #expect(throws: (any Error).self) { try run(configuration) }
        #expect("\(try #require(failure))".hasPrefix("\(directory.path("s/vm0.quiet.json")) is no state of a plugin: "))
        #expect(directory.names(in: "r") == [])
    }
}

private struct QuietPlugin: Plugin {
    static let name = "quiet"

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {}
}
