import PluginKit
import QMP
import Testing

@testable import COLO

/// A proxy that dies anywhere in a runbook: the one after it looks, and goes on to the same end.
@Suite(.timeLimit(.minutes(15)))
struct RunbookRestartTests {
    @Test(arguments: Runbook.Shipped.allCases)
    func goesOnWhereverTheProxyDied(shipped: Runbook.Shipped) throws {
        let runbook = try Runbook.shipped(shipped)
        let whole = RunbookBench(runbook, on: ModelQEMU(.before(shipped)))
        whole.play()
        #expect(whole.end == .done)
        let expected = whole.qemu.facts
        for action in 0..<whole.actions {
            for isAfterEffect in [false, true] {
                let qemu = ModelQEMU(.before(shipped))
                let death = RunbookBench.Death(action: action, isAfterEffect: isAfterEffect)
                let first = RunbookBench(runbook, on: qemu, death: death)
                first.play()
                #expect(first.end == nil)
                if first.stored == nil { #expect(qemu.executed == [], "nothing was done before an intent is stored") }
                let second = RunbookBench(runbook, on: qemu)
                second.play(from: first.stored)
                let place = "action \(action), \(isAfterEffect ? "after" : "before") its effect"
                #expect(second.end == .done, "\(place)")
                #expect(qemu.facts == expected, "\(place)")
                let migrations = whole.qemu.executed.filter { $0 == "migrate" }.count
                #expect(qemu.executed.filter { $0 == "migrate" }.count == migrations, "\(place)")
            }
        }
    }

    @Test func doesNotMigrateAgainWhenItIsUnderWay() throws {
        let runbook = try Runbook.shipped(.primaryStart)
        let qemu = ModelQEMU(.before(.primaryStart))
        qemu.facts.migration = "active"
        let bench = RunbookBench(runbook, on: qemu)
        bench.play(from: RunbookIntent(runbook, index: runbook.steps.count - 1).value)
        #expect(qemu.executed == [])
        #expect(bench.reason == "MIGRATION has not come within 10min")
    }

    @Test(arguments: [
        ("failed", "prelaunch", "the migration has failed: no reason is told"),
        ("completed", "postmigrate", "query-status says postmigrate: migrate is not sent"),
    ])
    func doesNotMigrateAgainWhenItHasFailed(migration: String, runState: String, reason: String) throws {
        let runbook = try Runbook.shipped(.primaryStart)
        let qemu = ModelQEMU(.before(.primaryStart))
        (qemu.facts.migration, qemu.facts.runState) = (migration, runState)
        let bench = RunbookBench(runbook, on: qemu)
        bench.play(from: RunbookIntent(runbook, index: runbook.steps.count - 1).value)
        #expect(qemu.executed == [])
        #expect(bench.reason == reason)
    }

    @Test func mirrorsAgainWhenTheJobIsGone() throws {
        let runbook = try Runbook.shipped(.primaryResume)
        let qemu = ModelQEMU(.before(.primaryResume))
        let bench = RunbookBench(runbook, on: qemu)
        bench.play(from: RunbookIntent(runbook, index: 1).value)
        #expect(qemu.executed.first == "drive-mirror")
        #expect(bench.end == .done)
    }

    @Test(arguments: [
        #"{"runbook": "primary-start", "step": 99, "steps": 9, "title": "migrate"}"#,
        #"{"runbook": "primary-start", "step": 1, "steps": 9, "title": "stop"}"#,
        #"{"runbook": "other", "step": 1, "steps": 1, "title": "stop"}"#, "{}", "null",
    ])
    func doesNothingForAnIntentOfAnotherRunbook(stored: String) throws {
        let bench = RunbookBench(try Runbook.shipped(.primaryStart), on: ModelQEMU(.before(.primaryStart)))
        bench.play(from: try JSONValue(parsing: Bytes(text: stored)))
        #expect(bench.sent == [])
        #expect(bench.reason == "the runbook is not the one that was under way: nothing is done, a person has to look")
    }
}

extension RunbookBench {
    /// Why the run has failed.
    var reason: String? {
        if case .failed(let failure)? = end { failure.reason } else { nil }
    }
}
