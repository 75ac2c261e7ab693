import Foundation
import Testing

/// Several recordings, several files, several lives of QEMU play together or one behind the other.
@Suite(.onWorkbench, .showingLogs)
struct MockSeveralTests {
    @Test func severalRecordingsPlayOnOneClock() throws {
        var (one, other) = (RecordingScript(), RecordingScript(started: "2026-11-21T03:06:30.120Z", monitor: "vm1"))
        one.event("RESUME", at: 3)
        one.event("STOP", at: 5)
        // 1 s later than RESUME.
        other.event("POWERDOWN", at: 3)
        let (a, b) = (Workbench.current.path("a"), Workbench.current.path("b"))
        let recordings = [try one.write("a.qmprec") + "=unix:\(a)", try other.write("b.qmprec") + "=unix:\(b)"]
        let mock = try MockQEMU(recordings)
        let clients = [try mock.connect(to: 0), try mock.connect(to: 1)]
        // Who negotiates first, be it with the later one, starts the clock of both.
        for client in clients.reversed() { try client.negotiate() }
        var heard: [String] = []
        while heard.count < 3 {
            var sockets = clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            guard poll(&sockets, 2, Deadline().milliseconds) > 0 else { throw Failure("only \(heard) came") }
            for (client, socket) in zip(clients, sockets) where socket.revents != 0 {
                heard.append(try client.readLine())
            }
        }
        #expect(heard == ["RESUME", "POWERDOWN", "STOP"].map { RecordingScript.event($0) + "\r\n" })
        #expect(try mock.stop() == .exited(0))
        #expect(mock.told.count { $0.contains("asked") } == 2)
    }

    @Test func oneOfSeveralMayEndAndTheOtherGoesOn() throws {
        let b = Workbench.current.path("b")
        var named = RecordingScript()
        named.command(#""execute": "query-name""#, reply: #""return": {"name": "vm0"}"#, at: 2)
        let mock = try MockQEMU([
            "\(RecordedSession.folder)/short-session.qmprec=unix:\(Workbench.current.path("a"))",
            try named.write("b.qmprec") + "=unix:\(b)", "--speed", "max",
        ])
        let (ending, other) = (try mock.client(of: 0), try mock.client(of: 1))
        try ending.send(#"{"execute": "quit"}"#)
        _ = try ending.readToEnd()
        #expect(Deadline().waits { !FileManager.default.fileExists(atPath: mock.addresses[0].path) })
        #expect(try other.ask(#"{"execute": "query-name"}"#).contains("vm0"))
        #expect(try mock.stop() == .exited(0))
    }

    @Test func aRotatedDirectoryPlaysAsOneRecording() throws {
        let directory = Workbench.current.path("rec")
        let proxy = try Proxy(QEMU("-name", "red"), monitor: 0, "--record", directory + "/", "--rotate-size", "2KiB")
        let client = try proxy.client()
        for id in 0..<50 { _ = try client.ask(#"{"execute": "query-name", "id": \#(id)}"#) }
        #expect(try proxy.stop() == .exited(0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count > 3)

        let mock = try MockQEMU(directory, "--require-all")
        let asking = try mock.client()
        for id in 0..<50 {
            let reply = try asking.ask(#"{"execute": "query-name", "id": \#(id)}"#)
            #expect(reply == "{\"return\": {\"name\": \"red\"}, \"id\": \(id)}\r\n")
        }
        #expect(try asking.ask(#"{"execute": "query-name"}"#).contains("GenericError"))
        #expect(try mock.stop() == .exited(0))
    }

    @Test func theNextRecordedQEMUServesNewClients() throws {
        var script = RecordingScript()
        script.command(#""execute": "query-name""#, reply: #""return": {"name": "old"}"#, at: 2)
        script.end(at: 3)
        script.line(#"{"t": 4, "at": "monitor", "is": "opened", "peer": "pid 5"}"#)
        script.line(#"{"t": 4, "at": "monitor", "is": "received", "message": \#(RecordingScript.greeting)}"#)
        script.command(#""execute": "query-name""#, reply: #""return": {"name": "new"}"#, at: 5)
        let mock = try MockQEMU(script.write("a.qmprec"))
        for name in ["old", "new"] {
            let client = try mock.client()
            #expect(try client.ask(#"{"execute": "query-name"}"#) == "{\"return\": {\"name\": \"\(name)\"}}\r\n")
            if name == "old" { #expect(try client.readToEnd() == "") }
        }
        #expect(try mock.stop() == .exited(0))
        #expect(mock.told == ["asked 2 of 2 recorded commands"])
    }
}
