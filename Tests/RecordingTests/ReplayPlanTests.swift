import QMP
import Recording
import Testing

/// What of a recording is said again, and what people are told of it.
@Suite(.timeLimit(.minutes(15)))
struct ReplayPlanTests {
    private func plan(_ lines: [String]) throws -> ReplayPlan { try ReplayPlan(try PlayableRecording(lines)) }

    /// What is done, without times.
    private func deeds(_ plan: ReplayPlan) -> [String] {
        plan.listing(PlaybackSettings()).dropLast().map { String($0.dropFirst(14)) }
    }

    @Test func saysWhatReachedTheMonitorInTheOrderInWhichItWasSaid() throws {
        let lines =
            Recorded.begins(0, 1, 1) + Recorded.begins(10, 2, 2) + Recorded.asks(20, 2, 3, "query-name")
            + Recorded.asks(20, 1, 4, "stop") + [
                Recorded.replied(30, 3), Recorded.replied(31, 4), Recorded.closed(40, 2), Recorded.closed(50, 1),
            ]
        let plan = try plan(lines)
        #expect(
            deeds(plan) == [
                "client 1  connects", "client 1  qmp_capabilities  r.qmprec:3",
                "client 2  connects", "client 2  qmp_capabilities  r.qmprec:7",
                "client 2  query-name  r.qmprec:10", "client 1  stop  r.qmprec:12  (has effects)",
                "client 2  leaves", "client 1  leaves",
            ]
        )
        #expect(plan.notes == [])
        #expect(plan.effects == ["  stop, once: r.qmprec:12"])
        #expect(plan.listing(PlaybackSettings()).last == "4 commands of 2 clients, 1 of them with effects")
    }

    @Test func leavesOutWhatNeverReachedTheMonitorAndWhatWasAPluginsOrTheProxys() throws {
        let negotiationRefused = #"{"error": {"class": "CommandNotFound", "desc": "already"}}"#
        let lines =
            Recorded.begins(0, 1, 1) + [
                Recorded.says(1, 1, 2, "qmp_capabilities"), Recorded.got(1, 1, 2, negotiationRefused),
                Recorded.says(2, 1, 3, "__org.qmp-proxy_query-status"), Recorded.got(2, 1, 3),
                Recorded.says(3, 1, 4, "quit"), Recorded.got(3, 1, 4, #"{"error": {}}"#),
                #"{"t": 0.004, "at": "client 1", "is": "received", "command": 5, "text": "@", "error": "stray"}"#,
                Recorded.sent(5, 6, "stop", #", "plugin": "colo""#), Recorded.replied(5, 6),
            ] + Recorded.asks(6, 1, 7, "query-name") + [Recorded.replied(6, 7)]
        #expect(
            deeds(try plan(lines)) == [
                "client 1  connects", "client 1  qmp_capabilities  r.qmprec:3", "client 1  query-name  r.qmprec:15",
            ]
        )
    }

    @Test func saysWhatAPluginHasPutInThePlaceOfWhatAClientSaid() throws {
        let lines =
            Recorded.begins(0, 1, 1) + [
                Recorded.says(1, 1, 2, "quit"),
                #"{"t": 0.001, "at": "plugin a", "is": "verdict", "command": 2, "verdict": "replace", "#
                    + #""message": {"execute": "stop"}}"#,
                Recorded.sent(1, 2, "stop"), Recorded.replied(2, 2),
            ]
        #expect(try plan(lines).commands.map(\.name) == ["qmp_capabilities", "stop"])
    }

    @Test func aClientThatHadNegotiatedBeforeTheRecordingBeginsNegotiatesOnce() throws {
        let outOfBand =
            #"{"t": 0.002, "at": "client 3", "is": "received", "command": 9, "message": {"exec-oob": "query-yank"}}"#
        let lines =
            Recorded.asks(1, 3, 8, "query-name") + [
                outOfBand, Recorded.sent(2, 9, "query-yank"), Recorded.replied(2, 8), Recorded.replied(2, 9),
            ]
        let plan = try plan(lines)
        #expect(plan.commands.map(\.name) == ["qmp_capabilities", "query-name", "query-yank"])
        #expect(
            plan.commands[0].bytes.text == #"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}"#
        )
        #expect(
            plan.notes == ["r.qmprec:2: client 3 had negotiated before what is played begins; it negotiates here"]
        )
    }

    @Test func ofSeveralLivesOfQEMUOnlyTheFirstThatWasAskedIsPlayed() throws {
        let lines =
            [Recorded.monitorClosed(0)] + Recorded.begins(0, 1, 1) + Recorded.asks(1, 1, 2, "query-name") + [
                Recorded.monitorClosed(2)
            ]
            + Recorded.asks(3, 1, 3, "query-status") + Recorded.asks(4, 1, 4, "query-kvm")
        let plan = try plan(lines)
        #expect(plan.commands.map(\.name) == ["qmp_capabilities", "query-name"])
        #expect(plan.notes == ["r.qmprec:10: only what comes before is played, not the 2 commands to a QEMU of later"])
    }

    @Test func redactedCommandsAreToldByNameAndPlace() throws {
        let redacted = #", "redacted": ["/execute"]"#
        var lines = Recorded.begins(0, 1, 1)
        for number in 2..<13 {
            lines += [Recorded.says(number, 1, number, "set_password", redacted), Recorded.sent(1, number, "x")]
        }
        let plan = try plan(lines)
        let places = (0..<8).map { "r.qmprec:\(6 + 2 * $0)" }.joined(separator: " ")
        #expect(plan.redacted == ["  set_password, 11 times: \(places) and 3 more"])
        #expect(plan.effects == plan.redacted)
    }

    @Test func descriptorsAreTold() throws {
        let lines =
            Recorded.begins(0, 1, 1) + [
                Recorded.says(1, 1, 2, "getfd", #", "fds": 2"#), Recorded.sent(1, 2, "getfd", #", "fds": 2"#),
            ]
        let plan = try plan(lines)
        #expect(plan.descriptors == 2)
        #expect(deeds(plan).last == "client 1  getfd  r.qmprec:6  (2 × /dev/null, has effects)")
    }

    @Test func noMoreDescriptorsThanQEMUTakesAreSent() throws {
        let fds = #", "fds": 9223372036854775807"#
        var lines = Recorded.begins(0, 1, 1)
        for number in 2...3 {
            lines += [Recorded.says(1, 1, number, "getfd", fds), Recorded.sent(1, number, "getfd")]
        }
        let plan = try plan(lines)
        #expect(plan.descriptors == 32)
        #expect(
            plan.notes == [
                "r.qmprec:6: of 9223372036854775807 descriptors QEMU takes 16",
                "r.qmprec:8: of 9223372036854775807 descriptors QEMU takes 16",
            ]
        )
    }

    @Test func whatReachedQEMUButStandsNowhereAsAClientsIsNoted() throws {
        let lines =
            Recorded.begins(0, 1, 1) + Recorded.asks(1, 1, 2, "query-name") + [
                Recorded.sent(1, 3, "stop"),
                #"{"t": 0.002, "at": "client 1", "is": "received", "command": 4, "bytes": 55}"#,
                Recorded.sent(2, 4, "cont"), Recorded.sent(2, 5, "colo", #", "plugin": "colo""#),
            ] + Recorded.asks(3, 1, 2, "quit")
        let plan = try plan(lines)
        #expect(plan.commands.map(\.name) == ["qmp_capabilities", "query-name"])
        let rest = "reached QEMU, but what the client said is not recorded: left out"
        #expect(
            plan.notes == ["r.qmprec:8: stop \(rest)", "r.qmprec:10: cont \(rest)", "r.qmprec:13: quit \(rest)"]
        )
    }

    @Test(arguments: [("\"[redacted]\"", 1), ("[{\"x\": \"\\u005bredacted]\"}]", 1), ("\"redacted\"", 0)])
    func aPlaceholderThatIsNotListedIsRedactedToo(value: String, count: Int) throws {
        let message = #"{"execute": "qom-set", "arguments": {"value": \#(value)}}"#
        let said = #"{"t": 0.001, "at": "client 1", "is": "received", "command": 2, "message": \#(message)}"#
        let plan = try plan(Recorded.begins(0, 1, 1) + [said, Recorded.sent(1, 2, "qom-set")])
        #expect(plan.redacted.count == count)
    }

    @Test func timesInTheListingAreThoseOfTheReplay() throws {
        let lines =
            Recorded.begins(0, 1, 1) + Recorded.asks(1000, 1, 2, "query-name") + [Recorded.replied(1400, 2)]
            + Recorded.asks(5400, 1, 3, "query-name")
        var settings = PlaybackSettings()
        settings.speed = .times(2)
        settings.idleMax = .seconds(3)
        let times = try plan(lines).listing(settings).dropLast().map { $0.split(separator: " ")[0] }
        // A reply takes its own time; half of 1 s, and half of the 3 s that 4 s count for.
        #expect(times == ["0.000000", "0.000000", "0.500000", "2.400000"])
    }

    @Test(arguments: [
        #"{"execute": "query-name"} {"execute": "quit"}"#, "@{'execute': 'query-name'}", "{'execute': 'query-name'} @",
        "{'execute': 'query-name'", "{'execute': 'query-name'} 1", "[1] {'execute': 'quit'}", "",
    ])
    func whatIsNotOneMessageIsLeftOut(text: String) throws {
        let plan = try plan(Recorded.begins(0, 1, 1) + Recorded.asks(1, 1, 2, text: text))
        #expect(plan.commands.map(\.name) == ["qmp_capabilities"])
        #expect(plan.notes == ["r.qmprec:6: left out: QEMU would not take this for one message"])
    }

    @Test func aNegotiationThatHidesAnotherCommandIsLeftOut() throws {
        let text = "{'execute': 'qmp_capabilities'} {'execute': 'quit'}"
        let lines = [Recorded.opened(0, 1), Recorded.says(0, 1, 1, text: text), Recorded.got(0, 1, 1)]
        let plan = try plan(lines + Recorded.asks(1, 1, 2, "query-name"))
        let said = [#"{"execute": "qmp_capabilities"}"#, #"{"execute": "query-name"}"#]
        #expect(plan.commands.map(\.bytes.text) == said)
        #expect(plan.notes.first == "r.qmprec:3: left out: QEMU would not take this for one message")
    }

    @Test(arguments: ["{'execute': 'query-name', 'exec-oob': 'quit'}", "{'execute': 'query-name', 'x': 1}"])
    func aWrongEnvelopeHasEffectsForAllWeKnow(text: String) throws {
        let plan = try plan(Recorded.begins(0, 1, 1) + Recorded.asks(1, 1, 2, text: text))
        #expect(plan.effects == ["  (no name), once: r.qmprec:6"])
    }

    @Test func aRecordingWithoutAClientsCommandIsRefused() throws {
        let reason = "r.qmprec:1: no command of a client's reached QEMU: there is nothing to replay"
        let recording = try PlayableRecording(Recorded.begins(0, 1, 1))
        #expect(throws: Unplayable(reason)) { try ReplayPlan(recording) }
    }
}
