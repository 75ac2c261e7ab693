import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// The proxy's own command.
@Suite(.timeLimit(.minutes(15)))
struct StatusTests {
    @Test func tellsHowThingsStand() throws {
        var book = Playbook { $0.recording = "/tmp/r.qmprec" }
        book.connect()
        book.join(1, outOfBand: true)
        _ = book.client(1, says: #"{"execute":"getfd","arguments":{"fdname":"d0"}}"#, descriptors: [4])
        _ = book.monitor(says: #"{"return": {}, "id": [2]}"#)
        book.join(2)
        _ = book.client(2, says: #"{"execute":"stop"}"#)
        book.now = Instant(microseconds: 1_500_000)
        let reply = book.client(1, says: #"{"execute":"__org.qmp-proxy_query-status","id":5}"#)
        let expected = try JSONValue(parsing: Bytes(text: Self.status)).written().text
        #expect(reply == [#"→ client 1 {"return": \#(expected), "id": 5}"#])
    }

    @Test(arguments: ProxyEngine.ownCommands)
    func answersItsOwnCommandsAndAsksNobody(command: String) {
        var book = Playbook()
        book.connect()
        book.join(1)
        let lines = book.client(1, says: "{'execute': '__org.qmp-proxy_\(command)', 'id': 1}")
        #expect(lines.count == 1 && lines[0].hasPrefix("→ client 1 "))
    }

    private static let status = """
        {
            "proxy": {"version": "0", "uptime-seconds": 1.5},
            "monitor": {
                "name": "vm0", "address": "unix:/qemu", "state": "ready", "version": "7.2.22", "package": "test",
                "capabilities": ["oob"], "silent-seconds": 1.5, "oldest-command-seconds": 1.5, "in-flight": 1,
                "unsent-bytes": 0, "descriptor-names": ["d0"], "connections": 1
            },
            "clients": [
                {
                    "client": 1, "peer": "test", "listener": "unix:/proxy", "state": "command",
                    "capabilities": ["oob"], "waiting": 0, "in-flight": 0, "held-bytes": 0, "unsent-bytes": 0,
                    "descriptors": 0
                },
                {
                    "client": 2, "peer": "test", "listener": "unix:/proxy", "state": "command",
                    "capabilities": [], "waiting": 0, "in-flight": 1, "held-bytes": 0, "unsent-bytes": 0,
                    "descriptors": 0
                }
            ],
            "recording": {"file": "/tmp/r.qmprec", "entries": 19, "entries-lost": 0},
            "counts": {
                "clients-accepted": 2, "clients-dropped": 0, "commands": 3, "replies": 1, "replies-to-nobody": 0,
                "answered-by-proxy": 2, "invalid-documents": 0, "events": 0
            }
        }
        """

    @Test func keepsItsPlaceInTheOrderOfReplies() {
        var book = Playbook()
        book.connect()
        book.join(1)
        let sent = book.client(1, says: #"{"execute":"stop"}{"execute":"__org.qmp-proxy_query-status"}"#)
        #expect(sent == [#"→ monitor {"id": [2], "execute":"stop"}"#])
        #expect(book.monitor(says: #"{"return": {}, "id": [2]}"#).count == 2)
    }

    @Test func takesNoArguments() {
        var book = Playbook()
        book.connect()
        book.join(1)
        #expect(
            book.client(1, says: #"{"execute":"__org.qmp-proxy_query-status","arguments":{"x":1},"id":5}"#) == [
                #"→ client 1 {"id": 5, "error": {"class": "GenericError", "desc": "Parameter 'x' is unexpected"}}"#
            ]
        )
    }

    @Test func isNotForThoseWhoHaveNotNegotiated() {
        var book = Playbook()
        book.connect()
        _ = book.accept(1)
        #expect(
            book.client(1, says: #"{"execute":"__org.qmp-proxy_query-status"}"#) == [
                #"→ client 1 {"error": {"class": "CommandNotFound", "#
                    + #""desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}}"#
            ]
        )
    }
}
