import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// Plugins decide what becomes of commands, in the order of the chain.
@Suite(.timeLimit(.minutes(15)))
struct ChainTests {
    private static func answering(_ verdict: CommandVerdict, to name: String = "stop") -> ScriptedPlugin {
        var plugin = ScriptedPlugin()
        plugin.onCommand = { command, _ in command.command.name == name ? verdict : .forward }
        return plugin
    }

    private static let refusal = CommandVerdict.answer(.failure(ProtocolError(.generic, "no")))

    @Test func forwardsWhatIsSaidUntouchedAndWithoutAWord() {
        var book = Playbook(asking: ScriptedPlugin(), ScriptedPlugin())
        let start = book.entries.count
        #expect(
            book.client(1, says: "{'execute':  'stop' , 'id': 1e400}") == [
                "→ monitor {'execute':  'stop' , 'id': [2, 1e400]}"
            ]
        )
        #expect(book.monitor(says: #"{"return": {}, "id": [2, inf]}"#) == [#"→ client 1 {"return": {}, "id": inf}"#])
        #expect(book.noted(since: start) == [])
    }

    @Test func answersInThePluginsWordsAndRecordsThem() {
        var book = Playbook(asking: Self.answering(Self.refusal), ScriptedPlugin())
        let start = book.entries.count
        let reply = #"{"id": 1, "error": {"class": "GenericError", "desc": "no"}}"#
        #expect(book.client(1, says: #"{"execute":"stop","id":1}"#) == ["→ client 1 \(reply)"])
        #expect(book.noted(since: start) == ["a verdict answer \(reply)"])
    }

    @Test func anAnswerKeepsItsPlaceAmongReplies() {
        var book = Playbook(asking: Self.answering(Self.refusal))
        #expect(
            book.client(1, says: #"{"execute":"cont"}{"execute":"stop"}"#) == [
                #"→ monitor {"id": [2], "execute":"cont"}"#
            ]
        )
        #expect(
            book.monitor(says: #"{"return": {}, "id": [2]}"#) == [
                #"→ client 1 {"return": {}}"#,
                #"→ client 1 {"error": {"class": "GenericError", "desc": "no"}}"#,
            ]
        )
    }

    @Test func replacesACommandAndAnswersUnderTheClientsID() {
        var book = Playbook(asking: Self.answering(.replace(Command("query-status"))))
        let start = book.entries.count
        #expect(
            book.client(1, says: #"{"execute":"stop","id":{"b":1,"a":0.1}}"#) == [
                #"→ monitor {"id": [2], "execute": "query-status"}"#
            ]
        )
        #expect(
            book.monitor(says: #"{"return": 5, "id": [2]}"#) == [
                #"→ client 1 {"return": 5, "id": {"a": 0.10000000000000001, "b": 1}}"#
            ]
        )
        #expect(book.noted(since: start) == [#"a verdict replace {"execute": "query-status"}"#])
    }

    @Test func anIDInAReplacementIsNotTheClients() throws {
        let command = try Command(parsing: Bytes(text: #"{"id": "own", "execute": "cont"}"#))
        var book = Playbook(asking: Self.answering(.replace(command)))
        #expect(book.client(1, says: #"{"execute":"stop"}"#) == [#"→ monitor {"id": [2, "own"], "execute": "cont"}"#])
        #expect(book.monitor(says: #"{"return": {}, "id": [2, "own"]}"#) == [#"→ client 1 {"return": {}}"#])
    }

    @Test func theNextPluginSeesWhatTheOneBeforeHasPut() {
        let first = Self.answering(.replace(Command("cont")))
        var book = Playbook(asking: first, Self.answering(Self.refusal, to: "cont"))
        #expect(
            book.client(1, says: #"{"execute":"stop","id":1}"#) == [
                #"→ client 1 {"id": 1, "error": {"class": "GenericError", "desc": "no"}}"#
            ]
        )
        #expect(book.noted().suffix(2).map { $0.prefix(17) } == ["a verdict replace", "b verdict answer "])
    }

    @Test func refusesAReplacementThatOvertakes() {
        var book = Playbook(asking: Self.answering(.replace(Command("yank", isOutOfBand: true))))
        #expect(
            book.client(1, says: #"{"execute":"stop"}"#) == [
                #"→ client 1 {"error": {"class": "GenericError", "#
                    + #""desc": "The plugin a has given no usable verdict on the command in time"}}"#
            ]
        )
    }

    @Test func closesTheDescriptorsOfWhatIsRefused() {
        var book = Playbook(asking: Self.answering(Self.refusal, to: "getfd"))
        #expect(
            book.client(1, says: #"{"execute":"getfd","arguments":{"fdname":"d0"}}"#, descriptors: [4]) == [
                "close descriptors 4",
                #"→ client 1 {"error": {"class": "GenericError", "desc": "no"}}"#,
            ]
        )
    }

    @Test func closesTheDescriptorsThatAReplacementDoesNotTake() {
        var book = Playbook(asking: Self.answering(.replace(Command("query-status")), to: "getfd"))
        let getfd = #"{"execute":"getfd","arguments":{"fdname":"d0"}}"#
        #expect(
            book.client(1, says: getfd, descriptors: [4]) == [
                "close descriptors 4", #"→ monitor {"id": [2], "execute": "query-status"}"#,
            ]
        )
    }

    @Test func replacesAReply() {
        var plugin = ScriptedPlugin()
        plugin.onReply = { reply in reply.answer == .success(.integer(1)) ? .replace(.success(.integer(2))) : .forward }
        var book = Playbook(asking: plugin)
        _ = book.client(1, says: #"{"execute":"x","id":7}"#)
        #expect(book.monitor(says: #"{"return": 1, "id": [2, 7]}"#) == [#"→ client 1 {"return": 2, "id": 7}"#])
        #expect(book.noted().last == #"a verdict replace {"return": 2, "id": 7}"#)
    }

    // MARK: - Events

    @Test func dropsAndReplacesEvents() {
        var plugin = ScriptedPlugin()
        plugin.onEvent = { event, _ in
            switch event.name {
            case "STOP": .drop
            case "RESUME": .replace(.object([JSONValue.Member("event", .string("OTHER"))]))
            case "BAD": .replace(.null)
            default: .deliver
            }
        }
        var book = Playbook(asking: plugin)
        let start = book.entries.count
        let said = ["A", "B", "STOP", "C", "RESUME", "BAD"].map { #"{"event": "\#($0)"}"# }
        #expect(
            book.monitor(says: said.joined(separator: "\r\n")) == [
                #"→ client 1 {"event": "A"}⏎{"event": "B"}"#, #"→ client 1 {"event": "C"}"#,
                #"→ client 1 {"event": "OTHER"}"#, #"→ client 1 {"event": "BAD"}"#,
            ]
        )
        #expect(
            book.noted(since: start) == [
                #"a verdict drop {"event": "STOP"}"#, #"a verdict replace {"event": "OTHER"}"#,
            ]
        )
    }

    // MARK: - Own commands

    @Test func answersItsOwnCommandOnceNobodyObjects() {
        let ask = #"{"execute":"__org.qmp-proxy_scripted-ask","id":1}"#
        var book = Playbook(asking: ScriptedPlugin())
        #expect(book.client(1, says: ask) == [#"→ client 1 {"return": {}, "id": 1}"#])
        var guarded = Playbook(
            asking: ScriptedPlugin(),
            Self.answering(Self.refusal, to: "__org.qmp-proxy_scripted-ask")
        )
        #expect(
            guarded.client(1, says: ask) == [
                #"→ client 1 {"id": 1, "error": {"class": "GenericError", "desc": "no"}}"#
            ]
        )
    }

    @Test func pluginsRuleTheProxysOwnCommandsToo() {
        var book = Playbook(asking: Self.answering(Self.refusal, to: "__org.qmp-proxy_query-status"))
        #expect(
            book.client(1, says: #"{"execute":"__org.qmp-proxy_query-status"}"#) == [
                #"→ client 1 {"error": {"class": "GenericError", "desc": "no"}}"#
            ]
        )
    }

    @Test func tellsHowThePluginsAre() {
        var book = Playbook(asking: Self.answering(Self.refusal))
        _ = book.client(1, says: #"{"execute":"stop"}"#)
        let reply = book.client(1, says: #"{"execute":"__org.qmp-proxy_query-plugins"}"#)
        #expect(reply.count == 1)
        let value = try? JSONValue(parsing: Bytes(text: String(reply[0].dropFirst("→ client 1 ".count))))
        let plugin = value?["return"]?.array?.first
        #expect(plugin?["name"] == .string("a"))
        #expect(plugin?["counts"]?["commands-answered"] == .integer(1))
    }
}
