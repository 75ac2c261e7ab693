import Foundation
import Testing

/// The proxy as a service: its configuration, its end, and what it tells the service manager.
@Suite(.onWorkbench, .showingLogs)
struct ServiceTests {
    private static let queryName = #"{"execute": "query-name", "id": 1}"#
    private static let named = "{\"return\": {}, \"id\": 1}\r\n"

    @Test func oneFileServesTwoMonitorsInOneProcess() throws {
        let bench = Workbench.current
        let (red, blue) = (try QEMU("-name", "red"), try QEMU("-name", "blue"))
        let monitors = [("red", red), ("blue", blue)].map { name, qemu in
            """
              - name: \(name)
                qemu: \(qemu.address())
                listen:
                  - unix:\(bench.path(name))
                record: \(bench.path("\(name).qmprec"))

            """
        }
        let file = try write("monitors:\n" + monitors.joined())
        let proxy = try Proxy(["--config", file], listen: [])
        let clients = try ["red", "blue"].map { try RawClient(.unix(bench.path($0))) }
        for (client, name) in zip(clients, ["red", "blue"]) {
            try client.negotiate()
            #expect(try client.ask(#"{"execute": "query-name"}"#) == "{\"return\": {\"name\": \"\(name)\"}}\r\n")
            #expect(try ProxyStatus(askedBy: client).monitor.name == name)
            #expect(try ProxyStatus(askedBy: client).clients.count == 1)
        }
        // One monitor's end is none of the other's business.
        try red.kill()
        #expect(try clients[0].readToEnd() == "")
        #expect(try clients[1].ask(#"{"execute": "query-name"}"#) == "{\"return\": {\"name\": \"blue\"}}\r\n")
        #expect(try proxy.stop() == .exited(0))
        for name in ["red", "blue"] {
            let recording = try String(contentsOfFile: bench.path("\(name).qmprec"), encoding: .utf8)
            #expect(recording.contains("\"monitor\": \"\(name)\""))
            #expect(recording.contains("{\"return\": {\"name\": \"\(name)\"}}"))
        }
    }

    @Test func aConfigurationIsCheckedWithoutServing() throws {
        let path = Workbench.current.path("listener")
        let file = try write("monitors:\n  - {name: vm7, qemu: \"unix:/nowhere\", listen: [\"unix:\(path)\"]}\n")
        let good = try Proxy.run("serve", "--config", file, "--check-config")
        #expect(good.ending == .exited(0))
        #expect(good.output.hasPrefix("vm7\n"))
        #expect(good.output.hasSuffix("\nok\n"))
        #expect(good.output.contains("unix:\(path)"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: [
        ("max-client: 3", 6, "max-client"), ("max-clients: many", 6, "max-clients"), ("socket-mode: 0999", 6, "0999"),
        ("qemu: nonsense", 6, "qemu"), ("listen: []", 6, "listen"), ("]", 6, "YAML"),
    ])
    func aFileThatIsWrongNamesThePlace(_ wrong: String, _ line: Int, _ word: String) throws {
        let good = ["monitors:", "  - name: vm0", "    record: r", "    # The next line is wrong.", ""]
        let file = try write(good.joined(separator: "\n") + "\n    \(wrong)\n")
        for options in [[], ["--check-config"]] {
            let binary = try Proxy.binary()
            let result = try Workbench.current.run([binary, "serve", "--config", file] + options)
            #expect(result.ending == .exited(64))
            let told = result.errors.split(separator: "\n").filter { $0.hasPrefix("\(file):\(line):") }
            #expect(told.count == 1, "\(result.errors)")
            #expect(told.first?.contains(word) == true, "\(result.errors)")
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aReplyInFlightStillArrivesWhenItStops(_ signal: Int32) throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        let client = try proxy.client()
        #expect(try client.ask(Self.queryName) == Self.named)
        qemu.freeze()
        try client.send(Self.queryName)
        try proxy.client().waitForStatus("a command in flight") { $0.monitor.inFlight == 1 }
        proxy.process.signal(signal)
        try proxy.notifications.wait(for: "STOPPING=1", from: proxy.process)
        qemu.thaw()
        #expect(try client.readToEnd() == Self.named)
        #expect(try proxy.process.waitForEnd() == .exited(0))
        #expect(qemu.process.isRunning)
    }

    @Test func aQEMUThatDoesNotAnswerIsNotWaitedForLong() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        let client = try proxy.client()
        #expect(try client.ask(Self.queryName) == Self.named)
        qemu.freeze()
        try client.send(Self.queryName)
        try proxy.client().waitForStatus("a command in flight") { $0.monitor.inFlight == 1 }
        #expect(try proxy.stop() == .exited(0))
        #expect(try client.readToEnd() == "")
        #expect(proxy.process.errors.contains("1 commands were not answered in time, stopping all the same"))
    }

    @Test func clientsThatWaitOrDoNotReadDoNotHoldUpTheEnd() throws {
        let withoutQEMU = try Proxy(["--qemu", "unix:/nowhere"])
        let waiting = try withoutQEMU.connect()
        #expect(waiting.isSilent())
        #expect(try withoutQEMU.stop() == .exited(0))
        #expect(try waiting.readToEnd() == "")

        let proxy = try Proxy(QEMU())
        let (deaf, watching) = (try proxy.client(), try proxy.client())
        try deaf.send(String(repeating: #"{"execute": "query-qmp-schema"}"#, count: 200))
        try watching.waitForStatus("a backlog") { $0.clients.contains { $0.unsentBytes > 1 << 16 } }
        #expect(try proxy.stop() == .exited(0))
        #expect(try watching.readToEnd() == "")
    }

    @Test func theServiceManagerIsToldAllAlong() throws {
        let qemu = try QEMU()
        // That it is ready has been told when this returns.
        let proxy = try Proxy(["--qemu", "\(qemu.address())"], shell: "export WATCHDOG_USEC=100000")
        for _ in 0..<3 { #expect(try proxy.notifications.next(from: proxy.process) == "WATCHDOG=1") }
        // The proxy lives though QEMU does not answer.
        qemu.freeze()
        let client = try proxy.client()
        try client.send(Self.queryName)
        for _ in 0..<5 { #expect(try proxy.notifications.next(from: proxy.process) == "WATCHDOG=1") }
        qemu.thaw()
        #expect(try client.readLine() == Self.named)
        proxy.process.signal(SIGTERM)
        try proxy.notifications.wait(for: "STOPPING=1", from: proxy.process)
        #expect(try proxy.process.waitForEnd() == .exited(0))
    }

    private func write(_ text: String) throws -> String {
        let path = Workbench.current.newPath("configuration")
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }
}
