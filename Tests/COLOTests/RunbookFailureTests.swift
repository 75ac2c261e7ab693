import PluginKit
import QMP
import Testing

@testable import COLO

/// What a runbook does when QEMU does not do what it wants, in QEMU's own words.
@Suite(.timeLimit(.minutes(15)))
struct RunbookFailureTests {
    private func error(_ text: String) -> Answer {
        .failure(ProtocolError(.generic, text))
    }

    private func bench(
        _ shipped: Runbook.Shipped,
        faults: [String: [Answer]] = [:],
        change: (inout ModelQEMU.Facts) -> Void = { _ in }
    ) throws -> RunbookBench {
        var facts = ModelQEMU.Facts.before(shipped)
        change(&facts)
        let qemu = ModelQEMU(facts)
        qemu.faults = faults
        let bench = RunbookBench(try .shipped(shipped), on: qemu)
        bench.play()
        return bench
    }

    @Test(arguments: [Runbook.Shipped.primaryFailover, .secondaryFailover])
    func doesNothingWhenQEMUIsNotInCOLO(shipped: Runbook.Shipped) throws {
        let bench = try bench(shipped) { $0.mode = "none" }
        let wanted = shipped == .primaryFailover ? "primary" : "secondary"
        let found = #"{"last-mode": "none", "mode": "none"}"#
        #expect(bench.reason == "query-colo-status says \(found): wanted is {\"mode\": \"\(wanted)\"}")
        #expect(bench.qemu.executed == [])
    }

    @Test(arguments: [Runbook.Shipped.primaryStart, .primaryResume, .secondaryResume])
    func doesNothingWhenQEMUIsInCOLO(shipped: Runbook.Shipped) throws {
        let bench = try bench(shipped) {
            ($0.mode, $0.lastMode, $0.migration) = ("primary", "none", "colo")
        }
        let found = #"{"last-mode": "none", "mode": "primary"}"#
        #expect(bench.reason == "query-colo-status says \(found): wanted is {\"mode\": \"none\"}")
        #expect(bench.qemu.executed == [])
    }

    @Test func failsOverWhenTheChildIsGoneAlready() throws {
        let bench = try bench(.primaryFailover) { ($0.children, $0.nodes, $0.objects) = ([], [], ["m0"]) }
        #expect(bench.end == .done)
        #expect(bench.notes == [])
        #expect(bench.qemu.facts.mode == "none")
    }

    @Test func notesWhatIsLeftBehindAndFailsOver() throws {
        let faults = [
            "human-monitor-command": [Answer.success(.string("Node 'replication0' is busy: in use\r\n"))],
            "object-del": [error("object 'comp0' is in use, can not be deleted")],
        ]
        let bench = try bench(.primaryFailover, faults: faults)
        #expect(bench.end == .done)
        #expect(
            bench.notes == [
                """
                step 4, human-monitor-command (primary-failover.qmp:13): Node 'replication0' is busy: in use; \
                the run goes on
                """,
                """
                step 5, object-del (primary-failover.qmp:15): object 'comp0' is in use, can not be deleted; \
                the run goes on
                """,
            ]
        )
    }

    @Test func addsNoClientWhereAPortIsInUse() throws {
        let text = "Failed to add chardev 'mirror0': Failed to find an available port: Address already in use"
        let bench = try bench(.secondaryFailover, faults: ["chardev-add": [error(text)]])
        #expect(bench.reason == text)
        #expect(bench.qemu.facts.mode == "none")
        #expect(bench.qemu.facts.chardevs == [])
    }

    @Test(arguments: [Runbook.Shipped.primaryStart, .periodicPrimaryStart])
    func readsTheHumanMonitorsText(shipped: Runbook.Shipped) throws {
        let refused = Answer.success(.string("Failed to connect to '127.0.0.2:9999': Connection refused\r\n"))
        let bench = try bench(shipped, faults: ["human-monitor-command": [refused]])
        #expect(bench.reason == "Failed to connect to '127.0.0.2:9999': Connection refused")
        #expect(bench.qemu.executed == [])
    }

    @Test func asksForTheJobWhenItsEventIsMissing() throws {
        let qemu = ModelQEMU(.before(.primaryResume))
        qemu.missing = ["BLOCK_JOB_READY"]
        let bench = RunbookBench(try .shipped(.primaryResume), on: qemu)
        bench.play()
        #expect(bench.end == .done)
        #expect(qemu.executed.filter { $0 == "migrate" }.count == 1)
    }

    @Test func doesNotPairWhenTheJobsEndIsMissing() throws {
        let qemu = ModelQEMU(.before(.primaryResume))
        qemu.missing = ["BLOCK_JOB_COMPLETED"]
        let bench = RunbookBench(try .shipped(.primaryResume), on: qemu)
        bench.play()
        #expect(bench.reason == "BLOCK_JOB_COMPLETED has not come within 1min")
        #expect(qemu.facts.nodes == [])
    }

    @Test func doesNotPairWhenTheJobIsGoneAtItsEnd() throws {
        let gone = Answer.failure(ProtocolError(.deviceNotActive, "Block job 'resync' not found"))
        let bench = try bench(.secondaryResume, faults: ["block-job-cancel": [gone]])
        #expect(bench.reason == "Block job 'resync' not found")
        #expect(bench.qemu.executed == ["drive-mirror", "stop"])
    }

    @Test func doesNotStartAMigrationBesideAnother() throws {
        let bench = try bench(.primaryStart) { $0.migration = "active" }
        #expect(bench.reason == "a migration is under way already, its status is active")
        #expect(bench.qemu.executed.contains("migrate") == false)
    }

    @Test func migratesAgainAfterOneThatFailedBefore() throws {
        let bench = try bench(.primaryStart) { $0.migration = "failed" }
        #expect(bench.end == .done)
    }

    @Test func tellsWhereItFailed() throws {
        let bench = try bench(
            .primaryFailover,
            faults: ["x-blockdev-change": [error("Cannot find device='colo-disk0'")]]
        )
        guard case .failed(let failure)? = bench.end else {
            Issue.record("the run has not failed")
            return
        }
        let text = "step 3, x-blockdev-change (primary-failover.qmp:11): Cannot find device='colo-disk0'"
        #expect(failure.description == text)
    }
}
