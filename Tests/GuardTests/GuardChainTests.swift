import Guard
import PluginKit
import ProxyCore
import ProxyTesting
import Recording
import Testing

/// What the proxy does with what Guard refuses.
@Suite(.timeLimit(.minutes(15)))
struct GuardChainTests {
    private func book(_ settings: String = "{'mode': 'read-only'}") throws -> Playbook {
        let guarding = try PluginInstance(GuardPlugin.self, settings: try PluginSettings(json: settings))
        var book = Playbook(plugins: [guarding]) { $0.recording = "/tmp/r.qmprec" }
        book.connect()
        book.join(1, outOfBand: true)
        return book
    }

    private func refusal(of name: String, id: String = "") -> String {
        "→ client 1 {\(id)\"error\": {\"class\": \"GenericError\", "
            + "\"desc\": \"The command \(name) is refused by guard: read-only\"}}"
    }

    @Test func descriptorsOfARefusedCommandAreClosed() throws {
        var book = try book()
        let getfd = #"{"execute": "getfd", "arguments": {"fdname": "d"}}"#
        #expect(
            book.client(1, says: getfd, descriptors: [4, 5]) == ["close descriptors 4 5", refusal(of: "getfd")]
        )
        #expect(
            book.client(1, says: #"{"execute": "add-fd", "id": 7}"#, descriptors: [6])
                == ["close descriptors 6", refusal(of: "add-fd", id: "\"id\": 7, ")]
        )
    }

    @Test func aRefusalKeepsItsPlaceUnlessItIsOutOfBand() throws {
        var book = try book()
        let sent = book.client(1, says: "{'execute': 'query-status'} {'execute': 'quit'} {'exec-oob': 'yank'}")
        #expect(sent == [refusal(of: "yank"), "→ monitor {\"id\": [2], 'execute': 'query-status'}"])
        #expect(
            book.monitor(says: #"{"return": {}, "id": [2]}"#) == [#"→ client 1 {"return": {}}"#, refusal(of: "quit")]
        )
    }

    @Test func aRefusalIsRecordedUnderThePluginsName() throws {
        var book = try book()
        _ = book.client(1, says: #"{"execute": "quit"}"#)
        let verdicts = book.entries.filter { $0.place == .plugin("guard") }
        #expect(verdicts.map { $0.command } == [2])
        #expect(verdicts.allSatisfy { if case .verdict("answer", _) = $0.kind { true } else { false } })
    }

    @Test func aDryRunIsInTheRecordingOnly() throws {
        var book = try book("{'mode': 'read-only', 'dry-run': true}")
        let sent = book.client(1, says: #"{"execute": "quit"}"#)
        #expect(sent == [#"→ monitor {"id": [2], "execute": "quit"}"#])
        let marks = book.entries.compactMap { if case .mark(let text, _) = $0.kind { text } else { nil } }
        #expect(marks == ["The command quit would be refused: read-only"])
    }

    @Test func thePluginsBehindAreNotTold() throws {
        let first = try PluginInstance(GuardPlugin.self, settings: try PluginSettings(json: "{'mode': 'read-only'}"))
        let second = try PluginInstance(
            GuardPlugin.self,
            label: "second",
            settings: try PluginSettings(json: "{'default': 'deny', 'rules': [{'allow': 'quit'}]}")
        )
        var book = Playbook(plugins: [first, second])
        book.connect()
        book.join(1)
        #expect(book.client(1, says: "{'execute': 'quit'}") == [refusal(of: "quit")])
        #expect(
            book.client(1, says: "{'execute': 'query-status'}") == [
                #"→ client 1 {"error": {"class": "GenericError", "#
                    + #""desc": "The command query-status is refused by guard:second: default"}}"#
            ]
        )
    }
}
