import QMP
import Recording
import Testing

/// When clients say what they said, and what becomes of it: transcripts, times in milliseconds.
@Suite(.timeLimit(.minutes(15)))
struct ClientPlaybackTests {
    private let negotiation = #"1 says {"execute": "qmp_capabilities"}"#

    /// A client that asks twice: the second time 500 ms after it got the first reply, which took 100 ms.
    private let twoQuestions =
        Recorded.begins(0, 1, 1) + Recorded.asks(1000, 1, 2, "query-name")
        + [Recorded.replied(1100, 2, #"{"return": {"name": "a"}}"#)] + Recorded.asks(1600, 1, 3, "query-kvm")
        + [Recorded.replied(1600, 3), Recorded.closed(1700, 1)]

    @Test func eachStepWaitsForTheRepliesBeforeItAndThenAsLongAsTheClientDid() throws {
        var replay = try Replaying(twoQuestions)
        #expect(replay.at(40) == [])
        replay.greets()
        #expect(replay.at(40) == ["1 connects", negotiation])
        // The negotiation is answered without the monitor.
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        #expect(replay.at(40) == ["equal"])
        #expect(replay.nextDue == 1040)
        #expect(replay.at(1039) == [])
        #expect(replay.at(1040) == [#"1 says {"execute": "query-name"}"#])
        replay.reads(1, command: 2)
        #expect(replay.at(3000) == [])
        replay.replies(#"{"return": {"name": "a"}, "id": [2]}"#, to: 2)
        #expect(replay.at(3000) == ["equal"])
        #expect(replay.nextDue == 3500)
        #expect(replay.at(3500) == [#"1 says {"execute": "query-kvm"}"#])
        replay.reads(1, command: 3)
        replay.replies(#"{"return": {}, "id": [3]}"#, to: 3)
        #expect(replay.at(3550) == ["equal"])
        #expect(replay.at(3600) == ["1 leaves", "done"])
        #expect(replay.nextDue == nil)
    }

    @Test func speedAndIdleLimitShortenOnlyTheClientsOwnDelays() throws {
        var replay = try Replaying(twoQuestions) {
            $0.speed = .times(2)
            $0.idleMax = .milliseconds(800)
        }
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        #expect(replay.at(0) == ["equal"])
        #expect(replay.nextDue == 400)
        #expect(replay.at(400).count == 1)
        replay.reads(1, command: 2)
        #expect(replay.at(59_000) == [])
    }

    @Test func whatWasPipelinedIsPipelinedAgain() throws {
        let lines =
            Recorded.begins(0, 1, 1) + Recorded.asks(0, 1, 2, "query-name") + Recorded.asks(0, 1, 3, "query-kvm")
            + [Recorded.replied(1, 2), Recorded.replied(1, 3)] + Recorded.asks(1, 1, 4, "query-uuid")
        var replay = try Replaying(lines) { $0.speed = .max }
        replay.greets()
        #expect(replay.at(0) == ["1 connects", negotiation])
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        #expect(
            replay.at(0) == ["equal", #"1 says {"execute": "query-name"}"#, #"1 says {"execute": "query-kvm"}"#]
        )
        replay.reads(1, command: 2)
        replay.reads(1, command: 3)
        replay.replies(#"{"return": {}}"#, to: 3)
        #expect(replay.at(1) == ["equal"])
        replay.replies(#"{"return": {}}"#, to: 2)
        // Its reply was never recorded: nobody waits for it.
        #expect(replay.at(1) == ["equal", #"1 says {"execute": "query-uuid"}"#, "done"])
    }

    /// A client that stops the VM, hears so, and then asks.
    private let afterTheEvent =
        Recorded.begins(0, 1, 1) + [Recorded.event(0, "RTC_CHANGE")] + Recorded.asks(0, 1, 2, "stop")
        + [Recorded.replied(1, 2), Recorded.event(2, "STOP")] + Recorded.asks(2, 1, 3, "query-status")
        + [Recorded.replied(2, 3)]

    private func stopping() throws -> Replaying {
        var replay = try Replaying(afterTheEvent) { $0.speed = .max }
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        // Not for RTC_CHANGE, which no command had caused; nor does a STOP count that none has.
        replay.tells("STOP")
        #expect(replay.at(0) == ["equal", #"1 says {"execute": "stop"}"#])
        replay.reads(1, command: 2)
        replay.sends(command: 2)
        return replay
    }

    @Test func eventsAreWaitedForWhateverTheirOrder() throws {
        var replay = try stopping()
        replay.replies(#"{"return": {}}"#, to: 2)
        #expect(replay.at(10) == ["equal"])
        replay.tells("STOP")
        #expect(replay.at(10) == [#"1 says {"execute": "query-status"}"#])

        replay = try stopping()
        replay.tells("STOP")
        #expect(replay.at(10) == [])
        replay.replies(#"{"return": {}}"#, to: 2)
        #expect(replay.at(10) == ["equal", #"1 says {"execute": "query-status"}"#])
    }

    @Test func eventsThatAreIgnoredAreNotWaitedFor() throws {
        var replay = try Replaying(afterTheEvent, ignoringEvents: ["ST*"]) { $0.speed = .max }
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        _ = replay.at(0)
        replay.reads(1, command: 2)
        replay.replies(#"{"return": {}}"#, to: 2)
        #expect(replay.at(10) == ["equal", #"1 says {"execute": "query-status"}"#])
    }

    @Test func anEventThatDoesNotComeEndsTheReplay() throws {
        var replay = try stopping()
        replay.replies(#"{"return": {}}"#, to: 2)
        #expect(replay.at(10) == ["equal"])
        // Twice the 2 ms that it took, and 60 s.
        #expect(replay.nextDue == 60_004)
        #expect(replay.at(60_003) == [])
        let reason = "r.qmprec:10: the event STOP did not come again within 60s"
        #expect(replay.at(60_004) == ["failed: \(reason); if it need not, say --ignore-event STOP"])
        #expect(replay.nextDue == nil)
        replay.tells("STOP")
        #expect(replay.at(60_005) == [])
    }

    @Test func aReplyThatDoesNotComeEndsTheReplay() throws {
        var replay = try stopping()
        replay.tells("STOP")
        #expect(replay.at(60_002) == ["failed: r.qmprec:9: the reply to stop did not come again within 60s"])
    }

    @Test func aMonitorThatDoesNotGreetEndsTheReplay() throws {
        var replay = try Replaying(twoQuestions, patience: .seconds(5))
        #expect(replay.nextDue == 5000)
        #expect(
            replay.at(5000) == [
                "failed: unix:qemu did not greet within 5s; QEMU greets one client at a time: is another connected?"
            ]
        )
    }

    @Test func aMonitorThatCannotBeReachedEndsTheReplay() throws {
        var replay = try Replaying(twoQuestions)
        replay.unreachable("Connection refused")
        #expect(replay.at(0) == ["failed: unix:qemu cannot be reached: Connection refused"])
    }

    @Test func aQEMUThatGoesAwayTooSoonEndsTheReplay() throws {
        var replay = try stopping()
        replay.records(.monitor, .closed(reason: "closed by peer"))
        let place = "r.qmprec:9: the reply to stop"
        #expect(
            replay.at(1) == ["failed: unix:qemu went away (closed by peer) before this came again: \(place)"]
        )

        replay = try Replaying(twoQuestions)
        replay.records(.monitor, .closed(reason: "closed by peer"))
        #expect(replay.at(1) == ["failed: unix:qemu went away before it greeted: closed by peer"])
    }

    @Test func aQEMUThatGoesAwayBeforeAllIsSaidEndsTheReplay() throws {
        let lines = Recorded.begins(0, 1, 1) + Recorded.asks(0, 1, 2, "quit") + [Recorded.replied(1, 2)]
        var replay = try Replaying(lines + Recorded.asks(9, 1, 3, "query-name") + Recorded.asks(9, 1, 4, "query-kvm"))
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        _ = replay.at(0)
        replay.reads(1, command: 2)
        replay.replies(#"{"return": {}}"#, to: 2)
        replay.records(.monitor, .closed(reason: "closed by peer"))
        let reason = "unix:qemu went away (closed by peer) before this was said: r.qmprec:9: query-name"
        #expect(replay.at(1) == ["equal", "failed: \(reason)"])
    }

    @Test(arguments: [#""text": "{'return': ""#, #""bytes": 7"#, #""text": "{'return': {}} {}""#])
    func aRecordedReplyThatCannotBeReadIsNotCompared(content: String) throws {
        let reply = #"{"t": 0.001, "at": "monitor", "is": "received", "command": 2, \#(content)}"#
        var replay = try Replaying(Recorded.begins(0, 1, 1) + Recorded.asks(0, 1, 2, "query-name") + [reply])
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        _ = replay.at(0)
        replay.reads(1, command: 2)
        replay.replies(#"{"return": {}}"#, to: 2)
        #expect(replay.at(1) == ["not compared: r.qmprec:8: the reply to query-name cannot be read", "done"])
    }

    @Test func aClientThatSpeaksAfterItLeftIsANewOne() throws {
        let lines = Recorded.begins(0, 1, 1) + [Recorded.closed(0, 1)] + Recorded.asks(0, 1, 2, "query-name")
        var replay = try Replaying(lines)
        #expect(replay.plan.notes == ["r.qmprec:7: client 1 had left; it connects anew here"])
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        let name = #"2 says {"execute": "query-name"}"#
        #expect(replay.at(0) == ["equal", "1 leaves", "2 connects", "2\(negotiation.dropFirst())", name, "done"])
    }

    @Test func aQEMUThatGoesAwayAsTheRecordedOneDidIsItsEnd() throws {
        let lines =
            Recorded.begins(0, 1, 1) + Recorded.asks(0, 1, 2, "quit")
            + [Recorded.event(1, "SHUTDOWN"), Recorded.replied(1, 2)] + Recorded.begins(1, 2, 3)
            + [Recorded.monitorClosed(2)]
        var replay = try Replaying(lines)
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        _ = replay.at(0)
        replay.reads(1, command: 2)
        replay.sends(command: 2)
        replay.tells("SHUTDOWN")
        replay.replies(#"{"return": {}}"#, to: 2)
        replay.records(.monitor, .closed(reason: "closed by peer"))
        #expect(replay.at(1) == ["equal", "done"])
    }

    @Test func aReplyThatIsDifferentIsToldAndTheReplayGoesOn() throws {
        var replay = try Replaying(twoQuestions) { $0.speed = .max }
        replay.greets()
        _ = replay.at(0)
        replay.reads(1, command: 1)
        replay.records(.client(1), .sent(message(#"{"return": {}}"#)), command: 1)
        _ = replay.at(0)
        replay.reads(1, command: 2)
        replay.replies(#"{"return": {"name": "b"}}"#, to: 2)
        #expect(
            replay.at(1) == [
                "r.qmprec:6: query-name\n  /return/name   recorded \"a\"   live \"b\"\n",
                #"1 says {"execute": "query-kvm"}"#,
            ]
        )
    }

    @Test func whoeverInterruptsItIsToldWhereItWas() throws {
        var replay = try stopping()
        replay.interrupted()
        #expect(replay.at(1) == ["failed: interrupted before r.qmprec:11 was played"])
    }
}
