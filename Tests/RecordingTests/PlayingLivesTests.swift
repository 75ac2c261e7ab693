import QMP
import Recording
import Testing

/// The ends of recorded QEMUs, and what comes behind them.
@Suite(.timeLimit(.minutes(15)))
struct PlayingLivesTests {
    private let quit = #"{"execute": "quit", "id": [1]}"#
    private let status = #"{"execute": "query-status", "id": [2]}"#

    private let twoLives = """
        0 greeting
        1 > 1 {"execute": "quit"}
        1.1 < {"event": "SHUTDOWN"}
        1.2 < 1 {"return": {}}
        1.5 closed closed by peer
        3 greeting \(PlayingStage.greeting("8"))
        3.5 < {"event": "RESET"}
        4 > 1 {"execute": "query-status"}
        5 closed connection reset by peer
        """

    @Test
    func closesWhenQEMUDidAndGoesOnWithTheNextUntilNoneIsLeft() throws {
        var stage = try PlayingStage(twoLives)
        stage.connect()
        _ = stage.said()
        stage.ask(quit)
        stage.pass(8)
        #expect(
            stage.said() == [
                #"0.1 {"event": "SHUTDOWN"}"#, #"0.2 {"return": {}, "id": [1]}"#, "0.5 close",
            ]
        )
        stage.disconnect()
        stage.connect()
        stage.pass(2)
        #expect(
            stage.said() == [
                "8.0 \(PlayingStage.greeting("8"))", #"8.0 {"return": {}, "id": "ours"}"#,
                #"8.5 {"event": "RESET"}"#,
            ]
        )
        stage.ask(quit, status)
        stage.pass(2)
        #expect(
            stage.said() == [
                "10.0 tell: quit is recorded on another connection to QEMU only, first at r:3",
                #"10.0 {"id": [1], "error": {"class": "GenericError", "#
                    + #""desc": "The recording has no quit on this connection"}}"#,
                "11.0 close", "11.0 quit",
            ]
        )
        stage.disconnect()
        stage.connectOnly()
        #expect(stage.said() == ["12.0 close"])
    }

    @Test
    func isSilentUntilItsEndToWhatQEMUHasNotLivedToAnswer() throws {
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 > 1 {"execute": "quit"}
            2 > 2 {"execute": "query-status"}
            4 closed closed by peer
            """#
        )
        stage.connect()
        _ = stage.said()
        // The last command is never asked; yet the one that is gets its end.
        stage.ask(quit)
        stage.pass(10)
        #expect(stage.said() == ["3.0 close", "3.0 quit"])
    }

    @Test
    func letsALaterQEMUBeginWithItsFirstClient() throws {
        var stage = try PlayingStage(twoLives)
        stage.connect()
        stage.ask(quit)
        stage.pass(1)
        _ = stage.said()
        stage.disconnect()
        stage.connectOnly()
        #expect(stage.playback.awaitsBegin)
        stage.pass(100)
        #expect(stage.said() == ["1.0 \(PlayingStage.greeting("8"))"])
        stage.ask(#"{"execute": "qmp_capabilities", "id": "ours"}"#)
        stage.begin(offset: .zero)
        stage.pass(1)
        #expect(stage.said() == [#"101.0 {"return": {}, "id": "ours"}"#, #"101.5 {"event": "RESET"}"#])
    }

    @Test
    func hasAnErrorForAReplyThatIsMissingAmidOthers() throws {
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 > 1 {"execute": "query-status"}
            2 > 2 {"execute": "query-name"}
            2 < 2 {"return": {}}
            9 closed closed by peer
            """#
        )
        stage.connect()
        _ = stage.said()
        stage.ask(status)
        stage.pass(100)
        #expect(
            stage.said() == [
                "0.0 tell: r:3: query-status has no reply that can be played",
                #"0.0 {"id": [2], "error": {"class": "GenericError", "#
                    + #""desc": "The recording has no reply to this command (r:3)"}}"#,
            ]
        )
    }

    @Test(arguments: [#"{'event': 'X'}"#, #"{\"event\":\n\"X\"}"#])
    func refusesEventsThatNoQEMUWrites(event: String) throws {
        let why = "r:3: QEMU writes no event so, it cannot be played"
        #expect(throws: Unplayable(why)) {
            try PlayingStage("0 greeting\n" + #"{"t": 1, "at": "monitor", "is": "received", "text": "\#(event)"}"#)
        }
    }

    @Test
    func goesOnWhereTheProxyHadEnded() throws {
        let second = #"{"qmp-recording": 1, "started": "2026-11-21T04:00:00.000Z", "proxy": "0", "monitor": "vm0"}"#
        var stage = try PlayingStage(
            """
            0 greeting
            1 > 1 {"execute": "query-status"}
            1 < 1 {"return": 1}
            2 closed closed by us
            \(second)
            0 greeting
            1 > 1 {"execute": "query-status"}
            1 < 1 {"return": 2}
            """
        )
        stage.connect()
        _ = stage.said()
        stage.ask(status, status)
        stage.disconnect()
        stage.connect()
        stage.pass(100_000)
        #expect(
            stage.said() == [
                #"0.0 {"return": 1, "id": [2]}"#, #"0.0 {"return": 2, "id": [2]}"#,
                "0.0 \(PlayingStage.greeting)", #"0.0 {"return": {}, "id": "ours"}"#,
            ]
        )
    }

    @Test
    func goesOnWithTheSameQEMUWhenItsClientComesAgain() throws {
        var stage = try PlayingStage(
            #"""
            0 greeting
            1 > 1 {"execute": "query-status"}
            2 < 1 {"return": 1}
            4 < {"event": "LOST"}
            8 < {"event": "HEARD"}
            """#
        )
        stage.connect()
        stage.ask(status)
        stage.disconnect()
        _ = stage.said()
        stage.pass(3.5)
        #expect(stage.said() == [])
        stage.connectOnly()
        stage.pass(10)
        #expect(stage.said() == ["3.5 \(PlayingStage.greeting)"])
        stage.ask(#"{"execute": "qmp_capabilities", "id": "ours"}"#)
        #expect(stage.said() == [#"13.5 {"return": {}, "id": "ours"}"#, #"13.5 {"event": "HEARD"}"#])
    }

    @Test
    func beginsWithWhatALaterSegmentRepeats() throws {
        let header =
            #"{"qmp-recording": 1, "started": "2026-11-21T03:06:29.120Z", "proxy": "0", "monitor": "vm0", "#
            + #""previous": "a", "t": 100, "greeting": \#(PlayingStage.greeting), "#
            + #""clients": [{"client": 4, "peer": ""}], "commands": [{"command": 9, "client": 4, "execute": "x"}]}"#
        var stage = try PlayingStage(
            """
            \(header)
            {"t": 101, "at": "monitor", "is": "received", "command": 9, "message": {"return": 9}}
            {"t": 102, "at": "monitor", "is": "received", "message": {"event": "RESET"}}
            {"t": 103, "at": "client 4", "is": "received", "command": 10, "message": {"execute": "query-status"}}
            {"t": 103, "at": "monitor", "is": "sent", "command": 10, "message": {"execute": "query-status"}}
            {"t": 103, "at": "monitor", "is": "received", "command": 10, "message": {"return": 10}}
            """
        ) { $0.client = 4 }
        stage.connect()
        _ = stage.said()
        stage.pass(3)
        stage.ask(status)
        #expect(stage.said() == [#"2.0 {"event": "RESET"}"#, #"3.0 {"return": 10, "id": [2]}"#])
    }

    @Test(
        arguments: [
            ("1 > 1 {\"execute\": \"stop\"}", "r:2: no greeting of QEMU's up to here, there is nothing to play"),
            (
                "1 < {\"event\": \"STOP\"}\n2 closed closed by peer",
                "r:3: no greeting of QEMU's up to here, there is nothing to play"
            ),
            ("", "r:1: no greeting of QEMU's up to here, there is nothing to play"),
        ]
    )
    func refusesWhatHasNoGreeting(recording: String, why: String) {
        #expect(throws: Unplayable(why)) { try PlayingStage(recording) }
    }

    @Test
    func refusesWhatIsNoRecordingAtAll() {
        #expect(throws: Unplayable("there is no recording")) {
            try MonitorPlayback(PlayableRecording(), settings: PlaybackSettings())
        }
    }

    @Test
    func sumsUpWhatWasAsked() throws {
        var stage = try PlayingStage(twoLives)
        stage.connect()
        stage.ask(#"{"execute": "none"}"#, quit, #"{"execute": "none"}"#, "{'execute': '\\u001b'}")
        #expect(!stage.playback.summary.isComplete)
        #expect(
            stage.playback.summary.description == """
                asked 1 of 2 recorded commands
                not asked: query-status (r:9)
                asked but not in the recording: none (2 times), \\u{1b}
                """
        )
    }

    @Test
    func countsWhatIsTooMuchToBeListed() throws {
        let commands = (1...12).map { "1 > \($0) {\"execute\": \"c\($0)\"}" }.joined(separator: "\n")
        var stage = try PlayingStage("0 greeting\n\(commands)")
        stage.connect()
        for number in 1...1003 { stage.ask(#"{"execute": "none-\#(number)"}"#) }
        let summary = stage.playback.summary
        #expect(summary.unasked.map(\.name) == (1...12).map { "c\($0)" })
        #expect(summary.missed.count == 1000)
        #expect(summary.missedOfOtherNames == 3)
        #expect(
            summary.description.split(separator: "\n").map { $0.suffix(20) }
                == [
                    "12 recorded commands", "c10 (r:12) and 2 more", "none-10 and 991 more",
                ].map { $0.suffix(20) }
        )
    }
}
