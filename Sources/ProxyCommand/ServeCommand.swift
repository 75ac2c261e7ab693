internal import ArgumentParser
internal import Foundation
internal import Libevent
internal import Logging
internal import ProxyIO

/// `qmp-proxy serve`: the proxy itself.
struct Serve: ParsableCommand {
    /// The levels of the log that one may ask for.
    enum LogLevel: String, CaseIterable, ExpressibleByArgument {
        case debug
        case info
        case warning
        case error

        /// The same level in the words of swift-log.
        var level: Logger.Level {
            switch self {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        }
    }

    static let configuration = CommandConfiguration(
        abstract: "Serve many QMP clients with one QEMU monitor.",
        usage: """
            qmp-proxy serve --qemu ADDRESS --listen ADDRESS … [OPTION …]
            qmp-proxy serve --qemu-listen ADDRESS --listen ADDRESS … [OPTION …]
            qmp-proxy serve --config FILE [OPTION …]
            """,
        discussion: """
            EXAMPLES
              Two clients share one monitor. QEMU was started with
              -qmp unix:/run/vm0/qemu.sock,server=on,wait=off
                qmp-proxy serve --qemu unix:/run/vm0/qemu.sock \\
                  --listen unix:/run/vm0/qmp.sock
              Any number of clients may connect to that socket.

              The same, and everything is recorded:
                qmp-proxy serve --qemu unix:/run/vm0/qemu.sock \\
                  --listen unix:/run/vm0/qmp.sock --record vm0.qmprec

              For months: a file a day or 256 MiB, 20 GiB in all:
                qmp-proxy serve --qemu unix:/run/vm0/qemu.sock \\
                  --listen unix:/run/vm0/qmp.sock \\
                  --record /var/lib/qmp-proxy/vm0/ --keep-size 20GiB

              QEMU connects to the proxy. QEMU was started with
              -chardev socket,id=qmp,path=/run/vm0/qemu.sock,reconnect=1
              -mon chardev=qmp,mode=control
                qmp-proxy serve --qemu-listen unix:/run/vm0/qemu.sock \\
                  --listen unix:/run/vm0/qmp.sock

              Clients may look, and change nothing:
                qmp-proxy serve --qemu unix:/run/vm0/qemu.sock \\
                  --listen unix:/run/vm0/qmp.sock \\
                  --plugin guard --set guard.mode=read-only

              Several monitors are described by a file, which is checked first:
                qmp-proxy serve --config qmp-proxy.yaml --check-config

            An ADDRESS is unix:PATH or tcp:HOST:PORT, such as tcp:[::1]:4444. TCP has \
            no authentication: whoever reaches the port controls the VM.

            THE FILE
              monitors:
                - name: vm0
                  qemu: unix:/run/vm0/qemu.sock     # or qemu-listen
                  listen:
                    - unix:/run/vm0/qmp.sock
                    - address: tcp:127.0.0.1:4444
                      policy: read-only               # what guard lets clients do there
                  record: /var/lib/qmp-proxy/vm0/     # a directory: a file a day
                  keep-segments: 30
                  redact: ["qom-get /return"]
                  plugins:                            # in this order
                    - guard:
                        default: allow
                        rules: [{deny: [quit, system_*]}]
                    - exec:night:                     # the plugin exec, with a label
                        command: [/usr/local/bin/no-quit, --from, "22:00"]
                  state: /var/lib/qmp-proxy/state/    # what plugins keep
                  max-clients: 16
                  keep-clients: true
                  socket-mode: 0660
            Secrets of plugins stand elsewhere, and {file: PATH} or {env: VARIABLE} in \
            their place.

            Flags describe one monitor: they complete and override a file that has one, \
            and are refused with several. What may be given several times, such as \
            --listen and --plugin, replaces what the file says, with its policies and \
            settings; --set changes one key of a plugin.
            """
    )

    @Option(
        help: ArgumentHelp("QEMU's monitor socket, which the proxy connects to.", valueName: "ADDRESS"),
        transform: Configuration.address
    )
    var qemu: Address?

