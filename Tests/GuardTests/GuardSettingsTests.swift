import PluginKit
import Testing

@testable import Guard

/// Settings that are wrong are named, and what is wanted.
@Suite(.timeLimit(.minutes(15)))
struct GuardSettingsTests {
    @Test(arguments: [
        ("{}", "mode: is missing: wanted is read-only, or rules"),
        ("{'mode': 'readonly'}", "mode: found \"readonly\": wanted is read-only or rules"),
        ("{'mod': 'rules'}", "mod: unknown key: did you mean mode?"),
        ("{'mode': 'rules'}", "default: is missing: wanted is allow or deny or read-only: for what no rule speaks of"),
        ("{'policies': {}}", "default: is missing: wanted is allow or deny or read-only: for what no rule speaks of"),
        ("{'rules': []}", "default: is missing: wanted is allow or deny or read-only: for what no rule speaks of"),
        ("{'default': 'accept'}", "default: found \"accept\": wanted is allow or deny or read-only"),
        (
            "{'mode': 'read-only', 'rules': []}",
            "rules: found a list: wanted is mode: rules with it; its default may be read-only"
        ),
        ("{'mode': 'read-only', 'dry-run': 'yes'}", "dry-run: found \"yes\": wanted is true or false"),
        ("{'default': 'deny', 'rules': {}}", "rules: found a mapping: wanted is a list of rules"),
        (
            "{'default': 'deny', 'policies': {'a': {}}}",
            "policies.a.mode: is missing: wanted is read-only, or rules"
        ),
        (
            "{'default': 'deny', 'policies': {'read-only': {'mode': 'read-only'}}}",
            "policies.read-only: is known already: wanted is another name"
        ),
        (
            "{'default': 'deny', 'policies': {'a': {'default': 'deny', 'dry-run': true}}}",
            "policies.a.dry-run: unknown key: wanted is one of mode, default, rules"
        ),
        (
            "{'default': 'deny', 'policies': {'a': {'default': 'deny', 'rules': [{'allow': 'x', 'policy': 'a'}]}}}",
            "policies.a.rules[0].policy: unknown key: wanted is one of "
                + "name, allow, deny, listener, uid, gid, address, arguments"
        ),
    ])
    func ofTheWhole(settings: String, error: String) throws {
        let invalid = #expect(throws: PluginSettings.Invalid.self) {
            try GuardPlugin(settings: try PluginSettings(json: settings))
        }
        #expect(invalid?.description == error)
    }

    @Test(arguments: [
        ("", "allow: is missing: wanted is this, or deny"),
        ("'allow': 'a', 'deny': 'b'", "deny: found \"b\": wanted is this, or allow"),
        ("'allow': []", "allow: found a list: wanted is names of commands, such as quit or block-*"),
        ("'allow': 'a', 'uid': 'root'", "uid: found \"root\": wanted is a number, or a range such as 1000-1999"),
        ("'allow': 'a', 'uid': [0, -1]", "uid[1]: found \"-1\": wanted is a number, or a range such as 1000-1999"),
        ("'allow': 'a', 'gid': '9-1'", "gid: found \"9-1\": wanted is a number, or a range such as 1000-1999"),
        ("'allow': 'a', 'gid': '+9'", "gid: found \"+9\": wanted is a number, or a range such as 1000-1999"),
        (
            "'allow': 'a', 'uid': 4294967296",
            "uid: found \"4294967296\": wanted is a number, or a range such as 1000-1999"
        ),
        ("'allow': 'a', 'address': 'localhost'", "address: found \"localhost\": wanted is \(Network.wanted)"),
        (
            "'allow': 'a', 'policy': 'lab'",
            "policy: found \"lab\": wanted is a listener's policy without rules of its own"
        ),
        (
            "'allow': 'a', 'policy': 'read-only'",
            "policy: found \"read-only\": wanted is a listener's policy without rules of its own"
        ),
        (
            "'allow': 'a', 'arguments': {}",
            "arguments: found a mapping: wanted is at least one name or pointer, with a pattern"
        ),
        (
            "'allow': 'a', 'arguments': {'x': ['a']}",
            "arguments.x: found a list: wanted is a pattern for the value's text"
        ),
        (
            "'allow': 'a', 'arguments': {'/x~': 'a'}",
            "arguments./x~: found \"a\": wanted is another key: \"/x~\" is no JSON pointer: ~ is written ~0, "
                + "and / in a name ~1"
        ),
        (
            "'deny': 'human-monitor-command', 'arguments': {'command-line': 'quit'}",
            "arguments: found a mapping: wanted is an allow rule: "
                + "a line for the human monitor can be spelt in many ways"
        ),
        ("'allow': 'a', 'nam': 'b'", "nam: unknown key: did you mean name?"),
    ])
    func ofARule(rule: String, error: String) throws {
        let invalid = #expect(throws: PluginSettings.Invalid.self) {
            let settings = "{'default': 'deny', 'policies': {'lab': {'mode': 'read-only'}}, 'rules': [{\(rule)}]}"
            _ = try GuardPlugin(settings: try PluginSettings(json: settings))
        }
        #expect(invalid?.description == "rules[0].\(error)")
    }
}
