import PluginKit
import QMP
import Testing

@testable import COLO

/// How a run takes a step: what it asks, sends, stores and waits for, in which order, and what it passes over.
@Suite(.timeLimit(.minutes(15)))
struct RunbookRunTests {
    private func command(_ name: StaticString, isOutOfBand: Bool = false) -> Command {
        Command(name, isOutOfBand: isOutOfBand)
    }

    private func progress(_ step: Int, _ steps: Int, _ title: String) -> RunbookAction {
        .progress(RunbookProgress(step: step, steps: steps, title: title))
    }

    @Test func storesTheIntentBeforeAnEssentialStepAndWaitsUntilItIsDurable() throws {
        let runbook = try Runbook.of("{'execute': 'a'}\n{'execute': 'b', 'essential': true}")
        var run = RunbookRun(runbook)
        let first = RunbookIntent(runbook, index: 0).value
        #expect(run.begin() == [.store(intent: first, tag: Tag("runbook-intent", 1)), progress(1, 2, "a")])
        let stored = run.answered(Tag("runbook-intent", 1), with: .stored)
        #expect(stored == [.execute(command("a"), tag: Tag("runbook-step", 2), limit: .seconds(10))])
        let second = RunbookIntent(runbook, index: 1).value
        let answered = run.answered(Tag("runbook-step", 2), with: .answered(.success(.object([]))))
        #expect(answered == [progress(2, 2, "b"), .store(intent: second, tag: Tag("runbook-intent", 3))])
        let sent = run.answered(Tag("runbook-intent", 3), with: .stored)
        #expect(sent == [.execute(command("b"), tag: Tag("runbook-step", 4), limit: .seconds(10))])
        #expect(run.answered(Tag("runbook-step", 4), with: .answered(.success(.object([])))) == [.done])
        #expect(run.hasEnded)
    }

