import Foundation
import QMP
import Testing

/// How two QEMUs become a pair, and what is refused.
@Suite(.repeated, .onWorkbench, .showingLogs, .longEnoughForPairs)
struct COLOBringUpTests {
    private let pair: COLOPair
    private let (a, b): (COLOHost, COLOHost)

    init() throws {
        pair = try COLOPair(["arbiter": "none", "checkpoint-delay": "500"])
        (a, b) = (pair.a, pair.b)
    }

    @Test func anOperatorHasItBegin() throws {
        try pair.bringUpByOperator()
        let (first, second) = (try COLORecording(of: a), try COLORecording(of: b))
        #expect(first.states == ["pairing", "paired"])
        #expect(second.states == ["pairing", "paired"])
        #expect(first.commands(in: "pairing") == COLOProcedure.primaryStart)
        #expect(second.commands(in: "pairing") == COLOProcedure.secondaryStart)
        let isToldSo = Deadline().waits {
            guard let status = try? a.order("query-status"), let other = try? b.order("query-status") else {
                return false
            }
            return status["role"]?.string == "primary" && other["role"]?.string == "secondary"
                && status["checkpoint-delay"]?.integer == 500 && status["peer"]?["state"]?.string == "alive"
                && status["epoch"] == other["epoch"] && status["peer"]?["colo"]?["state"]?.string == "paired"
        }
        #expect(isToldSo)
    }

    @Test func itBeginsByItselfIfThatIsSet() throws {
        for host in [a, b] { host.settings?["start"] = "auto" }
        try pair.bringUp {
            for host in [a, b] { try host.waitForState("paired") }
        }
    }

    @Test func aClientsPairIsKeptAsWell() throws {
        try pair.bringUp {
            try pair.sayStart()
            for host in [a, b] { try host.waitForState("paired") }
        }
        let counter = try pair.waitForSecondary(b, toFollow: a)
        try a.qemu.kill()
        try pair.expectAlone(b, from: counter)
    }

    @Test func theTimeBetweenCheckpointsIsChanged() throws {
        try pair.bringUpByOperator()
        try a.order("checkpoint-delay", #"{"milliseconds": 300}"#)
        let isSet = try Deadline().waits {
            try a.qemu.monitor.ask("query-migrate-parameters")["x-checkpoint-delay"]?.integer == 300
        }
        #expect(isSet)
        try pair.waitForCheckpoint(on: a.qemu)
    }

    /// It is there from before the pair until after the second pairing.
    @Test func aClientSeesNothingButQEMU() throws {
        var client: TalkingClient?
        try pair.bringUp {
            client = try TalkingClient(to: a.listener)
            try pair.start(a)
            for host in [a, b] { try host.waitForState("paired") }
        }
        let talking = try #require(client)
        let counter = try pair.waitForSecondary(b, toFollow: a)
        try talking.waitForReplies()
        try b.qemu.kill()
        try pair.expectAlone(a, from: counter)
        try pair.expectResume(a, with: b)
        try talking.waitForReplies()
        let (events, surprises) = try talking.stop()
        #expect(surprises == [])
        let ofQEMU: Set = [
            "STOP", "RESUME", "COLO_EXIT", "MIGRATION", "MIGRATION_PASS", "JOB_STATUS_CHANGE", "BLOCK_JOB_READY",
            "BLOCK_JOB_COMPLETED",
        ]
        #expect(events.subtracting(["RTC_CHANGE", "QUORUM_REPORT_BAD"]) == ofQEMU)
    }

    @Test func aRunbookThatThisQEMUDoesNotKnowIsRefused() throws {
        let (known, unknown) = ("'x-blockdev-change'", "'x-blockdev-chain'")
        a.settings?["runbooks"] = try COLORunbooks.changed("primary-start", known, to: unknown)
        for host in [a, b] { try host.startProxy() }
        try a.start(.primary)
        try b.start(.secondary)
        try a.proxy.process.waitForErrors(containing: "runbook primary-start is refused: ")
        try pair.start(a)
        let isRefused = Deadline().waits { (try? a.order("query-status"))?["state"]?.string == "failed" }
        #expect(isRefused)
        let recording = try COLORecording(of: a)
        #expect(recording.count(of: "human-monitor-command [redacted]") == 0)
    }

    @Test func whatCannotBeIsRefused() throws {
        for host in [a, b] { try host.startProxy() }
        try a.start(.primary)
        try b.start(.secondary)
        let isKnown = Deadline().waits { refusal(of: "abort").contains("The state is idle: nothing is under way") }
        #expect(isKnown)
        #expect(refusal(of: "failover").contains("the state is idle: there is nothing to fail over"))
        #expect(refusal(of: "checkpoint-delay").contains("Parameter 'milliseconds' expects a number"))
        #expect(refusal(of: "start", #"{"now": true}"#).contains("Parameter 'now' is unexpected"))
        let recording = try COLORecording(of: a)
        #expect(recording.states == [])
    }

    private func refusal(of command: String, _ arguments: String = "{}") -> String {
        do {
            return "\(try a.order(command, arguments))"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("arbiter: command", "fence: is missing: wanted is the program that fences the peer"),
        ("arbiter: luck", "found \"luck\""),
        ("heartbeat-misses: 1", "heartbeat-misses"),
        ("colour: red", "colour"),
        ("runbooks: RUNBOOKS", "primary-failover.qmp: line 2: unknown member 'esential'"),
    ])
    func wrongSettingsAreToldAtTheirPlace(_ line: String, _ told: String) throws {
        let bench = Workbench.current
        let runbooks = bench.path("runbooks")
        try FileManager.default.createDirectory(atPath: runbooks, withIntermediateDirectories: false)
        try "# A slip of the pen.\n{'execute': 'stop', 'esential': true}\n".write(
            toFile: "\(runbooks)/primary-failover.qmp",
            atomically: false,
            encoding: .utf8
        )
        let file = bench.path("wrong.yaml")
        try """
        monitors:
          - name: a
            qemu: unix:\(bench.path("q"))
            listen: ["unix:\(bench.path("l"))"]
            plugins:
              - colo:
                  peer-host: 127.0.0.2
                  \(line.replacing("RUNBOOKS", with: runbooks))
        """.write(toFile: file, atomically: false, encoding: .utf8)
        let (ending, _, errors) = try Proxy.run("serve", "--check-config", "--config", file)
        #expect(ending == .exited(64))
        #expect(errors.contains(told), "\(errors)")
    }
}
