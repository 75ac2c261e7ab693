import QMP
import Recording
import Testing

/// How a playback writes what it replies: in the recorded bytes, with the asker's id as QEMU echoes it.
@Suite(.timeLimit(.minutes(15)))
struct PlayingRepliesTests {
    private static let success = #"{"return": {"z": 1.50, "a":  "\u00e9"}, "id": [1, 7]}"#
    private static let failure = #"{"id": [1, 7], "error": {"class": "GenericError", "desc": "no"}}"#

    /// What the recorded reply becomes for a command with that id.
    private func reply(_ recorded: String, to id: String?) throws -> [String] {
        let text = recorded.contains("\r\n") ? #""text": \#(JSONValue.string(recorded).written().text)"# : recorded
        var stage = try PlayingStage(
            """
            0 greeting
            1 > 1 {"execute": "stop", "id": [1, 7]}
            1 < 1 \(text)
            """
        )
        stage.connect()
        _ = stage.said()
        stage.ask(#"{"execute": "stop"\#(id.map { ", \"id\": \($0)" } ?? "")}"#)
        return stage.said()
    }

    @Test(
        arguments: [
            ("[2]", "[2]"), ("'x'", #""x""#), ("0.1", "0.10000000000000001"), ("1.0", "1"),
            (#"{"b":1,"a":0.1,"c":1e400}"#, #"{"a": 0.10000000000000001, "b": 1, "c": inf}"#),
            ("[5, 'ü/\\u0000']", #"[5, "\u00FC/\u0000"]"#),
        ]
    )
    func echoesTheIDOfWhoAsksAsQEMUDoes(id: String, echo: String) throws {
        #expect(
            try reply(Self.success, to: id) == [#"0.0 {"return": {"z": 1.50, "a":  "\u00e9"}, "id": \#(echo)}"#]
        )
        #expect(
            try reply(Self.failure, to: id) == [
                #"0.0 {"id": \#(echo), "error": {"class": "GenericError", "desc": "no"}}"#
            ]
        )
    }

    @Test(
        arguments: [
            (#"{"return": {}}"#, #"{"return": {}, "id": 3}"#, #"{"return": {}}"#),
            (#"{"return": {}, "id": 7}"#, #"{"return": {}, "id": 3}"#, #"{"return": {}}"#),
            (#"{"error": {"class": "X"}}"#, #"{"id": 3, "error": {"class": "X"}}"#, #"{"error": {"class": "X"}}"#),
            (#"{"id": 7, "error": {}}"#, #"{"id": 3, "error": {}}"#, #"{"error": {}}"#),
        ]
    )
    func putsInAndTakesOutAnIDWhereQEMUHasIt(recorded: String, withID: String, without: String) throws {
        #expect(try reply(recorded, to: "3") == ["0.0 \(withID)"])
        #expect(try reply(recorded, to: nil) == ["0.0 \(without)"])
    }

    @Test
    func breaksAndIndentsTheIDWhereTheReplyIsBroken() throws {
        let id = #"[2, {"b": [], "a": 1}]"#
        let echo = JSONValue.array([
            .integer(2), .object([JSONValue.Member("b", .array([])), JSONValue.Member("a", .integer(1))]),
        ])
        let success: JSONValue = .object([JSONValue.Member("return", .object([]))])
        let failure: JSONValue = .object([JSONValue.Member("error", .object([]))])
        for bare in [success, failure] {
            let members = (bare.object ?? [])
            let old: JSONValue = .object(members + [JSONValue.Member("id", .integer(7))])
            let new: JSONValue = .object(members + [JSONValue.Member("id", echo)])
            for recorded in [bare, old] {
                let text = recorded.written(isPretty: true).text
                #expect(try reply(text, to: id) == ["0.0 \(new.written(isPretty: true).text)"])
                #expect(try reply(text, to: nil) == ["0.0 \(bare.written(isPretty: true).text)"])
            }
        }
    }

    @Test
    func saysSoAtOnceWhenNoReplyWasRecorded() throws {
        var stage = try PlayingStage(
            """
            0 greeting
            1 > 1 {"execute": "stop"}
            2 closed closed by us
            """
        )
        stage.connect()
        _ = stage.said()
        stage.ask(#"{"execute": "stop", "id": [2]}"#)
        #expect(
            stage.said() == [
                "0.0 tell: r:3: stop has no reply that can be played",
                #"0.0 {"id": [2], "error": {"class": "GenericError", "#
                    + #""desc": "The recording has no reply to this command (r:3)"}}"#,
            ]
        )
    }
}
