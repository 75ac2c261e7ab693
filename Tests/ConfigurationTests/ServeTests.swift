import ArgumentParser
import Foundation
import Libevent
import ProxyIO
import Testing

@testable import ProxyCommand

/// Flags, alone and together with a file, and how the command ends.
@Suite(.timeLimit(.minutes(15)))
struct ServeTests {
    private static let least = ["--qemu", "unix:q", "--listen", "unix:l"]
    private static let one = "monitors: [{name: a, qemu: unix:q, listen: [unix:l, unix:m], max-clients: 3, record: r}]"
    private static let two = """
        monitors:
        - {name: a, qemu: unix:q, listen: [unix:l]}
        - {name: b, qemu: unix:r, listen: [unix:m]}
        """

    @Test func describesOneMonitorByFlags() throws {
        let expected = MonitorConfiguration(
            name: "vm0",
            monitor: .connect(.unix(path: "q")),
            listeners: [.unix(path: "l")]
        )
        #expect(try Serve.parse(Self.least).monitors() == [expected])
    }

    @Test func takesEveryFlag() throws {
        let flags = """
            --qemu-listen unix:q --listen unix:l --listen tcp:[::1]:4 --record r --max-clients 2 --keep-clients \
            --socket-mode 0660 --name vm1 --log-level debug --check-config
            """
        let expected = MonitorConfiguration(
            name: "vm1",
            monitor: .listen(.unix(path: "q")),
            listeners: [.unix(path: "l"), .tcp(host: "::1", port: 4)],
            socketMode: 0o660,
            recording: RecordingOptions(path: "r"),
            clientsMax: 2,
            keepsClients: true
        )
        let serve = try Serve.parse(flags.split(separator: " ").map(String.init))
        #expect(try serve.monitors() == [expected])
        #expect(serve.logLevel == .debug)
        #expect(serve.checkConfig)
    }

    @Test(arguments: [
        (
            [],
            [
                "qmp-proxy: --qemu or --qemu-listen is missing: wanted is the address of QEMU's monitor, "
                    + "such as unix:/run/vm0/qemu.sock",
                "qmp-proxy: --listen is missing: wanted is an address that clients connect to, "
                    + "such as unix:/run/vm0/qmp.sock",
            ]
        ),
        (
            least + ["--qemu-listen", "unix:p"],
            ["qmp-proxy: --qemu and --qemu-listen exclude each other: wanted is one of them"]
        ),
        (
            least + ["--listen", "unix:l", "--listen", "unix:q"],
            [
                "qmp-proxy: --listen: \"unix:l\" is already --listen: wanted is another",
                "qmp-proxy: --listen: \"unix:q\" is already --qemu: wanted is another",
            ]
        ),
    ])
    func refusesFlagsThatDescribeNoMonitor(flags: [String], problems: [String]) throws {
        let serve = try Serve.parse(flags)
        let error = #expect(throws: Configuration.Invalid.self) { try serve.monitors() }
        #expect(error?.problems.map(\.description) == problems)
        #expect(throws: ExitCode(64)) { try serve.run() }
    }