    @Option(
        help: ArgumentHelp("Where QEMU connects to the proxy, instead of --qemu.", valueName: "ADDRESS"),
        transform: Configuration.address
    )
    var qemuListen: Address?

    @Option(
        help: ArgumentHelp("Where clients connect; may be given several times.", valueName: "ADDRESS"),
        transform: Configuration.address
    )
    var listen: [Address] = []

    @OptionGroup
    var serving: ServingFlags

    @Flag(help: "Keep clients connected when QEMU goes away.")
    var keepClients = false

    @Option(
        help: ArgumentHelp("The monitor's name in logs and recordings. (default: vm0)", valueName: "NAME"),
        transform: Configuration.name
    )
    var name: String?

    @OptionGroup(title: "Recording")
    var recording: RecordingFlags

    @OptionGroup(title: "Plugins")
    var plugins: PluginFlags

    @Option(help: ArgumentHelp("Read monitors from this YAML file.", valueName: "FILE"))
    var config: String?

    @Flag(help: "Only check flags and file, and say what would be served.")
    var checkConfig = false

    @Option(help: ArgumentHelp("How much is logged.", valueName: "LEVEL"))
    var logLevel = LogLevel.info

    func run() throws {
        do {
            let monitors = try monitors()
            for address in monitors.flatMap({ [$0.monitor.address].compactMap(\.self) + $0.listeners }) {
                guard case .unix(let path) = address, path.utf8.count > Address.unixPathBytesMax else { continue }
                let sizes = "\(path.utf8.count) bytes; a socket file's path has at most \(Address.unixPathBytesMax)"
                throw Self.say(["qmp-proxy: \(address): the path is too long, \(sizes)"], .failure)
            }
            if checkConfig {
                print(monitors.map(\.summary).joined(separator: "\n"))
                print("ok")
                return
            }
            var logger = Logger(label: "qmp-proxy")
            logger.logLevel = logLevel.level
            for monitor in monitors {
                for warning in monitor.warnings {
                    logger.warning("\(warning)", metadata: ["monitor": "\(monitor.name)"])
                }
            }
            try ProxyService.run(monitors, version: Version.current, logger: logger)
        } catch let code as ExitCode {
            throw code
        } catch let error as Configuration.Invalid {
            // Checked here and not in validate(), whose complaint would come before that of a misspelt flag.
            let advice = config == nil ? ["See 'qmp-proxy serve --help'."] : []
            throw Self.say(error.problems.map(\.description) + advice, .validationFailure)
        } catch {
            throw Self.say(["qmp-proxy: \(error)"], .failure)
        }
    }

    /// What file and flags say together.
    func monitors() throws -> [MonitorConfiguration] {
        guard let config else { return try Configuration.monitors(flags: flags) }
        return try Configuration.monitors(file: config, text: try Configuration.text(of: config), flags: flags)
    }

    /// What the flags say of the one monitor that they describe.
    var flags: Configuration.Draft {
        var draft = Configuration.Draft()
        draft.name = draft.flag(.name, name)
        let connected = draft.flag(.qemu, qemu.map { MonitorConfiguration.Monitor.connect($0) })
        let listening = draft.flag(.qemuListen, qemuListen.map { MonitorConfiguration.Monitor.listen($0) })
        draft.monitor = connected ?? listening
        draft.listeners = listen.compactMap { draft.flag(.listen, $0) }.map { Configuration.Listener(address: $0) }
        draft.recording = recording.draft(&draft)
        plugins.draft(&draft)
        draft.clientsMax = draft.flag(.maxClients, serving.maxClients)
        draft.keepsClients = draft.flag(.keepClients, keepClients ? true : nil)
        draft.socketMode = draft.flag(.socketMode, serving.socketMode)
        return draft
    }

    private static func say(_ lines: [String], _ code: ExitCode) -> ExitCode {
        FileHandle.standardError.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        return code
    }
}
