import QMP
import Recording
import Testing

/// Which replies are the same, and how it is told that they are not.
@Suite(.timeLimit(.minutes(15)))
struct ReplyComparisonTests {
    /// What is told of a reply to `query-x` that was recorded so and is so now.
    private func told(
        _ recorded: String,
        _ live: String,
        ignoring: [String] = [],
        redacted: String = ""
    ) throws -> [String] {
        let list = redacted.isEmpty ? "" : #", "redacted": ["\#(redacted)"]"#
        let line = #"{"t": 0.001, "at": "monitor", "is": "received", "command": 2, "message": \#(recorded)\#(list)}"#
        let lines = Recorded.begins(0, 1, 1) + Recorded.asks(0, 1, 2, "query-x") + [line]
        let command = try ReplayPlan(try PlayableRecording(lines)).commands[1]
        let comparison = ReplyComparison(ignoring: try ignoring.map { try ReplyComparison.rule(parsing: $0) })
        let reply = try #require(command.reply)
        let places = try #require(comparison.differences(to: "query-x", reply, Bytes(text: live)))
        guard !places.isEmpty else { return [] }
        let text = ReplyDifference(command: command, places: places).text(isColoured: false)
        return text.split(separator: "\n").map(String.init)
    }

    @Test func orderOfMembersIdsAndTimestampsDoNotCount() throws {
        let recorded = #"{"return": {"a": 1, "b": [{"timestamp": 5, "c": null}]}, "id": [2, "x"]}"#
        let live = #"{"id": [7], "return": {"b": [{"c": null, "timestamp": {"seconds": 9}}], "a": 1}}"#
        #expect(try told(recorded, live) == [])
    }

    @Test func anIDInsideCounts() throws {
        #expect(
            try told(#"{"return": [{"id": "d0"}]}"#, #"{"return": [{"id": "d1"}]}"#) == [
                "r.qmprec:6: query-x", #"  /return/0/id   recorded "d0"   live "d1""#,
            ]
        )
    }

    @Test func whatIsMissingIsSaidSo() throws {
        #expect(
            try told(#"{"return": {"a": 1}}"#, #"{"return": {"b": [2]}}"#) == [
                "r.qmprec:6: query-x", "  /return/a   recorded 1   live nothing",
                "  /return/b   recorded nothing   live [2]",
            ]
        )
    }

    @Test func anErrorIsNoSuccess() throws {
        #expect(
            try told(#"{"return": {}}"#, #"{"error": {"class": "CommandNotFound", "desc": "no"}}"#) == [
                "r.qmprec:6: query-x", "  /return   recorded {}   live nothing",
                #"  /error   recorded nothing   live {"class": "CommandNotFound", "desc": "no"}"#,
            ]
        )
    }

    @Test(arguments: ["/return/*/pid", "query-* /return/*/pid", "query-x /return/0"])
    func whatIsIgnoredDoesNotCount(rule: String) throws {
        #expect(try told(#"{"return": [{"pid": 1}]}"#, #"{"return": [{"pid": 2}]}"#, ignoring: [rule]) == [])
    }

    @Test func whatIsIgnoredOfAnotherCommandCounts() throws {
        let told = try told(#"{"return": {"pid": 1}}"#, #"{"return": {"pid": 2}}"#, ignoring: ["stop /return/pid"])
        #expect(told == ["r.qmprec:6: query-x", "  /return/pid   recorded 1   live 2"])
    }

    @Test(arguments: ["return/pid", "/return/~2", "query-x", "a b /return"])
    func whatIsNoPointerIsRefused(text: String) {
        #expect(throws: RedactionRule.Malformed.self) { try ReplyComparison.rule(parsing: text) }
    }

    @Test func whatIsRedactedIsEqualToAnything() throws {
        let recorded = #"{"return": {"key": "[redacted]", "n": 1}}"#
        let live = #"{"return": {"key": "hunter2", "n": 2}}"#
        #expect(
            try told(recorded, live, redacted: "/return/key") == [
                "r.qmprec:6: query-x", "  /return/n   recorded 1   live 2",
            ]
        )
    }

    @Test func longValuesAreCutAndSoAreManyPlaces() throws {
        let long = String(repeating: "x", count: 200)
        let recorded = (0..<25).map { _ in "1" }.joined(separator: ", ")
        let live = (0..<25).map { _ in "\"\(long)\"" }.joined(separator: ", ")
        let told = try told(#"{"return": [\#(recorded)]}"#, #"{"return": [\#(live)]}"#)
        #expect(told.count == 22)
        #expect(told[1] == "  /return/0   recorded 1   live \"\(long.prefix(99))… (202 bytes)")
        #expect(told.last == "  and 5 places more")
    }

    @Test func aTerminalGetsColours() throws {
        let plan = try ReplayPlan(
            try PlayableRecording(Recorded.begins(0, 1, 1) + Recorded.asks(0, 1, 2, "query-x"))
        )
        let place = JSONDifference(pointer: "", recorded: .null, live: nil)
        let text = ReplyDifference(command: plan.commands[1], places: [place]).text(isColoured: true)
        let (red, yellow, bold, end) = ("\u{1B}[31m", "\u{1B}[33m", "\u{1B}[1m", "\u{1B}[0m")
        #expect(
            text == """
                \(bold)r.qmprec:6: query-x\(end)
                  the whole reply   recorded \(red)null\(end)   live \(yellow)nothing\(end)

                """
        )
    }
}