    @Test(arguments: [
        (["--qemu", "q"], "The value 'q' is invalid for '--qemu <ADDRESS>': wanted is unix:PATH or tcp:HOST:PORT"),
        (
            ["--qemu-listen", "tcp:h"],
            "The value 'tcp:h' is invalid for '--qemu-listen <ADDRESS>': the port is missing; wanted is tcp:HOST:PORT"
        ),
        (
            least + ["--listen", ""],
            "The value '' is invalid for '--listen <ADDRESS>': wanted is unix:PATH or tcp:HOST:PORT"
        ),
        (["--max-clients", "0"], "The value '0' is invalid for '--max-clients <N>': wanted is a whole number from 1"),
        (
            ["--socket-mode", "0x1"],
            "The value '0x1' is invalid for '--socket-mode <MODE>': "
                + "wanted is an octal number up to 0777, such as 0600"
        ),
        (["--name", ""], "The value '' is invalid for '--name <NAME>': wanted is a name of printable characters"),
        (
            ["--record", "a\nb"],
            "The value 'a\nb' is invalid for '--record <FILE|DIRECTORY>': "
                + "wanted is a file's name of printable characters"
        ),
        (
            ["--log-level", "trace"],
            "The value 'trace' is invalid for '--log-level <LEVEL>'. "
                + "Please provide one of 'debug', 'info', 'warning' or 'error'."
        ),
        (["--listne", "unix:l"], "Unknown option '--listne'. Did you mean '--listen'?"),
        (["--listen"], "Missing value for '--listen <ADDRESS>'"),
        (["unix:q"], "Unexpected argument 'unix:q'"),
    ])
    func refusesFlagsThatCannotBeRead(flags: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try QMPProxy.parseAsRoot(["serve"] + flags) }
        #expect(error.map { QMPProxy.message(for: $0) } == message)
        #expect(error.map { QMPProxy.exitCode(for: $0) } == ExitCode(64))
    }

    @Test func completesAFileOfOneMonitor() throws {
        let flags = ["--qemu-listen", "unix:p", "--listen", "unix:n", "--keep-clients", "--socket-mode", "600"]
        let expected = MonitorConfiguration(
            name: "a",
            monitor: .listen(.unix(path: "p")),
            listeners: [.unix(path: "n")],
            recording: RecordingOptions(path: "r"),
            clientsMax: 3,
            keepsClients: true
        )
        #expect(try ConfigurationCase(yaml: Self.one, flags: flags).monitors() == [expected])
        let rest = ["--name", "b", "--qemu", "unix:q", "--record", "s", "--max-clients", "4"]
        let other = MonitorConfiguration(
            name: "b",
            monitor: .connect(.unix(path: "q")),
            listeners: [.unix(path: "l"), .unix(path: "m")],
            recording: RecordingOptions(path: "s"),
            clientsMax: 4
        )
        #expect(try ConfigurationCase(yaml: Self.one, flags: rest).monitors() == [other])
    }

    @Test func completesWhatAFileLeavesOut() throws {
        let flags = Self.least + ["--name", "a"]
        let expected = MonitorConfiguration(
            name: "a",
            monitor: .connect(.unix(path: "q")),
            listeners: [.unix(path: "l")],
            recording: RecordingOptions(path: "r")
        )
        #expect(try ConfigurationCase(yaml: "monitors: [{record: r}]", flags: flags).monitors() == [expected])
    }

    @Test(arguments: [
        ConfigurationCase(yaml: two),
        ConfigurationCase(yaml: two, flags: ["--log-level", "error", "--check-config"]),
        ConfigurationCase(
            yaml: two,
            flags: least + ["--name", "c", "--keep-clients"],
            problems: [
                "qmp-proxy: --name, --qemu, --listen, --keep-clients: flags describe one monitor, "
                    + "but vm.yaml has 2: say it there"
            ]
        ),
        ConfigurationCase(
            yaml: one,
            flags: ["--listen", "unix:q"],
            problems: ["qmp-proxy: --listen: \"unix:q\" is already monitors[0].qemu: wanted is another"]
        ),
        ConfigurationCase(
            yaml: one,
            flags: ["--qemu", "unix:m"],
            problems: ["vm.yaml:1:53: monitors[0].listen[1]: \"unix:m\" is already --qemu: wanted is another"]
        ),
        ConfigurationCase(
            yaml: one,
            flags: ["--qemu", "unix:o", "--qemu-listen", "unix:p"],
            problems: ["qmp-proxy: --qemu and --qemu-listen exclude each other: wanted is one of them"]
        ),
        ConfigurationCase(
            yaml: "monitors: [{name: a, qemu: [], listen: [unix:l]}]",
            flags: ["--qemu", "unix:q"],
            problems: ["vm.yaml:1:28: monitors[0].qemu: found an empty list: wanted is unix:PATH or tcp:HOST:PORT"]
        ),
    ])
    func checksFlagsAndFileTogether(one: ConfigurationCase) throws {
        #expect(try one.told() == one.problems)
    }

    @Test func endsWith64ForAWrongFileAnd1ForNone() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "qmp-proxy-\(UUID()).yaml")
        let serve = try Serve.parse(["--config", file.path, "--check-config"])
        #expect(throws: ExitCode(1)) { try serve.run() }
        try "monitors: []".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(throws: ExitCode(64)) { try serve.run() }
        try Self.one.write(to: file, atomically: true, encoding: .utf8)
        #expect(throws: Never.self) { try serve.run() }
    }

    @Test(arguments: [
        ("/does/not/exist", "cannot read /does/not/exist: No such file or directory"),
        ("/", "cannot read /: Is a directory"),
    ])
    func saysWhyAFileCannotBeRead(file: String, message: String) throws {
        let error = #expect(throws: Configuration.Unusable.self) { try Configuration.text(of: file) }
        #expect(error?.description == message)
    }

    @Test func asksForASubcommandAndTellsItsVersion() throws {
        let version = #expect(throws: (any Error).self) { try QMPProxy.parseAsRoot(["--version"]) }
        #expect(version.map { QMPProxy.fullMessage(for: $0) } == Version.current)
        #expect(version.map { QMPProxy.exitCode(for: $0) } == .success)
        let unknown = #expect(throws: (any Error).self) { try QMPProxy.parseAsRoot(["sevre"]) }
        #expect(unknown.map { QMPProxy.exitCode(for: $0) } == ExitCode(64))
    }
}
