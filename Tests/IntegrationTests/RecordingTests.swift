import Foundation
import Testing

/// What is recorded of what passes, and what is left when the proxy dies.
@Suite(.onWorkbench, .showingLogs)
struct RecordingTests {
    private let file = "vm0.qmprec"

    @Test func aCommandsFourEntriesAreVerbatimAndJoinedByItsNumber() throws {
        let path = Workbench.current.path(file)
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", path)
        let client = try proxy.client()
        let id = #"{"b":1.50,  "a":"\u00e9"}"#
        let reply = try client.ask(#"{"execute": "query-name" ,"id": \#(id)}"#)
        let dialect = try client.ask("{'execute': 'no-such-command'}")
        #expect(try proxy.stop() == .exited(0))

        let lines = try lines(of: path)
        let answer = String(reply.dropLast())
        let echoed = String(answer.dropFirst(#"{"return": {}, "id": "#.count).dropLast())
        #expect(answer.hasPrefix(#"{"return": {}, "id": {"#))
        let (fromClient, toMonitor) = (#""at": "client 1", "is": "received""#, #""at": "monitor", "is": "sent""#)
        let (fromMonitor, toClient) = (#""at": "monitor", "is": "received""#, #""at": "client 1", "is": "sent""#)
        #expect(
            entries(2, in: lines) == [
                fromClient + #", "command": 2, "message": {"execute": "query-name" ,"id": \#(id)}}"#,
                toMonitor + #", "command": 2, "message": {"execute": "query-name" ,"id": [2, \#(id)]}}"#,
                fromMonitor + #", "command": 2, "message": {"return": {}, "id": [2, \#(echoed)]}}"#,
                toClient + #", "command": 2, "message": \#(answer)}"#,
            ]
        )
        let third = entries(3, in: lines)
        #expect(third.count == 4)
        #expect(third.first == fromClient + #", "command": 3, "text": "{'execute': 'no-such-command'}"}"#)
        #expect(third.last == toClient + #", "command": 3, "message": \#(dialect.dropLast())}"#)

        let shown = try Proxy.run("show", path)
        #expect(shown.ending == .exited(0))
        #expect(shown.errors == "")
        let ways = shown.output.split(separator: "\n").filter { $0.contains(" #2 ") }.map { line in
            ["client 1 → proxy", "proxy → QEMU", "QEMU → proxy", "proxy → client 1"].first { line.contains($0) }
        }
        #expect(ways == ["client 1 → proxy", "proxy → QEMU", "QEMU → proxy", "proxy → client 1"])
        #expect(shown.output.contains(answer))
    }

    @Test func aProxyKilledUnderLoadLeavesAtMostOneTornLine() throws {
        let path = Workbench.current.path(file)
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", path)
        let client = try proxy.client()
        let count = 300
        for id in 0..<3000 { try client.send(#"{"execute": "query-name", "id": \#(id)}"#) }
        for _ in 0..<count { _ = try client.readLine() }
        proxy.process.signal(SIGKILL)
        try proxy.process.waitForEnd()

        let bytes = try Data(contentsOf: URL(filePath: path))
        let lines = bytes.split(separator: 0x0A)
        let torn = lines.filter { (try? JSONSerialization.jsonObject(with: $0)) == nil }
        #expect(torn.isEmpty || torn == [lines.last])
        #expect(torn.isEmpty == (bytes.last == 0x0A))
        #expect(lines.count > count)

        // Torn for certain, in the midst of its last whole line.
        try bytes[..<(bytes.count - (lines.last?.count ?? 0) / 2 - 1)].write(to: URL(filePath: path))
        let shown = try Proxy.run("show", path)
        #expect(shown.ending == .exited(0))
        #expect(shown.output.split(separator: "\n").count == lines.count - 1)
        let notes = shown.errors.split(separator: "\n")
        #expect(notes.count == 1)
        #expect(notes.first?.hasPrefix("qmp-proxy: \(path), line \(lines.count): ") == true)
    }

    @Test func aSecondRunGoesOnBehindTheFirstAndItsTornLine() throws {
        let path = Workbench.current.path(file)
        let qemu = try QEMU()
        let proxy = try Proxy(qemu, monitor: 0, "--record", path)
        _ = try proxy.client().ask(#"{"execute": "query-name", "id": "first run"}"#)
        try proxy.stop()
        let whole = try Data(contentsOf: URL(filePath: path))
        let torn = whole + Data(#"{"t": 99.5, "at": "mon"#.utf8)
        try torn.write(to: URL(filePath: path))
        let second = try Proxy(qemu, monitor: 0, "--record", path)
        _ = try second.client().ask(#"{"execute": "query-name", "id": "second run"}"#)
        try second.stop()

        // What was there is still there, to the byte.
        #expect(try Data(contentsOf: URL(filePath: path)).prefix(torn.count) == torn)
        let headers = try lines(of: path).enumerated().filter { $0.element.hasPrefix("{\"qmp-recording\": 1, ") }
        #expect(headers.map(\.offset) == [0, whole.count { $0 == 0x0A } + 1])
        let shown = try Proxy.run("show", path)
        #expect(shown.ending == .exited(0))
        #expect(shown.output.contains("first run"))
        #expect(shown.output.contains("second run"))
        #expect(shown.output.components(separatedBy: "recorded by qmp-proxy").count == 3)
        #expect(shown.errors.split(separator: "\n").count == 1)
    }

    @Test func aRecordingIsItsOwnersAlone() throws {
        let path = Workbench.current.path(file)
        let proxy = try Proxy(["--qemu", "unix:/nowhere", "--record", path], shell: "umask 0")
        #expect(proxy.process.isRunning)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    private func lines(of path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// The entries of a command, without their times.
    private func entries(_ command: Int, in lines: [String]) -> [String] {
        lines.filter { $0.contains("\"command\": \(command), ") }.map { line in
            String(line.drop { $0 != "," }.dropFirst(2))
        }
    }
}
