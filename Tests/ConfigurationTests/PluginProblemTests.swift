import Testing

@testable import ProxyCommand

/// What is told of plugins that cannot be as they are said, each at its place.
@Suite(.timeLimit(.minutes(15)))
struct PluginProblemTests {
    private static let least = "monitors: [{name: a, qemu: unix:q, listen: [unix:l]}]"
    private static let plugins = "monitors[0].plugins"

    /// A list of plugins, each line's column 5 being the element's first.
    private static func plugins(_ lines: String, _ problems: String...) -> ConfigurationCase {
        .init(
            yaml: PluginConfigurationTests.file(lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")),
            problems: problems.map { "vm.yaml:\($0)" }
        )
    }

    private static func flags(_ flags: [String], _ problems: String...) -> ConfigurationCase {
        .init(yaml: least, flags: flags, problems: problems.map { "qmp-proxy: \($0)" })
    }

    private static let shapes: [ConfigurationCase] = [
        .init(
            yaml: "monitors: [{name: a, qemu: unix:q, listen: [unix:l], plugins: clock}]",
            problems: ["vm.yaml:1:63: \(plugins): found \"clock\": wanted is a list of plugins"]
        ),
        plugins("- no", "6:5: \(plugins)[0]: found the truth value no: \(wantsName)"),
        plugins("- ''", "6:5: \(plugins)[0]: found \"\": \(wantsName)"),
        plugins("- a.b", "6:5: \(plugins)[0]: found \"a.b\": \(wantsName)"),
        plugins("- 'exec:'", "6:5: \(plugins)[0]: found \"exec:\": \(wantsName)"),
        plugins("- exec:a:b: {command: c}", "6:5: \(plugins)[0]: found \"exec:a:b\": \(wantsName)"),
        plugins("- [exec]", "6:5: \(plugins)[0]: found a list: \(wantsName)"),
        plugins("- [a]: {}", "6:5: \(plugins)[0]: found a list: \(wantsName)"),
        plugins(
            "- guard:\n  mode: rules",
            "6:5: \(plugins)[0]: found a mapping of 2 keys: "
                + "wanted is a plugin's name, with its settings, if any, indented below it"
        ),
        plugins("- guard: rules", "6:12: \(plugins)[0].guard: found \"rules\": wanted is a mapping of settings"),
        plugins(
            "- guard: {mode: , rules: [~], policies: {[a]: b}}",
            "6:19: \(plugins)[0].guard.mode: found nothing: wanted is a text, a list or a mapping",
            "6:29: \(plugins)[0].guard.rules[0]: found nothing: wanted is a text, a list or a mapping",
            "6:44: \(plugins)[0].guard.policies: found a list: wanted is a key"
        ),
    ]

    private static let wantsName = "wanted is NAME or NAME:LABEL of letters, digits, - and _"

    private static let names: [ConfigurationCase] = [
        plugins(
            "- gard: {mode: rules}",
            "6:5: \(plugins)[0]: unknown plugin \"gard\": did you mean guard? wanted is one of clock, exec, guard"
        ),
        plugins("- other:x", "6:5: \(plugins)[0]: unknown plugin \"other\": wanted is one of clock, exec, guard"),
        plugins(
            "- exec: {command: c}\n- exec: {command: d}\n- exec:a: {command: d}",
            "7:5: \(plugins)[1]: \"exec\" is already \(plugins)[0]: wanted is another label, as in NAME:LABEL"
        ),
        plugins(
            "- clock\n- clock:b:\n",
            "7:5: \(plugins)[1]: clock answers commands, so that there can be only one: it is already \(plugins)[0]"
        ),
        flags(
            ["--plugin", "gard"],
            "--plugin gard: unknown plugin \"gard\": did you mean guard? wanted is one of clock, exec, guard"
        ),
        flags(
            ["--plugin", "clock", "--plugin", "clock"],
            "--plugin clock: \"clock\" is already --plugin clock: wanted is another label, as in NAME:LABEL"
        ),
        flags(
            ["--plugin", "clock", "--plugin", "clock:b"],
            "--plugin clock:b: clock answers commands, so that there can be only one: "
                + "it is already --plugin clock"
        ),
    ]

    private static let settings: [ConfigurationCase] = [
        plugins(
            "- guard:\n    mode: rule\n- exec:\n    timeout: 5\n",
            "7:13: \(plugins)[0].guard.mode: found \"rule\": wanted is read-only or rules",
            "9:16: \(plugins)[1].exec.timeout: found \"5\": wanted is a duration with its unit from 1ms to 1min"
        ),
        plugins(
            "- guard:\n    mode: rules\n    rules:\n    - deny: [a]\n    - deny: [b]\n      uid: root",
            "11:14: \(plugins)[0].guard.rules[1].uid: found \"root\": wanted is a whole number from 0 to 10"
        ),
        plugins(
            "- guard: {mode: rules, rules: [{deny: [a, {b: c}]}]}",
            "6:45: \(plugins)[0].guard.rules[0].deny[1]: found a mapping: wanted is a text"
        ),
        plugins("- guard", "6:5: \(plugins)[0].guard.mode: is missing: wanted is read-only or rules"),
        plugins("- guard: {mod: rules}", "6:18: \(plugins)[0].guard.mod: unknown key: did you mean mode?"),
        plugins("- exec", "6:5: \(plugins)[0]: neither token nor command is set"),
        flags(
            ["--plugin", "exec"],
            "--plugin exec: neither token nor command is set"
        ),
        flags(
            ["--plugin", "guard"],
            "--set guard.mode: is missing: wanted is read-only or rules"
        ),
        flags(
            ["--plugin", "guard", "--set", "guard.mode=x", "--plugin", "exec:a", "--set", "exec:a.command="],
            "--set guard.mode: found \"x\": wanted is read-only or rules",
            "--set exec:a.command: found \"\": wanted is a list of texts"
        ),
        flags(
            ["--plugin", "guard", "--set", "guard.mode=rules", "--set", "guard.rules=[{deny: a}, {uid: -1}]"],
            "--set guard.rules[1].uid: found \"-1\": wanted is a whole number from 0 to 10"
        ),
        flags(
            ["--plugin", "guard", "--set", "guard.mode=rules", "--set", "guard.policies.ops.mode=all"],
            "--set guard.policies.ops.mode: found \"all\": wanted is read-only or rules"
        ),
        flags(
            ["--plugin", "exec", "--set", "exec.token=hunter2"],
            "--set exec.token: a secret is not written here: wanted is {file: PATH} or {env: NAME}"
        ),
        flags(
            ["--plugin", "exec", "--set", "exec.token={env: QMP_PROXY_NOT_SET}"],
            "--set exec.token.env: the variable QMP_PROXY_NOT_SET is not set"
        ),
    ]

    private static let settingFlags: [ConfigurationCase] = [
        flags(
            ["--set", "guard.mode=rules"],
            "--set guard.mode: \(unnamed)wanted is --plugin guard, too"
        ),
        flags(
            [
                "--plugin", "exec:night", "--set", "exec:nite.command=c", "--set", "exec.command=c", "--set",
                "exec:night.command=c",
            ],
            "--set exec:nite.command: \(unnamed)did you mean exec:night?",
            "--set exec.command: \(unnamed)wanted is one of exec:night"
        ),
        flags(
            ["--set", "hunter2"],
            "--set: \(wantsFlag)"
        ),
        flags(
            ["--set", "guard=hunter2"],
            "--set guard: \(wantsFlag)"
        ),
        flags(
            ["--set", "guard..mode=hunter2"],
            "--set guard..mode: \(wantsFlag)"
        ),
        flags(
            ["--set", ".mode="],
            "--set .mode: \(wantsFlag)"
        ),
        flags(
            ["--plugin", "exec", "--set", "exec.command=[a", "--set", "exec.command=c"],
            "--set exec.command: is not YAML: while parsing a flow sequence, did not find expected ',' or ']'"
        ),
        flags(
            ["--plugin", "exec", "--set", "exec.command=[a, ~]", "--set", "exec.timeout={a: 1, a: 2}"],
            "--set exec.command[1]: found nothing: wanted is a text, a list or a mapping",
            "--set exec.timeout: key given more than once in this mapping: \"a\""
        ),
    ]

    private static let unnamed = "no plugin of that name is there: "
    private static let wantsFlag = "wanted is NAME.KEY=VALUE or NAME:LABEL.KEY=VALUE"

    private static let together: [ConfigurationCase] = [
        .init(
            yaml: PluginConfigurationTests.file("  - guard: {mode: rules, rules: 5}"),
            flags: ["--set", "guard.mode=x", "--set", "exec.command=c"],
            problems: [
                "qmp-proxy: --set exec.command: \(unnamed)wanted is one of guard",
                "qmp-proxy: --set guard.mode: found \"x\": wanted is read-only or rules",
            ]
        ),
        .init(
            yaml: PluginConfigurationTests.file("  - guard: {mode: rules, rules: 5}"),
            flags: ["--set", "guard.policies.ops=x"],
            problems: ["vm.yaml:6:33: \(plugins)[0].guard.rules: found \"5\": wanted is a list of mappings"]
        ),
        .init(
            yaml: PluginConfigurationTests.file("  - guard: {mode: rules, policies: none}"),
            flags: ["--set", "guard.policies.ops.mode=x"],
            problems: ["qmp-proxy: --set guard.policies.ops.mode: found \"x\": wanted is read-only or rules"]
        ),
    ]

    private static let policies: [ConfigurationCase] = [
        .init(
            yaml: """
                monitors:
                - name: a
                  qemu: unix:q
                  listen: [{address: unix:l, policy: ops}, {policy: '', address: unix:m}, {policy: x}]
                  plugins: [clock]
                """,
            problems: [
                "vm.yaml:4:38: monitors[0].listen[0].policy: no plugin knows \"ops\": \(wantsEnforcer)",
                "vm.yaml:4:53: monitors[0].listen[1].policy: found \"\": "
                    + "wanted is a policy's name of printable characters",
                "vm.yaml:4:75: monitors[0].listen[2]: address is missing: wanted is unix:PATH or tcp:HOST:PORT",
            ]
        ),
        .init(
            yaml: "monitors: [{name: a, qemu: unix:q, listen: [{address: unix:l, policy: x}], plugins: [guard]}]",
            flags: ["--plugin", "clock"],
            problems: [
                "vm.yaml:1:71: monitors[0].listen[0].policy: no plugin knows \"x\": \(wantsEnforcer)"
            ]
        ),
        guarded("lan", "no plugin knows \"lan\": did you mean lab?"),
        guarded("operators", "no plugin knows \"operators\": wanted is one of lab, read-only"),
        guarded("lab", nil),
        // What is wrong with the plugin is told, not what it would have known.
        .init(
            yaml: "monitors: [{name: a, qemu: unix:q, listen: [{address: unix:l, policy: x}], plugins: [guard]}]",
            problems: [
                "vm.yaml:1:86: monitors[0].plugins[0].guard.mode: is missing: wanted is read-only or rules"
            ]
        ),
    ]

    private static let wantsEnforcer = "wanted is one among plugins that enforces policies"

    /// A listener with a policy, in front of a guard that knows `lab`.
    private static func guarded(_ policy: String, _ problem: String?) -> ConfigurationCase {
        .init(
            yaml: """
                monitors:
                - name: a
                  qemu: unix:q
                  listen: [{address: unix:l, policy: \(policy)}]
                  plugins: [{guard: {mode: rules, policies: {lab: {}}}}]
                """,
            problems: problem.map { ["vm.yaml:4:38: monitors[0].listen[0].policy: \($0)"] } ?? []
        )
    }

    @Test func endWhereAliasesMakeTooManySettings() throws {
        let first = "- guard:\n    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        let aliases = (1...8).map { level in
            "    a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]"
        }
        let one = Self.plugins(first + aliases.joined(separator: "\n"))
        let place = "vm.yaml:7:43: \(Self.plugins)[0].guard.a3[7][8][8][9]"
        #expect(try one.told() == ["\(place): there are more than 10000 settings with this one"])
    }

    @Test(arguments: shapes + names + settings + settingFlags + together + policies)
    func areTold(one: ConfigurationCase) throws {
        #expect(try one.told() == one.problems)
    }
}
