import PluginKit
import QMP
import Testing

@testable import COLO

/// Runbooks as they are written: in QEMU's dialect, with variables and members that steer.
@Suite(.timeLimit(.minutes(15)))
struct RunbookTests {
    @Test func takesLinesOfTheDocumentsAsTheyStand() throws {
        let runbook = try Runbook.of(
            """
            {"execute":"qmp_capabilities"}
            {"execute": "human-monitor-command", "arguments":{"command-line": "drive_del replication0"}}
            {'execute': 'migrate-set-capabilities',
                'arguments': {'capabilities': [ {'capability': 'x-colo', 'state': true } ] } }
            { 'execute': 'stop' }{ "execute": "x-colo-lost-heartbeat" }
            """
        )
        #expect(
            runbook.dryRun == [
                #"{"execute": "human-monitor-command", "arguments": {"command-line": "drive_del replication0"}}"#,
                """
                {"execute": "migrate-set-capabilities", "arguments": \
                {"capabilities": [{"state": true, "capability": "x-colo"}]}}
                """,
                #"{"execute": "stop"}"#, #"{"execute": "x-colo-lost-heartbeat"}"#,
            ]
        )
        #expect(runbook.steps.map(\.line) == [2, 3, 5, 5])
    }

    @Test func passesOverCommentsEvenInsideAnEntry() throws {
        let runbook = try Runbook.of("# {\n\n  # one\n{'execute': 'object-del',\n# two: }\n'arguments': {'id': '#'}}\n")
        #expect(runbook.dryRun == [##"{"execute": "object-del", "arguments": {"id": "#"}}"##])
        #expect(runbook.steps.map(\.line) == [4])
    }

    @Test func tellsTheExactCommandsAndWhatHappensBetween() throws {
        #expect(
            try Runbook.shipped(.periodicPrimaryFailover).dryRun == [
                #"# require: {"execute": "query-colo-status"} returns {"mode": "primary"}"#,
                #"{"exec-oob": "query-yank"}"#,
                #"# yank: what is listed and like [{"type": "block-node"}, {"type": "migration"}]"#,
                #"{"execute": "x-blockdev-change", "arguments": {"parent": "colo-disk0", "child": "children.1"}}"#,
                #"{"execute": "human-monitor-command", "arguments": {"command-line": "drive_del replication0"}}"#,
                #"# unless: {"execute": "query-colo-status"} returns {"mode": "none"}"#,
                #"{"execute": "x-colo-lost-heartbeat"}"#,
                "# wait: RESUME {}",
            ]
        )
    }

    @Test(arguments: [
        ("$nbd-port", #""9999""#), ("$checkpoint-delay", "20000"),
        ("nbd://$peer-host:$nbd-port/$parent", #""nbd://127.0.0.2:9999/parent0""#),
        ("every $checkpoint-delay ms", #""every 20000 ms""#), ("$compare0-0", #""compare0-0""#), ("5$$", #""5$""#),
        ("$disk$disk", #""colo-disk0colo-disk0""#), ("$$disk", #""$disk""#),
    ])
    func fillsVariablesInWithTheirTypes(text: String, value: String) throws {
        let runbook = try Runbook.of("{'execute': 'x', 'arguments': {'a': [{'b': '\(text)'}]}}")
        #expect(runbook.dryRun == [#"{"execute": "x", "arguments": {"a": [{"b": \#(value)}]}}"#])
    }

    @Test func takesNamesFromTheSettings() throws {
        let variables = try RunbookVariables.usual([("comp0", "cmp"), ("disk", "vda"), ("checkpoint-delay", "500")])
        let value = try variables.filling(.array([.string("$comp0"), .string("$disk"), .string("$checkpoint-delay")]))
        #expect(value == .array([.string("cmp"), .string("vda"), .integer(500)]))
    }

    @Test(arguments: [
        ([], "peer-host: is missing: wanted is the peer's host, as QEMU reaches it"),
        (
            [("peer-host", "b"), ("checkpoint-delay", "2s")],
            "checkpoint-delay: found \"2s\": wanted is a whole number from 1 to 4294967295"
        ),
    ])
    func refusesWrongSettings(settings: [(String, String)], error: String) {
        let members = settings.map { PluginSettings.Member($0.0, .text($0.1)) }
        let invalid = #expect(throws: PluginSettings.Invalid.self) {
            try RunbookVariables(PluginSettings(members))
        }
        #expect(invalid?.description == error)
    }

    @Test(arguments: [
        (
            "\n{'execute': 'stop', 'esential': true}",
            "2: unknown member 'esential' of the step: did you mean essential?"
        ),
        ("{'execute': 'stop', 'essential': 'yes'}", "1: essential: wanted is true or false"),
        ("{'execute': '$dsk'}", "1: unknown variable $dsk: did you mean $disk?"),
        ("{'execute': 'a $ b'}", "1: unknown variable $: a dollar sign itself is written $$"),
        ("{'execute': 7}", "1: QMP input member 'execute' must be a string"),
        ("{'execute': 'stop', 'arguments': []}", "1: QMP input member 'arguments' must be an object"),
        ("{'arguments': {}}", "1: QMP input lacks member 'execute'"),
        ("{'execute': 'a', 'exec-oob': 'b'}", "1: QMP input member 'execute' clashes with 'exec-oob'"),
        ("{}", "1: the step does nothing: wanted is execute, exec-oob, yank, wait or require"),
        ("{'execute': 'stop', 'limit': 10}", "1: limit: wanted is a duration with its unit, at most 10min"),
        ("{'execute': 'stop', 'limit': '1h'}", "1: limit: wanted is a duration with its unit, at most 10min"),
        ("{'execute': 'stop', 'done-if': ['a', 1]}", "1: done-if: wanted is the text of an error, or a list of such"),
        ("{'execute': 'stop', 'done-if': []}", "1: done-if: wanted is the text of an error, or a list of such"),
        ("{'execute': 'stop', 'when': 'x'}", "1: when: wanted is an object"),
        (
            "{'execute': 'stop', 'when': {'execute': 'x'}}",
            "1: when: return is missing: wanted is what the answer must be like"
        ),
        ("{'wait': {'data': {}}}", "1: wait: event: wanted is an event's name"),
        ("{'wait': {'event': 'STOP', 'data': 1}}", "1: wait: data: wanted is an object"),
        (
            "{'wait': {'event': 'STOP', 'fail-if': {'envent': 'X'}}}",
            "1: unknown member 'envent' of fail-if: did you mean event?"
        ),
        ("{'yank': 'migration'}", "1: yank: wanted is a list of instances such as {'type': 'migration'}"),
        ("{'yank': [], 'execute': 'stop'}", "1: yank is a step of its own, without a command"),
        ("# a\n\n{'execute':\n'stop'\n", "3: the entry does not end: a bracket or a quote is not closed"),
        ("{'execute': 'stop'}\n}", "2: JSON parse error, expecting value"),
        ("{'execute': 'stop'}\n[1]", "2: QMP input must be a JSON object"),
        ("{'execute': 'stop',\n 'execute': 'stop'}", "2: JSON parse error, duplicate key"),
    ])
    func refusesWhatIsWrongWithFileAndLine(text: String, error: String) {
        let invalid = #expect(throws: Runbook.Invalid.self) { try Runbook.of(text) }
        #expect(invalid?.description == "test.qmp:\(error)")
    }

    @Test func refusesWhatHasNoMeasure() {
        let step = "{'execute': 'stop'}\n"
        let many = #expect(throws: Runbook.Invalid.self) { try Runbook.of(String(repeating: step, count: 201)) }
        #expect(many?.description == "test.qmp:1: more than 200 steps")
        let long = #expect(throws: Runbook.Invalid.self) { try Runbook.of(String(repeating: "\n", count: 1 << 19)) }
        #expect(long?.description == "test.qmp:1: longer than 256KiB")
    }

    @Test(arguments: [
        ("{'a': 1, 'b': 2}", "{'a': 1}", true), ("{'a': 1}", "{'a': 2}", false), ("{'a': 1}", "{'b': 1}", false),
        ("[{'id': 'x'}, {'id': 'y'}]", "[{'id': 'y'}]", true), ("[]", "[{'id': 'y'}]", false), ("[1]", "[]", true),
        ("'colo'", "'co*'", true), ("{'error': 'any'}", "{'error': '*'}", true), ("true", "true", true),
        ("1", "'1'", false), ("null", "{}", false),
    ])
    func comparesByLikeness(value: String, pattern: String, isLike: Bool) throws {
        let (value, pattern) = (Bytes(text: value), Bytes(text: pattern))
        #expect(try JSONValue(parsing: value).isLike(try JSONValue(parsing: pattern)) == isLike)
    }
}
