internal import ArgumentParser
internal import Foundation

/// `qmp-proxy demo`: a real QEMU, the proxy in front of it, two clients; ends by itself.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the proxy at work: a real QEMU behind it, two clients before it.",
        discussion: """
            Starts qemu-system-x86_64 without a machine, puts the proxy in front of its monitor, lets two clients talk \
            at once, and prints what passed and where it is recorded. Takes a second or two.

            EXAMPLE: qmp-proxy demo
            """
    )

    func run() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "qmp-proxy-demo-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            try play(in: folder)
        } catch let failure as Failure {
            FileHandle.standardError.write(Data("qmp-proxy: \(failure.text)\n".utf8))
            throw ExitCode.failure
        }
    }

    /// Why the demonstration cannot go on, for a person.
    struct Failure: Error {
        let text: String
    }

    private func play(in folder: URL) throws {
        let qemuSocket = folder.appending(path: "qemu.sock").path
        let proxySocket = folder.appending(path: "qmp.sock").path
        let recording = folder.appending(path: "demo.qmprec").path
        say("Starting QEMU, its monitor at unix:\(qemuSocket)")
        let qemu = try start(
            "qemu-system-x86_64",
            ["-M", "none", "-display", "none", "-nodefaults", "-qmp", "unix:\(qemuSocket),server=on,wait=off"],
            missing: "install it with: apt-get install --no-install-recommends qemu-system-x86"
        )
        defer { end(qemu) }
        say("Starting the proxy, for any number of clients at unix:\(proxySocket)")
        let proxy = try start(
            "/proc/self/exe",
            ["serve", "--qemu", "unix:\(qemuSocket)", "--listen", "unix:\(proxySocket)", "--record", recording]
                + ["--log-level", "error"],
            missing: ""
        )
        defer { end(proxy) }
        try talk(through: proxySocket)
        qemu.waitUntilExit()
        end(proxy)
        say("\nWhat passed, as `qmp-proxy show \(recording)` prints it:\n")
        try Show.parse([recording]).run()
        say("\nThe recording is \(recording): JSON Lines, for grep, jq and a text editor.")
    }

    /// Two clients use the same ids at once; each gets its own answers, and both see QEMU's events.
    private func talk(through socket: String) throws {
        let first = try DemoClient(name: "client A", path: socket)
        let second = try DemoClient(name: "client B", path: socket)
        for client in [first, second] {
            try client.expect(#""QMP""#)
            try client.send(#"{"execute": "qmp_capabilities"}"#)
            try client.expect(#""return""#)
        }
        try first.send(#"{"execute": "query-version", "id": 1}"#)
        try second.send("{'execute': 'query-name', 'id': 1} {'execute': 'no-such-command', 'id': 2}")
        try first.expect(#""id": 1"#)
        try second.expect(#""id": 1"#)
        try second.expect("CommandNotFound")
        try second.send(#"{"execute": "__org.qmp-proxy_query-status"}"#)
        try second.expect(#""clients""#)
        try first.send(#"{"execute": "quit", "id": "bye"}"#)
        try first.expect(#""bye""#)
        try second.expect("SHUTDOWN")
    }

    private func start(_ program: String, _ arguments: [String], missing: String) throws -> Process {
        let path = program.hasPrefix("/") ? URL(filePath: program).resolvingSymlinksInPath().path : find(program)
        guard let path else { throw Failure(text: "\(program) is not installed; \(missing)") }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func find(_ program: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func end(_ process: Process) {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }
}

/// Prints a line at once, also into a pipe.
private func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

/// A client that waits for each of its answers and prints what is said.
private final class DemoClient {
    private let name: String
    private let socket: Int32
    private var unread = ""

    /// Connects, waiting up to five seconds until somebody listens.
    init(name: String, path: String) throws {
        self.name = name
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        for _ in 0..<500 {
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 { return }
            poll(nil, 0, 10)
        }
        throw Demo.Failure(text: "nobody listens at \(path)")
    }

    deinit {
        close(socket)
    }

    func send(_ text: String) throws {
        say("  \(name) says: \(text)")
        let line = Array((text + "\n").utf8)
        guard Glibc.send(socket, line, line.count, Int32(MSG_NOSIGNAL)) == line.count else {
            throw Demo.Failure(text: "the proxy has gone")
        }
    }

    /// Reads until a message holds `part`.
    func expect(_ part: String) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            while let end = unread.firstIndex(of: "\r\n") {
                let message = unread[..<end]
                unread = String(unread[unread.index(after: end)...])
                say("  \(name) hears: \(message.count > 100 ? message.prefix(100) + "…" : message)")
                if message.contains(part) { return }
            }
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { throw Demo.Failure(text: "\(name) waited in vain for \(part)") }
            unread += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
