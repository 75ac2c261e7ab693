import Glibc
import Logging
import PluginKit
import ProxyIO
import QMP
import Synchronization
import Testing

/// What plugins ask for is done in the world.
extension ProxyServiceTests {
    /// What a plugin notes until it is done.
    private func notes() throws -> Set<String> {
        var configuration = configuration("r/")
        configuration.stateDirectory = directory.path("s")
        let settings = PluginSettings([.init("directory", .text(directory.path("")))])
        configuration.plugins = [try PluginInstance(BusyPlugin.self, settings: settings)]
        let notes = Notes()
        try run(configuration, logger: Logger(label: "test") { _ in notes })
        return notes.all
    }

    @Test
    func doesWhatPluginsAskFor() throws {
        let missing = "connect unix:\(directory.path("/missing")): No such file or directory"
        let common: Set = [
            "cat says hello", "cat exited with status 0", "clumsy complains", "clumsy was killed by signal 15",
            "none could not be started: posix_spawn /nonexistent: No such file or directory", "stored",
            "nowhere is \"nowhere\" is no address: wanted is unix:PATH or tcp:HOST:PORT", "missing is \(missing)",
            "ourselves is silent", "idle exited with status 0",
        ]
        for restored in ["restored nothing", "restored 1"] {
            let notes = try notes()
            #expect(notes == common.union([restored]))
        }
        #expect(directory.text("s/vm0.busy.json") == "2\n")
    }
}

/// Asks for all that the shell does, and says in the log what comes of it.
private struct BusyPlugin: Plugin {
    static let name = "busy"
    /// Notes that come before the proxy is stopped.
    static let notesMax = 9

    private let directory: String
    private var rounds: Int64 = 0
    private var notes = 0

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        directory = try settings.text("directory") ?? ""
    }

    private mutating func note(_ text: String, _ context: inout PluginContext) {
        context.log(.info, Notes.prefix + text)
        notes += 1
        if notes == Self.notesMax { context.log(.info, Notes.prefix + Notes.end) }
    }

    mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        rounds = restored?.integer ?? 0
        note("restored \(restored?.integer.map { "\($0)" } ?? "nothing")", &context)
        context.start(program: ["cat"], tag: "cat")
        context.write(Array("hello".utf8)[...], to: "cat")
        context.start(program: ["/nonexistent"], tag: "none")
        context.start(program: ["sh", "-c", "echo \(Notes.prefix)clumsy complains >&2; kill $$"], tag: "clumsy")
        // Runs when the proxy is stopped.
        context.start(program: ["cat"], tag: "idle")
        context.connect(monitor: "nowhere", at: "nowhere")
        context.connect(monitor: "missing", at: "unix:\(directory)/missing")
        context.connect(monitor: "ourselves", at: "unix:\(directory)clients")
    }

    mutating func line(_ line: Bytes, from program: PluginKit.Tag, _ context: inout PluginContext) {
        note("\(program) says \(line.text)", &context)
        context.stop(program: program)
        context.store(.integer(rounds + 1), tag: "rounds")
    }

    mutating func answered(_ tag: PluginKit.Tag, with outcome: Outcome, _ context: inout PluginContext) {
        switch outcome {
        case .ended(let end): note("\(tag) \(end)", &context)
        default: note("\(outcome)", &context)
        }
    }

    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext) {
        guard case .second(let name) = monitor else { return }
        switch phase {
        case .unreachable(let reason): note("\(name) is \(reason)", &context)
        case .silent: note("\(name) is silent", &context)
        case .ready, .gone: break
        }
    }
}

/// A log that keeps what the plugin says, and asks the proxy to stop when that is all.
private final class Notes: LogHandler, Sendable {
    static let prefix = "note "
    static let end = "that is all"

    private let lines = Mutex<Set<String>>([])

    var all: Set<String> { lines.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let prefix = "plugin busy: \(Self.prefix)"
        let text = "\(event.message)"
        guard text.hasPrefix(prefix) else { return }
        if text.hasSuffix(Self.end) {
            kill(getpid(), SIGTERM)
        } else {
            lines.withLock { _ = $0.insert(String(text.dropFirst(prefix.utf8.count))) }
        }
    }
}
