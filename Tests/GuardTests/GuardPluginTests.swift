import PluginKit
import QMP
import Testing

@testable import Guard

/// Whose commands go on, and what the others are told.
@Suite(.timeLimit(.minutes(15)))
struct GuardPluginTests {
    @Test(arguments: [
        ("query-status", "+ query-status"),
        ("qom-list", "+ qom-list"),
        ("__org.qmp-proxy_query-status", "+ __org.qmp-proxy_query-status"),
        ("__org.qmp-proxy_colo-query-status", "+ __org.qmp-proxy_colo-query-status"),
        ("__org.qmp-proxy_colo-failover", "The command __org.qmp-proxy_colo-failover is refused by guard: read-only"),
        ("__org.qmp-proxy_mark", "The command __org.qmp-proxy_mark is refused by guard: read-only"),
        ("stop", "The command stop is refused by guard: read-only"),
        ("query-unheard-of", "The command query-unheard-of is refused by guard: read-only"),
        ("query-rx-filter", "The command query-rx-filter is refused by guard: read-only"),
        (
            "human-monitor-command",
            "The command human-monitor-command is refused by guard: human-monitor-command is only allowed by a rule "
                + "with its name"
        ),
    ])
    func readOnlyAdmitsWhatOnlyReads(name: String, line: String) throws {
        var client = try GuardedClient("{'mode': 'read-only'}")
        #expect(client.asks(name) == line)
    }

    @Test func theFirstRuleThatMatchesDecides() throws {
        let settings = """
            {'default': 'allow',
             'rules': [{'allow': 'quit', 'uid': 0}, {'name': 'no-quit', 'deny': ['quit', 'system_*']}]}
            """
        var root = try GuardedClient(settings, peer: .local(pid: 1, uid: 0, gid: 0))
        #expect(root.asks("quit") == "+ quit")
        #expect(root.asks("system_reset") == "The command system_reset is refused by guard: no-quit")
        var other = try GuardedClient(settings)
        #expect(other.asks("quit") == "The command quit is refused by guard: no-quit")
        #expect(other.asks("stop") == "+ stop")
        var remote = try GuardedClient(settings, peer: .internet(host: "10.0.0.1", port: 1))
        #expect(remote.asks("quit") == "The command quit is refused by guard: no-quit")
    }

    @Test func knowsThePoliciesThatAreDeclaredOrThatRulesName() throws {
        let settings = """
            {'default': 'allow',
             'rules': [{'deny': 'quit', 'policy': ['starter', 'lab']}, {'deny': 'stop', 'policy': 'lab'}],
             'policies': {'snapshots': {'default': 'deny'}}}
            """
        let plugin = try GuardPlugin(settings: try PluginSettings(json: settings))
        #expect(plugin.policies == ["lab", "read-only", "snapshots", "starter"])
    }

