import ProxyCore
import ProxyTesting
import QMP
import Testing

/// Ids go up as `[N, id]` and come back as the client wrote them, in QEMU's own hand.
@Suite(.timeLimit(.minutes(15)))
struct IDMappingTests {
    private func joined() -> Playbook {
        var book = Playbook()
        book.connect()
        book.join(1)
        return book
    }

    @Test func wrapsTheClientsIDVerbatimAndTouchesNothingElse() {
        var book = joined()
        let sent = book.client(1, says: #"{ "id" :{'b':1, "a":0.1} ,"execute":'stop' }"#)
        #expect(sent == [#"→ monitor { "id" :[2, {'b':1, "a":0.1}] ,"execute":'stop' }"#])
    }

    @Test func restoresTheEchoAsQEMUWroteIt() {
        var book = joined()
        _ = book.client(1, says: #"{"execute":"stop","id":{"b":1,"a":0.1,"c":1e400}}"#)
        let reply = book.monitor(says: #"{"return": {}, "id": [2, {"a": 0.10000000000000001, "b": 1, "c": inf}]}"#)
        #expect(reply == [#"→ client 1 {"return": {}, "id": {"a": 0.10000000000000001, "b": 1, "c": inf}}"#])
    }

    @Test func restoresItInAnErrorReply() {
        var book = joined()
        _ = book.client(1, says: #"{"execute":"nix","id":"x"}"#)
        let reply = book.monitor(says: #"{"id": [2, "x"], "error": {"class": "CommandNotFound", "desc": "no"}}"#)
        #expect(reply == [#"→ client 1 {"id": "x", "error": {"class": "CommandNotFound", "desc": "no"}}"#])
    }

    @Test func takesTheIDAwayFromWhoGaveNone() {
        var book = joined()
        #expect(book.client(1, says: #"{"execute":"stop"}"#) == [#"→ monitor {"id": [2], "execute":"stop"}"#])
        #expect(book.monitor(says: #"{"return": {}, "id": [2]}"#) == [#"→ client 1 {"return": {}}"#])
        #expect(book.client(1, says: "{}") == [#"→ monitor {"id": [3]}"#])
        let error = book.monitor(says: #"{"id": [3], "error": {"class": "GenericError", "desc": "lacks"}}"#)
        #expect(error == [#"→ client 1 {"error": {"class": "GenericError", "desc": "lacks"}}"#])
    }

    @Test func isNotMisledByAnIDThatLooksLikeARepliesEnd() {
        var book = joined()
        let id = #""\\\", \"id\": [9, \"x\"]}""#
        _ = book.client(1, says: #"{"execute":"stop","id":\#(id)}"#)
        #expect(
            book.monitor(says: #"{"return": {}, "id": [2, \#(id)]}"#) == [#"→ client 1 {"return": {}, "id": \#(id)}"#]
        )
    }

    @Test func leavesAReturnThatHoldsAnIDAlone() {
        var book = joined()
        _ = book.client(1, says: #"{"execute":"stop"}"#)
        let reply = book.monitor(says: #"{"return": [{"x": 1, "id": [2]}, "}], \"id\": [2]"], "id": [2]}"#)
        #expect(reply == [#"→ client 1 {"return": [{"x": 1, "id": [2]}, "}], \"id\": [2]"]}"#])
    }

    @Test func sendsTheBareNumberWhereTheArrayWouldBeTooDeep() {
        var book = joined()
        let id = String(repeating: "[", count: 1023) + String(repeating: "]", count: 1023)
        #expect(book.client(1, says: #"{"execute":"stop","id":\#(id)}"#) == [#"→ monitor {"execute":"stop","id":2}"#])
        #expect(book.monitor(says: #"{"return": {}, "id": 2}"#) == [#"→ client 1 {"return": {}, "id": \#(id)}"#])
    }

    @Test func writesABareIDBackInQEMUsOrderAndNumbers() {
        var book = Playbook { $0.limits.documents.nestingMax = 3 }
        book.connect()
        book.join(1)
        _ = book.client(1, says: #"{"execute":"stop","id":[{"b":1.0,"a":'é'}]}"#)
        let reply = book.monitor(says: #"{"return": {}, "id": 2}"#)
        #expect(reply == [#"→ client 1 {"return": {}, "id": [{"a": "\u00E9", "b": 1}]}"#])
    }

    @Test func refusesWhatIsTooLargeForAnyIDOfOurs() {
        var book = Playbook { $0.limits.documents.tokenBytesMax = 60 }
        book.connect()
        book.join(1)
        // 59 bytes of tokens are QEMU's most, and leave no room for an id.
        let text = #"{"execute":"\#(String(repeating: "x", count: 46))"}"#
        #expect(
            book.client(1, says: text) == [
                #"→ client 1 {"error": {"class": "GenericError", "desc": "JSON token size limit exceeded"}}"#
            ]
        )
    }

    @Test func takesPrettyIDsOutOfTheirDeeperLevel() {
        var book = Playbook()
        _ = book.feed(.started)
        _ = book.feed(.monitorOpened(peer: "test"))
        _ = book.monitor(says: "{\r\n    \"QMP\": {\r\n        \"capabilities\": [\r\n        ]\r\n    }\r\n}")
        _ = book.monitor(says: "{\r\n    \"return\": {\r\n    },\r\n    \"id\": \"ours\"\r\n}")
        book.join(1)
        _ = book.client(1, says: #"{"execute":"stop","id":{"a":[1]}}"#)
        let reply = book.monitor(
            says: """
                {\r
                    "return": {\r
                    },\r
                    "id": [\r
                        2,\r
                        {\r
                            "a": [\r
                                1\r
                            ]\r
                        }\r
                    ]\r
                }
                """
        )
        #expect(
            reply == [
                "→ client 1 {⏎    \"return\": {⏎    },⏎    \"id\": {⏎        \"a\": [⏎            1⏎        ]⏎    }⏎}"
            ]
        )
    }
}
