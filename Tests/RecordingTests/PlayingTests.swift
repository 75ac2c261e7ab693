import QMP
import Recording
import Testing

/// What a playback says, when, and in which order.
@Suite(.timeLimit(.minutes(15)))
struct PlayingTests {
    private let stop = #"{"execute": "stop", "id": [1]}"#
    private let session = #"""
        0 greeting
        0.1 > {"execute": "qmp_capabilities", "id": "x"}
        0.2 < {"return": {}, "id": "x"}
        1 > 1 {"execute": "stop", "id": [1, 7]}
        1.5 < {"event": "STOP"}
        2 < 1 {"return": {}, "id": [1, 7]}
        4 < {"event": "LATER"}
        5 > 2 {"execute": "query-status"}
        5.5 < 2 {"error": {"class": "GenericError", "desc": "no"}}
        """#

    @Test
    func greetsAndNegotiatesAsTheRecordedQEMU() throws {
        var stage = try PlayingStage(session)
        stage.connectOnly()
        #expect(stage.said() == ["0.0 \(PlayingStage.greeting)"])
        stage.ask(stop, #"{"execute": "qmp_capabilities", "id": "ours"}"#, "]")
        #expect(
            stage.said() == [
                #"0.0 {"id": [1], "error": {"class": "CommandNotFound", "#
                    + #""desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}}"#,
                #"0.0 {"return": {}, "id": "ours"}"#,
                #"0.0 {"error": {"class": "GenericError", "desc": "JSON parse error, expecting value"}}"#,
            ]
        )
        stage.ask(#"{"execute": "stop", "id": 2, "x": 1}"#)
        #expect(
            stage.said() == [
                #"0.0 {"id": 2, "error": {"class": "GenericError", "desc": "QMP input member 'x' is unexpected"}}"#
            ]
        )
    }

    @Test
    func saysWhatWasSaidWhenItWasSaid() throws {
        var stage = try PlayingStage(session)
        stage.connect()
        _ = stage.said()
        stage.pass(10)
        #expect(stage.said() == [])
        stage.ask(#"{"execute": "stop", "id": [31]}"#)
        stage.pass(10)
        stage.ask(#"{"execute": "query-status", "id": [32]}"#)
        stage.pass(10)
        #expect(
            stage.said() == [
                #"10.5 {"event": "STOP"}"#, #"11.0 {"return": {}, "id": [31]}"#, #"13.0 {"event": "LATER"}"#,
                #"20.5 {"id": [32], "error": {"class": "GenericError", "desc": "no"}}"#,
            ]
        )
        #expect(stage.playback.summary.isComplete)
    }

    @Test(
        arguments: [
            (.times(2), nil, ["0.25", "0.5", "1.5"]),
            (.times(1), .milliseconds(600), ["0.5", "0.6", "1.2"]),
            (.max, nil, ["0.0", "0.0", "0.0"]),
        ] as [(PlaybackSettings.Speed, Duration?, [String])]
    )
    func playsAsFastAsItIsTold(speed: PlaybackSettings.Speed, idleMax: Duration?, times: [String]) throws {
        var stage = try PlayingStage(session) {
            $0.speed = speed
            $0.idleMax = idleMax
        }
        stage.connect()
        _ = stage.said()
        stage.ask(stop)
        stage.pass(10)
        let said = [#"{"event": "STOP"}"#, #"{"return": {}, "id": [1]}"#, #"{"event": "LATER"}"#]
        #expect(stage.said() == zip(times, said).map { "\($0) \($1)" })
    }

    @Test
    func beginsWithWhatWasSaidBeforeTheFirstCommandOnceAClientIsThere() throws {
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 < {"event": "EARLY"}
            2 client 1 > 1 {"execute": "qmp_capabilities"}
            2 client 1 < 1 {"return": {}}
            3 < {"event": "RESET"}
            4 > 2 {"execute": "stop"}
            4 < 2 {"return": {}}
            """#
        )
        stage.connectOnly()
        stage.ask(#"{"execute": "qmp_capabilities", "id": "ours"}"#)
        _ = stage.said()
        stage.pass(5)
        #expect(stage.said() == [])
        stage.begin(offset: .seconds(2))
        stage.pass(5)
        #expect(stage.said() == [#"7.0 {"event": "EARLY"}"#, #"8.0 {"event": "RESET"}"#])
    }

    @Test
    func keepsTheOrderOfRepliesWhateverTheirTimes() throws {
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 > 1 {"execute": "a"}
            2 < 1 {"return": 1}
            3 > 2 {"execute": "b"}
            3.1 < {"event": "B"}
            3.1 < 2 {"return": 2}
            3.1 > 3 {"exec-oob": "c"}
            3.2 < 3 {"return": 3}
            """#
        )
        stage.connect()
        _ = stage.said()
        stage.ask(
            #"{"execute": "b", "id": 2}"#,
            #"{"execute": "a", "id": 1}"#,
            #"{"exec-oob": "c", "id": 3}"#,
            #"{"execute": "none", "id": 4}"#
        )
        stage.pass(10)
        #expect(
            stage.said() == [
                "0.0 tell: none is not in the recording",
                #"0.1 {"event": "B"}"#, #"0.1 {"return": 2, "id": 2}"#, #"1.0 {"return": 1, "id": 1}"#,
                #"1.0 {"id": 4, "error": {"class": "CommandNotFound", "desc": "The command none has not been found"}}"#,
                #"1.0 {"return": 3, "id": 3}"#,
            ]
        )
    }

    /// Who asks sooner than the recorded client did has its reply as soon, too.
    @Test
    func doesNotWaitForWhatHadComeLongBeforeTheCommand() throws {
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 > 1 {"execute": "query-status"}
            1 < 1 {"return": 1}
            9 < {"event": "RTC_CHANGE"}
            20 > 2 {"execute": "stop"}
            20.5 < {"event": "STOP"}
            21 < 2 {"return": 2}
            """#
        )
        stage.connect()
        _ = stage.said()
        stage.ask(#"{"execute": "query-status"}"#, #"{"execute": "stop"}"#)
        stage.pass(30)
        #expect(
            stage.said() == [
                #"0.0 {"return": 1}"#, #"0.5 {"event": "RTC_CHANGE"}"#, #"0.5 {"event": "STOP"}"#,
                #"1.0 {"return": 2}"#,
            ]
        )
    }

    @Test
    func neverComesBeforeItsCause() throws {
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 > 1 {"execute": "slow"}
            1.2 > 2 {"exec-oob": "quick"}
            1.3 < {"event": "BETWEEN"}
            1.4 < 2 {"return": 2}
            9 < 1 {"return": 1}
            9 < {"event": "BEHIND"}
            """#
        )
        stage.connect()
        _ = stage.said()
        stage.ask(#"{"execute": "slow", "id": 1}"#)
        stage.pass(20)
        stage.ask(#"{"exec-oob": "quick", "id": 2}"#)
        stage.pass(20)
        #expect(
            stage.said() == [
                #"8.0 {"return": 1, "id": 1}"#, #"8.0 {"event": "BEHIND"}"#, #"20.1 {"event": "BETWEEN"}"#,
                #"20.2 {"return": 2, "id": 2}"#,
            ]
        )
    }

    @Test
    func standsStillForNoOrderOfQuestions() throws {
        // BETWEEN must come before the reply to c, which must come before that to p, which came before BETWEEN.
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 > 1 {"execute": "p"}
            1 > 2 {"execute": "c"}
            2 < 1 {"return": 1}
            2 > 3 {"execute": "a"}
            3 < {"event": "BETWEEN"}
            4 < 2 {"return": 2}
            5 < 3 {"return": 3}
            """#
        )
        stage.connect()
        _ = stage.said()
        stage.ask(#"{"execute": "c", "id": 2}"#, #"{"execute": "p", "id": 1}"#, #"{"execute": "a", "id": 3}"#)
        stage.pass(20)
        #expect(
            stage.said() == [
                #"1.0 {"event": "BETWEEN"}"#, #"3.0 {"return": 2, "id": 2}"#, #"3.0 {"return": 1, "id": 1}"#,
                #"3.0 {"return": 3, "id": 3}"#,
            ]
        )
    }

    @Test
    func bringsACommandsOwnEventsAgainWhenItAnswersAgain() throws {
        var stage = try PlayingStage(session) { $0.reuses = true }
        stage.connect()
        _ = stage.said()
        stage.ask(stop)
        stage.pass(10)
        _ = stage.said()
        stage.ask(stop)
        stage.pass(10)
        #expect(stage.said() == [#"10.5 {"event": "STOP"}"#, #"11.0 {"return": {}, "id": [1]}"#])
    }

    @Test
    func neverAsksToWaitLongerThanAClockCanTell() {
        var settings = PlaybackSettings()
        settings.speed = .times(1e-300)
        #expect(settings.scaled(.seconds(4_000_000_000)) == .seconds(3_153_600_000))
        #expect(settings.scaled(.seconds(-1)) == .zero)
    }
}
