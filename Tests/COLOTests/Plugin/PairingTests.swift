import PluginKit
import QMP
import Testing

@testable import COLO

@Suite(.timeLimit(.minutes(15)))
struct PairingTests {
    @Test func primaryWaitsForASecondaryThatIsReady() throws {
        let side = try Side(.before(.primaryStart))
        side.peer = peer("idle")
        side.pass(.seconds(2))
        try side.ask("start")
        side.pass(.seconds(60))
        #expect(
            side.read() == [
                "0 client 1 (pid 7 uid 0 gid 0) asks: start", "0 idle -> pairing: an operator wants it",
            ]
        )
        side.peer = peer("pairing", role: "secondary", epoch: 4, #", "ready": true"#)
        side.pass(.seconds(2))
        #expect(side.read() == ["5 primary-start begins", "5 pairing -> paired: COLO runs"])
        #expect(side.qemu.facts.mode == "primary")
    }

    @Test func secondaryPreparesItselfWhenThePeerSeeks() throws {
        let side = try Side(.before(.secondaryStart))
        side.peer = peer("idle")
        side.pass(.seconds(10))
        #expect(side.qemu.executed == [])
        side.peer = peer("alone", epoch: 6, #", "seeks": true"#)
        side.pass(.seconds(2))
        #expect(
            side.read() == [
                "0 idle -> pairing: the peer wants a secondary", "0 secondary-start begins",
                "0 ready to be the secondary",
            ]
        )
        let status = try side.ask("query-status")
        #expect(status["ready"] == .bool(true))
        #expect(status["next"] == .string("waits for the primary's migration"))
    }

    @Test func seesAPairThatAClientHasMade() throws {
        let side = try Side(.before(.secondaryStart))
        side.peer = peer("paired", role: "primary", epoch: 3)
        side.pass(.seconds(1))
        side.qemu.facts.mode = "secondary"
        side.event("RESUME")
        side.pass(.milliseconds(500))
        #expect(side.read() == ["0 idle -> paired: COLO runs, this is the secondary"])
        #expect(try side.ask("query-status")["epoch"] == .integer(3))
    }

    @Test func takesANewPartnerByItselfAfterAFailover() throws {
        let side = try Side(.before(.primaryResume), ("arbiter", "none"))
        side.peer = peer("idle")
        side.pass(.seconds(2))
        #expect(side.read() == ["0 idle -> alone: COLO has been here before"])
        side.peer = peer("pairing", role: "secondary", #", "ready": true"#)
        side.pass(.seconds(2))
        #expect(
            side.read() == [
                "2 alone -> resyncing: the new secondary is ready", "2 secondary-resume begins",
                "2 resyncing -> paired: COLO runs",
            ]
        )
    }

    @Test func takesBackAResumeThatFails() throws {
        var facts = ModelQEMU.Facts.before(.primaryResume)
        facts.objects = []
        let side = try Side(facts, ("notify", "call"))
        side.qemu.faults["drive-mirror"] = [.failure(ProtocolError(.generic, "Connection refused"))]
        side.peer = peer("pairing", role: "secondary", #", "ready": true"#)
        side.pass(.milliseconds(400))
        #expect(
            side.read() == [
                "0 idle -> alone: COLO has been here before", "2 alone -> resyncing: the new secondary is ready",
                "2 primary-resume begins",
                "start notify 1: /bin/sh -c call notify resyncing the resume has failed: step 2, drive-mirror "
                    + "(primary-resume.qmp:6): Connection refused",
                "2 undo-resume begins",
                "2 resyncing -> alone: the resume was taken back: step 2, drive-mirror (primary-resume.qmp:6): "
                    + "Connection refused",
            ]
        )
        #expect(side.qemu.facts.runState == "running")
        side.pass(.seconds(2))
        #expect(side.read().last == "3 resyncing -> paired: COLO runs")
    }

    @Test func givesAPartnerUpThatStopsAnsweringInAResync() throws {
        let side = try Side(.before(.primaryResume))
        side.qemu.missing = ["BLOCK_JOB_READY"]
        side.qemu.isJobReady = false
        side.peer = peer("pairing", role: "secondary", #", "ready": true"#)
        side.pass(.seconds(3))
        _ = side.read()
        side.peer = peer("pairing", role: "secondary", silent: 9)
        side.pass(.seconds(1))
        #expect(side.read() == [])
        side.peer = peer("pairing", role: "secondary", silent: 10)
        side.pass(.milliseconds(300))
        #expect(side.read().last?.hasPrefix("2 resyncing -> alone: the resume was taken back: step 2") == true)
        #expect(side.qemu.facts.jobs == [])
    }

    @Test func whatIsAskedBeforeQEMUIsLookedAtIsDoneThen() throws {
        let side = try Side(.before(.primaryStart), isSlow: true)
        #expect(try side.ask("start") == .null)
        side.awake()
        #expect(side.read().last == "0 idle -> pairing: an operator wants it")
        #expect(side.released == ["early 1: success(\"{}\")"])
    }

    @Test(arguments: [
        ("failover", "QEMU is not in COLO, the state is idle: there is nothing to fail over"),
        ("abort", "The state is idle: nothing is under way"),
        ("checkpoint-delay", "Parameter 'milliseconds' expects a number of milliseconds from 1 to 4294967295"),
    ])
    func refusesWhatMakesNoSense(command: String, error: String) throws {
        let side = try Side(.before(.primaryStart))
        side.pass(.seconds(1))
        #expect(throws: ProtocolError(.generic, error)) { try side.ask(command) }
    }

    @Test(arguments: [
        (
            [("arbiter", "command")],
            "fence: is missing: wanted is the program that fences the peer, for arbiter: command"
        ),
        ([("fence", "x")], #"fence: found "x": wanted is arbiter: command with it"#),
        ([("arbiter", "me")], #"arbiter: found "me": wanted is operator or command or none"#),
        ([("hartbeat-misses", "8")], "hartbeat-misses: unknown key: did you mean heartbeat-misses?"),
        (
            [("heartbeat-interval", "250")],
            #"heartbeat-interval: found "250": wanted is a duration with its unit from 10ms to 1min"#
        ),
    ])
    func refusesWrongSettings(settings: [(String, String)], error: String) {
        let all = [("peer-host", "b")] + settings
        let wrong = #expect(throws: PluginSettings.Invalid.self) {
            try COLOPlugin(settings: PluginSettings(all.map { PluginSettings.Member($0.0, .text($0.1)) }))
        }
        #expect(wrong?.description == error)
    }

    @Test func refusesAnOperatorsRunbookWithFileAndLine() {
        let runbooks = PluginSettings.Value.mapping([
            PluginSettings.Member("primary-start.qmp", .text("\n{'execute': 'x', 'esential': true}"))
        ])
        let settings = [PluginSettings.Member("peer-host", .text("b")), PluginSettings.Member("runbooks", runbooks)]
        let wrong = #expect(throws: PluginSettings.Invalid.self) { try COLOPlugin(settings: PluginSettings(settings)) }
        #expect(
            wrong?.description
                == "runbooks.primary-start.qmp: line 2: unknown member 'esential' of the step: did you mean essential?"
        )
    }
}