    @Test func asksWhatIsRequiredWhileTheIntentIsBeingStored() throws {
        let require = "{'require': {'execute': 'query-status', 'return': {}}}"
        let runbook = try Runbook.of("\(require)\n{'execute': 'a', 'essential': true}")
        var run = RunbookRun(runbook)
        let intent = RunbookIntent(runbook, index: 1).value
        #expect(
            run.begin() == [
                .store(intent: intent, tag: Tag("runbook-intent", 1)), progress(1, 2, "query-status"),
                .execute(command("query-status"), tag: Tag("runbook-step", 2), limit: .seconds(10)),
            ]
        )
        let asked = run.answered(Tag("runbook-step", 2), with: .answered(.success(.object([]))))
        #expect(asked == [progress(2, 2, "a")])
        let stored = run.answered(Tag("runbook-intent", 1), with: .stored)
        #expect(stored == [.execute(command("a"), tag: Tag("runbook-step", 3), limit: .seconds(10))])
    }

    @Test func goesOnWhenAnIntentCannotBeStoredAndSaysSo() throws {
        var run = RunbookRun(try .of("{'execute': 'a'}"))
        _ = run.begin()
        let actions = run.answered(Tag("runbook-intent", 1), with: .notStored(reason: "no --state"))
        #expect(
            actions == [
                .note("the intent of step 1 is not stored: no --state"),
                .execute(command("a"), tag: Tag("runbook-step", 2), limit: .seconds(10)),
            ]
        )
    }

    @Test func passesOverWhatItDoesNotWaitFor() throws {
        var run = RunbookRun(try .of("{'execute': 'a', 'wait': {'event': 'E'}}"), after: 7)
        _ = run.begin()
        let before = run
        #expect(run.answered(Tag("runbook-step", 2), with: .timedOut) == [])
        #expect(run.timerFired(Tag("runbook-limit", 3)) == [])
        #expect(run.event(MonitorEvent("E")) == [])
        #expect(run == before)
        _ = run.answered(Tag("runbook-intent", 8), with: .stored)
        #expect(run.lastNumber == 9)
    }

    @Test func takesAnEventThatComesBeforeTheReply() throws {
        var run = try started("{'execute': 'a', 'wait': {'event': 'E', 'data': {'id': 'x'}}}")
        #expect(run.event(MonitorEvent("E", "{'id': 'y'}")) == [])
        #expect(run.event(MonitorEvent("E", "{'id': 'x'}")) == [])
        #expect(run.answered(Tag("runbook-step", 2), with: .answered(.success(.object([])))) == [.done])
    }

    @Test func asksNowAndThenForWhatItWaitsFor() throws {
        let wait = "{'event': 'E', 'limit': '5s', 'query': {'execute': 'q', 'return': [{'ready': true}]}}"
        var run = try started("{'execute': 'a', 'wait': \(wait)}")
        let waiting = run.answered(Tag("runbook-step", 2), with: .answered(.success(.object([]))))
        let (limit, poll) = (Tag("runbook-limit", 3), Tag("runbook-poll", 3))
        #expect(waiting == [.setTimer(limit, after: .seconds(5)), .setTimer(poll, after: .seconds(1))])
        let asked = run.timerFired(poll)
        #expect(asked == [.execute(command("q"), tag: Tag("runbook-step", 4), limit: .seconds(10))])
        let underWay = try JSONValue(parsing: Bytes(text: "[{'ready': false, 'offset': 3, 'len': 9}]"))
        let work = RunbookProgress.Work(offset: 3, length: 9)
        #expect(
            run.answered(Tag("runbook-step", 4), with: .answered(.success(underWay))) == [
                .progress(RunbookProgress(step: 1, steps: 1, title: "a", work: work)),
                .setTimer(poll, after: .seconds(1)),
            ]
        )
        _ = run.timerFired(poll)
        #expect(run.answered(Tag("runbook-step", 5), with: .timedOut) == [.setTimer(poll, after: .seconds(1))])
        _ = run.timerFired(poll)
        let ready = try JSONValue(parsing: Bytes(text: "[{'ready': true}]"))
        let done = run.answered(Tag("runbook-step", 6), with: .answered(.success(ready)))
        #expect(done == [.cancelTimer(limit), .cancelTimer(poll), .done])
    }

    @Test func failsWhenTheEventDoesNotComeInTime() throws {
        var run = try started("{'execute': 'a', 'wait': {'event': 'E', 'limit': '5s'}}")
        _ = run.answered(Tag("runbook-step", 2), with: .answered(.success(.object([]))))
        #expect(run.timerFired(Tag("runbook-limit", 3)).failure == "E has not come within 5s")
        #expect(run.hasEnded)
    }

    @Test func failsWhenAnEventSaysThatItWillNotCome() throws {
        let wait = "{'event': 'E', 'fail-if': {'event': 'F', 'data': {'error': '*'}}}"
        var run = try started("{'execute': 'a', 'wait': \(wait)}")
        #expect(run.event(MonitorEvent("F")) == [])
        #expect(run.event(MonitorEvent("F", "{'error': 'no'}")).failure == #"F {"error": "no"}"#)
    }

    @Test func failsWithQEMUWhereverItIs() throws {
        var run = try started("{'execute': 'a', 'essential': false}\n{'execute': 'b'}")
        #expect(run.answered(Tag("runbook-step", 2), with: .monitorLost).failure == "the connection to QEMU was lost")
        #expect(run.monitorLost() == [])
        var waiting = try started("{'execute': 'a', 'wait': {'event': 'E'}}")
        _ = waiting.answered(Tag("runbook-step", 2), with: .answered(.success(.object([]))))
        let (limit, poll) = (Tag("runbook-limit", 3), Tag("runbook-poll", 3))
        let lost = waiting.monitorLost()
        #expect(lost.prefix(2) == [.cancelTimer(limit), .cancelTimer(poll)])
        #expect(lost.failure == "the connection to QEMU was lost")
    }

    @Test func endsWhenItIsAbortedOrRefused() throws {
        var aborted = try started("{'execute': 'a'}")
        #expect(aborted.abort("by an operator").failure == "by an operator")
        #expect(aborted.answered(Tag("runbook-step", 2), with: .answered(.success(.object([])))) == [])
        var refused = try started("{'execute': 'a'}")
        let actions = refused.answered(Tag("runbook-step", 2), with: .refused(reason: "not connected"))
        #expect(actions.failure == "the command is refused: not connected")
    }

    @Test func isDoneAtOnceWithoutSteps() throws {
        var run = RunbookRun(try .of("# nothing\n"))
        #expect(run.begin() == [.done])
    }

    /// A run whose first step was stored and sent, as number 2.
    private func started(_ text: String) throws -> RunbookRun {
        var run = RunbookRun(try .of(text))
        _ = run.begin()
        _ = run.answered(Tag("runbook-intent", 1), with: .stored)
        return run
    }
}

extension [RunbookAction] {
    /// Why the run has failed, if the last action says so.
    var failure: String? {
        if case .failed(let failure)? = last { failure.reason } else { nil }
    }
}
