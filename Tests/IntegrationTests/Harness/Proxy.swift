import CSupport
import Foundation

/// The proxy under test: the real binary.
final class Proxy {
    let process: ChildProcess
    let addresses: [SocketAddress]
    /// Whether the monitor behind it has `pretty=on`.
    private var isPretty = false
    let notifications: Notifications

    /// Starts `qmp-proxy serve` in front of a monitor, on a unix socket unless told otherwise.
    convenience init(_ qemu: QEMU, monitor: Int = 0, _ arguments: String...) throws {
        try self.init(["--qemu", "\(qemu.address(of: monitor))"], arguments)
        isPretty = qemu.isPretty
    }

    /// Starts `qmp-proxy serve`.
    init(_ monitor: [String], listen: [SocketAddress]? = nil, _ arguments: [String] = [], shell: String? = nil) throws {
        let bench = Workbench.current
        addresses = listen ?? [.unix(bench.newPath("proxy"))]
        notifications = try Notifications()
        let serve = [try Self.binary(), "serve"] + monitor + addresses.flatMap { ["--listen", "\($0)"] } + arguments
        let command = shell.map { ["/bin/sh", "-c", "\($0); exec \"$@\"", "sh"] + serve } ?? serve
        process = try bench.start(command, name: "proxy", environment: ["NOTIFY_SOCKET": notifications.path])
        try notifications.wait(for: "READY=1", from: process)
    }

    /// Where it listens first.
    var address: SocketAddress { addresses[0] }

    /// A connection through the proxy.
    func connect(to address: Int = 0) throws -> RawClient {
        let client = try RawClient(addresses[address])
        client.isPretty = isPretty
        return client
    }

    /// A client that has negotiated.
    func client(outOfBand: Bool = false) throws -> RawClient {
        let client = try connect()
        try client.negotiate(outOfBand: outOfBand)
        return client
    }

    /// The reply of the proxy's own status command.
    func status() throws -> String {
        try client().ask(#"{"execute": "__org.qmp-proxy_query-status"}"#)
    }

    /// Waits until the status says something.
    func waitForStatus(containing text: String) throws {
        let client = try client()
        var last = ""
        let found = try Deadline().waits {
            last = try client.ask(#"{"execute": "__org.qmp-proxy_query-status"}"#)
            return last.contains(text)
        }
        guard found else { throw Failure("the status does not say \(text): \(last)") }
    }

    /// Asks it to stop, and waits until it has.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) throws -> ChildProcess.Ending {
        process.signal(signal)
        return try process.waitForEnd()
    }

    /// Runs the binary to its end.
    static func run(
        _ arguments: String...,
        within limit: Duration = Deadline.patience
    ) throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        try Workbench.current.run([try binary()] + arguments, within: limit)
    }

    /// The binary beside the tests.
    static func binary() throws -> String {
        let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let running = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let package = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let folders = [tests, running, package.appending(path: ".build/debug").standardizedFileURL]
        let paths = folders.map { $0.appending(path: "qmp-proxy").path }
        guard let path = paths.first(where: FileManager.default.isExecutableFile) else {
            throw Failure("qmp-proxy is not built; it was looked for as \(paths)")
        }
        return path
    }
}
