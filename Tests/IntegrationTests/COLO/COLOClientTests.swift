import Foundation
import Testing

/// A pair whose proxies have no COLO plugin: a client says the documents' lines through them.
///
/// It is also what shows that the hosts, the guest and QEMU are as the other suites take them to be.
@Suite(.repeated, .onWorkbench, .showingLogs, .longEnoughForPairs)
struct COLOClientTests {
    private let pair: COLOPair

    init() throws { pair = try COLOPair() }

    private func mode(_ host: COLOHost) throws -> String {
        let client = try host.client()
        var reply = try client.ask(#"{"execute": "query-colo-status"}"#)
        // A checkpoint's events may come first.
        while reply.contains("\"timestamp\"") { reply = try client.readMessage() }
        return reply
    }

    @Test func bringsThePairUpThroughTwoProxies() throws {
        try pair.bringUp { try pair.sayStart() }
        let nothing = #""last-mode": "none""#
        let (first, second) = (try mode(pair.a), try mode(pair.b))
        #expect(first == "{\"return\": {\(nothing), \"mode\": \"primary\", \"reason\": \"none\"}}\r\n")
        #expect(second == "{\"return\": {\(nothing), \"mode\": \"secondary\", \"reason\": \"none\"}}\r\n")
        try pair.a.qemu.waitForLetters(15)
        try pair.b.qemu.waitForLetters(15)
    }

    @Test func failsThePrimaryOver() throws {
        try pair.bringUp { try pair.sayStart() }
        let counter = try pair.waitForSecondary(pair.b, toFollow: pair.a)
        try pair.b.qemu.kill()
        try pair.sayFailover(primary: pair.a)
        try expectAlone(pair.a, wasPrimary: true, counter)
    }

    @Test func failsTheSecondaryOver() throws {
        try pair.bringUp { try pair.sayStart() }
        let counter = try pair.waitForSecondary(pair.b, toFollow: pair.a)
        try pair.a.qemu.kill()
        try pair.sayFailover(secondary: pair.b)
        try expectAlone(pair.b, wasPrimary: false, counter)
    }

    /// The guest goes on where it was, and nothing that belonged to the pair is left.
    private func expectAlone(_ host: COLOHost, wasPrimary: Bool, _ counter: Int) throws {
        let qemu = try host.qemu
        try qemu.waitFor("query-colo-status", "mode", "none")
        try qemu.waitFor("query-migrate", "status", "completed")
        try qemu.waitForLetters()
        #expect(try qemu.counter >= counter)
        #expect(try qemu.monitor.status("query-colo-status", "last-mode") == (wasPrimary ? "primary" : "secondary"))
        #expect(try qemu.monitor.status("query-colo-status", "reason") == "request")
        let remains = try qemu.remains()
        #expect(remains == [])
    }
}
