import Foundation
import Testing

/// QEMU goes and comes back, and clients see what they would see of QEMU itself.
@Suite(.onWorkbench, .showingLogs)
struct LifeCycleTests {
    private static let queryName = #"{"execute": "query-name", "id": 1}"#
    private static let named = "{\"return\": {}, \"id\": 1}\r\n"

    @Test func aKilledQEMUClosesItsClientsAndANewOneServesNewClients() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        for _ in 0..<2 {
            let clients = try (0..<3).map { _ in try proxy.client() }
            let watching = try proxy.client()
            #expect(try watching.ask(Self.queryName) == Self.named)
            qemu.freeze()
            for client in clients { try client.send(String(repeating: Self.queryName, count: 5)) }
            try watching.waitForStatus("commands in flight") { $0.monitor.inFlight == 7 }
            try qemu.kill()
            for client in clients + [watching] { #expect(try client.readToEnd() == "") }
            try qemu.restart()
            #expect(try proxy.client().ask(Self.queryName) == Self.named)
        }
        #expect(proxy.process.isRunning)
    }

    @Test func eachClientOfEachLifeIsServedByTheQEMUOfItsTime() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        for life in 0..<3 {
            let client = try proxy.client()
            let add = #"{"execute": "object-add", "arguments": {"qom-type": "secret", "id": "s", "data": "x"}}"#
            // The object is unknown to each new QEMU.
            #expect(try client.ask(add) == "{\"return\": {}}\r\n", "life \(life)")
            #expect(try ProxyStatus(askedBy: client).monitor.connections == life + 1)
            try qemu.kill()
            #expect(try client.readToEnd() == "")
            try qemu.restart()
        }
    }

    @Test func keptClientsAreAnsweredWithErrorsAndServedAgain() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu, monitor: 0, "--keep-clients")
        let client = try proxy.client(outOfBand: true)
        let watching = try proxy.client()
        #expect(try watching.ask(Self.queryName) == Self.named)
        qemu.freeze()
        for id in 0..<10 { try client.send(#"{"execute": "query-name", "id": \#(id)}"#) }
        try client.send(#"{"exec-oob": "query-yank", "id": "oob"}"#)
        try watching.waitForStatus("commands in flight") { $0.monitor.inFlight >= 7 }
        try qemu.kill()
        let monitor = "The monitor \(qemu.address())"
        let lines = try (0..<11).map { _ in try client.readLine() }
        let error = { (id: String, text: String) in
            "{\"id\": \(id), \"error\": {\"class\": \"GenericError\", \"desc\": \"\(monitor) \(text)\"}}\r\n"
        }
        let outcome = { $0 < 7 ? "is gone, the outcome is unknown" : "is not connected" }
        #expect(lines.filter { !$0.contains("oob") } == (0..<10).map { error("\($0)", outcome($0)) })
        #expect(lines.contains(error("\"oob\"", "is gone, the outcome is unknown")))
        #expect(try client.ask(Self.queryName) == error("1", "is not connected"))
        #expect(try ProxyStatus(askedBy: client).monitor.state != "ready")
        try qemu.restart()
        try client.waitForStatus("the new QEMU") { $0.monitor.state == "ready" }
        #expect(try client.ask(Self.queryName) == Self.named)
        #expect(try watching.ask(Self.queryName) == Self.named)
    }

    @Test func quitIsToldAnsweredAndThenTheConnectionCloses() throws {
        let proxy = try Proxy(QEMU())
        let other = try proxy.client()
        let unnegotiated = try proxy.connect()
        _ = try unnegotiated.readLine()
        let quitting = try proxy.client()
        // Who is served has its place among those that get events.
        #expect(try other.ask(Self.queryName) == Self.named)
        try quitting.send(#"{"execute": "quit", "id": "bye"}"#)
        let lines = try quitting.readToEnd().split(separator: "\r\n")
        try #require(lines.count == 2)
        #expect(lines[0].contains(#""event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"}"#))
        #expect(lines[1] == #"{"return": {}, "id": "bye"}"#)
        #expect(try other.readToEnd() == lines[0] + "\r\n")
        #expect(try unnegotiated.readToEnd() == "")
    }

    @Test func frozenQEMUIsTold() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        let asking = try proxy.client()
        let watching = try proxy.client()
        #expect(try watching.ask(Self.queryName) == Self.named)
        qemu.freeze()
        try asking.send(Self.queryName)
        var ages: [Double] = []
        while ages.count < 20 {
            let status = try watching.waitForStatus("a command in flight") { $0.monitor.inFlight == 1 }
            ages.append(try #require(status.monitor.oldestCommandSeconds))
            #expect(status.monitor.silentSeconds ?? 0 >= ages[0])
        }
        #expect(zip(ages, ages.dropFirst()).allSatisfy { $0 < $1 }, "\(ages)")
        #expect(asking.isSilent(for: .zero))
        qemu.thaw()
        #expect(try asking.readLine() == Self.named)
        #expect(try ProxyStatus(askedBy: watching).monitor.oldestCommandSeconds == nil)
    }

    @Test func clientsOfAProxyThatWasThereFirstWaitForQEMU() throws {
        let path = Workbench.current.path("later")
        let proxy = try Proxy(["--qemu", "unix:\(path)"])
        let clients = try (0..<3).map { _ in try proxy.connect() }
        // What was said before the greeting is heard after it, as at QEMU's own socket.
        for client in clients { try client.send(RawClient.negotiation + Self.queryName) }
        for client in clients { #expect(client.isSilent()) }
        try proxy.process.waitForErrors(containing: "the monitor unix:\(path) cannot be reached")
        let qemu = try QEMU([.unix(path)])
        for client in clients {
            #expect(try client.readLine().hasPrefix(#"{"QMP": "#))
            #expect(try client.readLine() == "{\"return\": {}}\r\n")
            #expect(try client.readLine() == Self.named)
        }
        #expect(qemu.process.isRunning)
    }

    @Test func aMonitorThatServesAnotherIsWaitedFor() throws {
        let qemu = try QEMU()
        let occupant = try qemu.connect()
        try occupant.negotiate()
        let proxy = try Proxy(qemu)
        let client = try proxy.connect()
        try proxy.process.waitForErrors(containing: "connected to the monitor")
        #expect(client.isSilent())
        occupant.halfClose()
        #expect(try occupant.readToEnd() == "")
        try client.negotiate()
        #expect(try client.ask(Self.queryName) == Self.named)
        #expect(try ProxyStatus(askedBy: client).monitor.connections == 1)
    }

    @Test func whoComesWhileQEMUIsAwayWaitsThoughOthersAreKept() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu, monitor: 0, "--keep-clients")
        let kept = try proxy.client()
        try qemu.kill()
        try kept.waitForStatus("QEMU to be gone") { $0.monitor.state != "ready" }
        let newcomer = try proxy.connect()
        #expect(newcomer.isSilent())
        try qemu.restart()
        try newcomer.negotiate()
        #expect(try newcomer.ask(Self.queryName) == Self.named)
        #expect(try kept.ask(Self.queryName) == Self.named)
    }
}