    @Test func theListenersPolicyPicksTheRules() throws {
        let settings = """
            {'default': 'allow', 'rules': [{'allow': 'cont', 'policy': 'starter'}, {'deny': '*', 'policy': 'starter'}],
             'policies': {'snapshots': {'default': 'read-only',
                                        'rules': [{'allow': 'snapshot-save'}, {'deny': 'qom-get'}]}}}
            """
        func told(_ name: String, policy: String?) throws -> String {
            var client = try GuardedClient(settings, policy: policy)
            return client.asks(name)
        }
        #expect(try told("stop", policy: nil) == "+ stop")
        #expect(try told("cont", policy: "starter") == "+ cont")
        #expect(try told("stop", policy: "starter") == "The command stop is refused by guard: rule 2")
        #expect(try told("snapshot-save", policy: "snapshots") == "+ snapshot-save")
        #expect(try told("query-jobs", policy: "snapshots") == "+ query-jobs")
        #expect(
            try told("qom-get", policy: "snapshots") == "The command qom-get is refused by guard: rule 2 of snapshots"
        )
        #expect(try told("stop", policy: "snapshots") == "The command stop is refused by guard: default of snapshots")
        #expect(try told("stop", policy: "read-only") == "The command stop is refused by guard: read-only")
        #expect(
            try told("query-status", policy: "raed-only")
                == "The command query-status is refused by guard: the listener's policy raed-only is not known"
        )
    }

    @Test(arguments: [
        ("{'execute': 'query-jobs'}", "+ query-jobs"),
        (
            "{'execute': 'snapshot-save', 'arguments': {'tag': 'nightly-1', 'devices': ['disk0', 'disk1']}}",
            "+ snapshot-save"
        ),
        ("{'execute': 'snapshot-save', 'arguments': {'tag': 'nightly-1', 'devices': ['disk0', 'cd']}}", nil),
        ("{'execute': 'snapshot-save', 'arguments': {'tag': 'nightly-1', 'devices': []}}", nil),
        ("{'execute': 'snapshot-save', 'arguments': {'tag': 'weekly-1', 'devices': ['disk0']}}", nil),
        ("{'execute': 'snapshot-save'}", nil),
        ("{'execute': 'snapshot-delete', 'arguments': {'tag': 'nightly-1', 'devices': ['disk0']}}", nil),
    ])
    func aToolMayOnlyTakeSnapshots(text: String, line: String?) throws {
        let settings = """
            {'default': 'allow', 'policies': {'snapshots': {'default': 'deny', 'rules': [
                {'allow': ['query-jobs', 'query-named-block-nodes']},
                {'allow': 'snapshot-save', 'arguments': {'tag': 'nightly-*', '/devices/*': 'disk?'}},
                {'allow': 'job-dismiss'}]}}}
            """
        var client = try GuardedClient(settings, policy: "snapshots")
        let name = text.contains("delete") ? "snapshot-delete" : "snapshot-save"
        #expect(client.says(text) == [line ?? "The command \(name) is refused by guard: default of snapshots"])
    }

    @Test func aDryRunMarksWhatItWouldRefuse() throws {
        var client = try GuardedClient("{'mode': 'read-only', 'dry-run': true}")
        #expect(
            client.says("{'execute': 'query-status'} {'execute': 'quit'} {'execute': 1}") == [
                "+ query-status", "+ quit", "+ wrong envelope",
            ]
        )
        #expect(
            client.marks == [
                "The command quit would be refused: read-only",
                "The command would be refused: its envelope is wrong",
            ]
        )
    }

    @Test func aDryRunIsWarnedOfAtTheStart() throws {
        var plugin = try GuardPlugin(settings: try PluginSettings(json: "{'mode': 'read-only', 'dry-run': true}"))
        var context = PluginContext(plugin: "guard", monitor: "vm0", version: "0", now: .zero)
        plugin.started(restored: nil, &context)
        #expect(context.effects == [.log(.warning, "dry run: what would be refused is marked and goes on")])
    }

    @Test func tellsOperatorsWhatItRefused() throws {
        var client = try GuardedClient(
            "{'default': 'deny', 'rules': [{'allow': 'stop'}, {'name': 'no-quit', 'deny': 'quit'}], 'policies': {}}"
        )
        _ = client.says("{'execute': 'stop'} {'execute': 'quit'} {'execute': 'quit'} {'execute': 'cont'}")
        let state = try JSONValue(
            parsing: Bytes(
                text: """
                    {"mode": "rules", "policies": ["read-only"], "rules": 2, "dry-run": false,
                     "refused": {"default": 1, "no-quit": 2}}
                    """
            )
        )
        #expect(client.plugin.state == state)
    }

    @Test func whereNothingIsDeniedEverythingGoesOn() throws {
        var client = try GuardedClient("{'default': 'allow', 'rules': [{'allow': 'stop'}]}")
        #expect(
            client.says("{'execute': 'human-monitor-command'} {'execute': 1} {'execute': 'quit'}") == [
                "+ human-monitor-command", "+ wrong envelope", "+ quit",
            ]
        )
    }
}
