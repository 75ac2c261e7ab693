import PluginKit
import QMP
import Testing

@testable import COLO

/// What is yanked, and how a step that has blocked the monitor is freed (COLO's NBD client with a frozen secondary).
@Suite(.timeLimit(.minutes(15)))
struct RunbookYankTests {
    private static let blockNode = ##"{"node-name": "#block300", "type": "block-node"}"##
    private static let migration = #"{"type": "migration"}"#

    @Test func yanksWhatIsListedAndAsked() throws {
        let bench = try bench("{'yank': [{'type': 'block-node'}, {'type': 'migration'}]}")
        #expect(
            bench.sent == [
                #"{"exec-oob": "query-yank"}"#,
                #"{"exec-oob": "yank", "arguments": {"instances": [\#(Self.blockNode), \#(Self.migration)]}}"#,
            ]
        )
        #expect(bench.end == .done)
    }

    @Test func yanksNothingWhereNothingIsLikeIt() throws {
        let bench = try bench("{'yank': [{'type': 'block-node', 'node-name': 'nbd0'}]}")
        #expect(bench.sent == [#"{"exec-oob": "query-yank"}"#])
        #expect(bench.end == .done)
    }

    @Test func neverYanksAMonitor() throws {
        let bench = try bench("{'yank': [{'type': 'chardev'}]}")
        let instances = #"[{"id": "mirror0", "type": "chardev"}]"#
        let sent = try JSONValue(parsing: Bytes(text: try #require(bench.sent.last)))
        #expect(sent["arguments"]?["instances"]?.written().text.contains("compat_monitor0") == false)
        #expect(try sent["arguments"]?["instances"]?.isLike(JSONValue(parsing: Bytes(text: instances))) == true)
    }

    @Test func listsWhileTheIntentIsBeingStoredAndYanksAfterwards() throws {
        var run = RunbookRun(try .of("{'yank': [{'type': 'migration'}], 'essential': true}"))
        guard case .execute(let query, let tag, _)? = run.begin().last else {
            throw ProtocolError(.generic, "no query")
        }
        #expect(query.name == "query-yank")
        let listed = try JSONValue(parsing: Bytes(text: "[\(Self.migration)]"))
        #expect(run.answered(tag, with: .answered(.success(listed))) == [])
        let stored = run.answered(Tag("runbook-intent", 1), with: .stored)
        guard case .execute(let yank, _, _)? = stored.first else { throw ProtocolError(.generic, "no yank") }
        #expect(yank.name == "yank" && stored.count == 1)
    }

    @Test func asksAgainWhenWhatWasListedIsGone() throws {
        let gone = Answer.failure(ProtocolError(.deviceNotFound, "Instance not found"))
        let bench = try bench("{'yank': [{'type': 'migration'}]}", faults: ["yank": [gone]])
        #expect(bench.sent.map { $0.contains("query-yank") } == [true, false, true, false])
        #expect(bench.notes == [])
    }

    @Test func goesOnWithoutAYankThatDoesNotSucceed() throws {
        let gone = Answer.failure(ProtocolError(.deviceNotFound, "Instance not found"))
        let bench = try bench("{'yank': [{'type': 'migration'}]}", faults: ["yank": [gone, gone, gone]])
        #expect(bench.notes == ["step 1, yank: yank: Instance not found"])
        #expect(bench.end == .done)
        let unknown = Answer.failure(ProtocolError(.commandNotFound, "The command query-yank has not been found"))
        let older = try self.bench("{'yank': [{'type': 'migration'}]}", faults: ["query-yank": [unknown]])
        #expect(older.notes == ["step 1, yank: yank: The command query-yank has not been found"])
        #expect(older.end == .done)
    }

    @Test func freesAStepThatIsBlockedOnceAndTakesItAgain() throws {
        var run = RunbookRun(try .of("{'execute': 'x-blockdev-change', 'limit': '500ms', 'done-if': 'no child'}"))
        _ = run.begin()
        let sent = run.answered(Tag("runbook-intent", 1), with: .stored)
        #expect(sent.commands == ["x-blockdev-change"])
        let blocked = run.answered(Tag("runbook-step", 2), with: .timedOut)
        #expect(blocked.first == .note("step 1, x-blockdev-change: no reply within 500ms; yank"))
        #expect(blocked.commands == ["query-yank"])
        let listed = try JSONValue(parsing: Bytes(text: "[\(Self.blockNode), \(Self.migration)]"))
        #expect(run.answered(Tag("runbook-step", 3), with: .answered(.success(listed))).commands == ["yank"])
        let again = run.answered(Tag("runbook-step", 4), with: .answered(.success(.object([]))))
        let command = Command("x-blockdev-change")
        #expect(again == [.execute(command, tag: Tag("runbook-step", 5), limit: .seconds(10))])
        var twice = run
        // It was executed when the yank had freed it, after its time.
        let already = Answer.failure(ProtocolError(.generic, "no child"))
        #expect(run.answered(Tag("runbook-step", 5), with: .answered(already)) == [.done])
        #expect(
            twice.answered(Tag("runbook-step", 5), with: .timedOut).failure
                == "no reply within 10s, even after a yank"
        )
    }

    @Test func doesNotYankItsOwnMigration() throws {
        var run = RunbookRun(try .of("{'execute': 'migrate', 'arguments': {'uri': 'tcp:a:1'}}"))
        _ = run.begin()
        _ = run.answered(Tag("runbook-intent", 1), with: .stored)
        _ = run.answered(Tag("runbook-step", 2), with: .answered(.success(.object([]))))
        let status = JSONValue.object([JSONValue.Member("status", .string("prelaunch"))])
        let sent = run.answered(Tag("runbook-step", 3), with: .answered(.success(status)))
        #expect(sent.commands == ["migrate"])
        #expect(run.answered(Tag("runbook-step", 4), with: .timedOut).commands == ["query-yank"])
        let listed = try JSONValue(parsing: Bytes(text: "[\(Self.migration)]"))
        // It may have been executed: QEMU is asked, and it is under way.
        let looking = run.answered(Tag("runbook-step", 5), with: .answered(.success(listed)))
        #expect(looking.commands == ["query-migrate"])
        let active = JSONValue.object([JSONValue.Member("status", .string("active"))])
        #expect(run.answered(Tag("runbook-step", 6), with: .answered(.success(active))) == [.done])
    }

    private func bench(_ text: String, faults: [String: [Answer]] = [:]) throws -> RunbookBench {
        let qemu = ModelQEMU(ModelQEMU.Facts())
        qemu.faults = faults
        let bench = RunbookBench(try .of(text), on: qemu)
        bench.play()
        return bench
    }
}

extension [RunbookAction] {
    /// The commands that are to be executed, by name.
    fileprivate var commands: [String] {
        compactMap { if case .execute(let command, _, _) = $0 { command.name } else { nil } }
    }
}
