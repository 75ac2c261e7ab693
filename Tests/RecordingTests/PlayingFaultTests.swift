import QMP
import Recording
import Testing

/// What goes wrong on purpose.
@Suite(.timeLimit(.minutes(15)))
struct PlayingFaultTests {
    private let recording = #"""
        0 greeting
        1 > 1 {"execute": "stop"}
        1 < {"event": "STOP"}
        2 < 1 {"return": 1}
        3 > 2 {"execute": "query-status"}
        3 < 2 {"return": 2}
        """#
    private let stop = #"{"execute": "stop", "id": [1]}"#
    private let status = #"{"execute": "query-status", "id": [2]}"#

    private func stage(_ faults: String...) throws -> PlayingStage {
        var stage = try PlayingStage(recording) { $0.faults = try faults.map { try Fault(parsing: $0) } }
        stage.connect()
        _ = stage.said()
        return stage
    }

    @Test
    func delaysAReplyAndWhatIsBehindIt() throws {
        var stage = try stage("st*: delay 500ms")
        stage.ask(stop, status)
        stage.pass(9)
        #expect(
            stage.said() == [
                #"0.0 {"event": "STOP"}"#, #"1.5 {"return": 1, "id": [1]}"#, #"1.5 {"return": 2, "id": [2]}"#,
            ]
        )
    }

    @Test
    func failsThenLetsTheClientTryAgain() throws {
        var stage = try stage("stop #1: error DeviceNotFound no: bus", "stop #2: error KVMMissingCap")
        stage.ask(stop, stop, stop)
        stage.pass(9)
        #expect(
            stage.said() == [
                #"0.0 {"id": [1], "error": {"class": "DeviceNotFound", "desc": "no: bus"}}"#,
                #"0.0 {"id": [1], "error": {"class": "KVMMissingCap", "desc": "A fault on purpose"}}"#,
                #"0.0 {"event": "STOP"}"#, #"1.0 {"return": 1, "id": [1]}"#,
            ]
        )
    }

    @Test
    func countsAsAskedWhatAFaultCameInPlaceOf() throws {
        var stage = try PlayingStage(recording) {
            $0.faults = [try Fault(parsing: "stop: silence")]
            $0.match = .strict
        }
        stage.connect()
        stage.ask(stop, status)
        _ = stage.said()
        stage.pass(9)
        #expect(stage.said() == [])
        #expect(stage.playback.summary.isComplete)
    }

    @Test
    func dropsTheConnectionInPlaceOfAReply() throws {
        var stage = try stage("query-*: drop")
        stage.ask(stop, status)
        stage.pass(9)
        #expect(stage.said() == [#"0.0 {"event": "STOP"}"#, #"1.0 {"return": 1, "id": [1]}"#, "1.0 close"])
    }

    @Test
    func dropsTheConnectionByItselfOnce() throws {
        var stage = try stage("@10s: drop")
        stage.pass(11)
        #expect(stage.said() == ["10.0 close"])
        stage.disconnect()
        stage.connect()
        stage.pass(11)
        #expect(stage.said() == ["11.0 \(PlayingStage.greeting)", #"11.0 {"return": {}, "id": "ours"}"#])
    }

    @Test
    func countsItsTimeFromTheFirstClient() throws {
        var stage = try PlayingStage("0 greeting") { $0.faults = [try Fault(parsing: "@1s: drop")] }
        stage.connectOnly()
        stage.pass(5)
        #expect(stage.said() == ["0.0 \(PlayingStage.greeting)"])
        stage.begin(offset: .zero)
        stage.pass(5)
        #expect(stage.said() == ["6.0 close"])
    }

    @Test
    func beginsWhenItIsTime() throws {
        var stage = try stage("query-status @5s #1+: silence", "none @6s: drop")
        stage.pass(4)
        stage.ask(status)
        stage.pass(2)
        #expect(stage.said() == [#"4.0 {"return": 2, "id": [2]}"#])
        stage.ask(status)
        stage.pass(9)
        #expect(stage.said() == [])
        stage.ask(#"{"execute": "none"}"#)
        #expect(stage.said() == ["15.0 close"])
    }

    @Test(
        arguments: [
            ("stop", "a fault is PATTERN #COUNT @TIME: ACTION, such as 'query-*: delay 500ms'"),
            (": drop", "a pattern for the names of commands is wanted, such as 'query-*'"),
            ("#1 @1s: drop", "a pattern for the names of commands is wanted, such as 'query-*'"),
            ("a b: drop", "'b' is not expected: PATTERN #COUNT @TIME is, in this order, each once"),
            ("a #1 #2: drop", "'#2' is not expected: PATTERN #COUNT @TIME is, in this order, each once"),
            ("a #0: drop", "'#0' is no count: #3 is the third such command, #3+ all from it on"),
            ("a #-1: drop", "'#-1' is no count: #3 is the third such command, #3+ all from it on"),
            ("a @1: drop", "'1' is no time: a number and its unit are wanted, such as 500ms or 10s"),
            ("a @99999999d: drop", "'99999999d' is no time: a number and its unit are wanted, such as 500ms or 10s"),
            ("a: delay", "'delay' is none of: delay TIME, silence, error CLASS TEXT, drop"),
            ("a: silence now", "'silence now' is none of: delay TIME, silence, error CLASS TEXT, drop"),
            (
                "a: error generic",
                "QEMU has no error class 'generic': there are GenericError, CommandNotFound, DeviceNotActive, "
                    + "DeviceNotFound, KVMMissingCap"
            ),
        ]
    )
    func refusesWhatIsNoFault(text: String, why: String) {
        #expect { try Fault(parsing: text) } throws: { "\($0)" == "\"\(text)\" is no fault: \(why)" }
    }
}
