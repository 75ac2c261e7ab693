import Testing

/// What is told of a file, whole: the place, the key's path, what was found and what is wanted.
@Suite(.timeLimit(.minutes(15)))
struct ConfigurationReaderProblemTests {
    private static let noDocument: [ConfigurationCase] = [
        .init(yaml: "", problems: ["vm.yaml:1:1: the file is empty: wanted is the key monitors"]),
        .init(yaml: "# only this\n", problems: ["vm.yaml:1:1: the file is empty: wanted is the key monitors"]),
        .init(yaml: "a: b: c", problems: ["vm.yaml:1:5: is not YAML: mapping values are not allowed in this context"]),
        .init(
            yaml: "monitors: [\n",
            problems: ["vm.yaml:2:1: is not YAML: while parsing a flow node, did not find expected node content"]
        ),
        .init(
            yaml: "monitors:\n\t- 1",
            problems: [
                "vm.yaml:2:1: is not YAML: while scanning for the next token, "
                    + "found character that cannot start any token"
            ]
        ),
        .init(yaml: "a: *b", problems: ["vm.yaml:1:4: is not YAML: found undefined alias"]),
        .init(
            yaml: "a: 1\n---\nb: 2",
            problems: [
                "vm.yaml:2:1: is not YAML: expected a single document in the stream, but found another document"
            ]
        ),
        .init(yaml: "a:\n  \"\u{1}\"", problems: ["vm.yaml:2:4: is not YAML: control characters are not allowed"]),
        .init(yaml: "a:\n  ä\u{FFFD}", problems: ["vm.yaml:2:4: is not UTF-8"]),
        .init(
            yaml: "monitors:\n- name: a\n  qemu: unix:a\n  name: b\n  qemu: unix:b",
            problems: ["vm.yaml:2:3: key given more than once in this mapping: \"name\", \"qemu\""]
        ),
    ]

    private static let shapes: [ConfigurationCase] = [
        .init(yaml: "---", problems: ["vm.yaml:2:1: found nothing: wanted is a mapping with the key monitors"]),
        .init(yaml: "[a]", problems: ["vm.yaml:1:1: found a list: wanted is a mapping with the key monitors"]),
        .init(yaml: "{}", problems: ["vm.yaml:1:1: monitors is missing: wanted is a list of monitors"]),
        .init(
            yaml: "monitor: []",
            problems: [
                "vm.yaml:1:1: monitor: unknown key: did you mean monitors?",
                "vm.yaml:1:1: monitors is missing: wanted is a list of monitors",
            ]
        ),
        .init(yaml: "monitors:", problems: ["vm.yaml:1:10: monitors: found nothing: wanted is a list of monitors"]),
        .init(
            yaml: "monitors: []",
            problems: ["vm.yaml:1:11: monitors: found an empty list: wanted is a list of monitors"]
        ),
        .init(
            yaml: "monitors: {name: a}",
            problems: ["vm.yaml:1:11: monitors: found a mapping: wanted is a list of monitors"]
        ),
        .init(
            yaml: "monitors: [unix:q]",
            problems: [
                "vm.yaml:1:12: monitors[0]: found \"unix:q\": wanted is a mapping with the keys name, qemu and listen"
            ]
        ),
        .init(
            yaml: "monitors: [{}]",
            problems: [
                "vm.yaml:1:12: monitors[0]: name is missing: wanted is a name for logs and recordings, such as vm0",
                "vm.yaml:1:12: monitors[0]: qemu or qemu-listen is missing: wanted is the address of QEMU's monitor, "
                    + "such as unix:/run/vm0/qemu.sock",
                "vm.yaml:1:12: monitors[0]: listen is missing: wanted is an address that clients connect to, "
                    + "such as unix:/run/vm0/qmp.sock",
            ]
        ),
    ]

    private static let listeners: [ConfigurationCase] = [
        listening(
            "unix:l",
            "vm.yaml:4:11: monitors[0].listen: found \"unix:l\": wanted is a list of addresses"
        ),
        listening("[]", "vm.yaml:4:11: monitors[0].listen: found an empty list: wanted is a list of addresses"),
        listening("", "vm.yaml:4:10: monitors[0].listen: found nothing: wanted is a list of addresses"),
        listening(
            "[unix:l, []]",
            "vm.yaml:4:20: monitors[0].listen[1]: found an empty list: wanted is unix:PATH or tcp:HOST:PORT"
        ),
        listening(
            "[on, 'tcp:h']",
            "vm.yaml:4:12: monitors[0].listen[0]: found the truth value on: wanted is unix:PATH or tcp:HOST:PORT",
            "vm.yaml:4:16: monitors[0].listen[1]: found \"tcp:h\": the port is missing; wanted is tcp:HOST:PORT"
        ),
        listening(
            "[{}]",
            "vm.yaml:4:12: monitors[0].listen[0]: address is missing: wanted is unix:PATH or tcp:HOST:PORT"
        ),
        listening(
            "[{address: 5, polity: read-only, rule: r}]",
            "vm.yaml:4:22: monitors[0].listen[0].address: found \"5\": wanted is unix:PATH or tcp:HOST:PORT",
            "vm.yaml:4:25: monitors[0].listen[0].polity: unknown key: did you mean policy?",
            "vm.yaml:4:44: monitors[0].listen[0].rule: unknown key: wanted is one of address, policy"
        ),
    ]

    private static func listening(_ value: String, _ problems: String...) -> ConfigurationCase {
        .init(yaml: "monitors:\n- name: a\n  qemu: unix:q\n  listen: \(value)", problems: problems)
    }

    private static let keys: [ConfigurationCase] = [
        key("max_clients", "did you mean max-clients?"),
        key("Record", "did you mean record?"),
        key("recording", "did you mean record?"),
        key("rekord", "did you mean record?"),
        key("plugin", "did you mean plugins?"),
        key("policy", wantsAny),
        key("set", wantsAny),
        key("rotate_size", "did you mean rotate-size?"),
        key("redaction", "did you mean redact?"),
        key("<<", wantsAny),
    ]

    private static let wantsAny =
        "wanted is one of name, qemu, qemu-listen, listen, record, sync, rotate-size, rotate-age, keep-segments, "
        + "keep-size, on-record-failure, redact, no-redaction, plugins, state, max-clients, keep-clients, socket-mode"

    private static func key(_ key: String, _ advice: String) -> ConfigurationCase {
        .init(
            yaml: "monitors:\n- name: a\n  qemu: unix:q\n  listen: [unix:l]\n  \(key): 1",
            problems: ["vm.yaml:5:3: monitors[0].\(key): unknown key: \(advice)"]
        )
    }

    private static let repetitions: [ConfigurationCase] = [
        .init(
            yaml: "monitors:\n- {name: a, qemu: unix:q, listen: [unix:q, unix:l, address: unix:l]}",
            problems: [
                "vm.yaml:2:36: monitors[0].listen[0]: \"unix:q\" is already monitors[0].qemu: wanted is another",
                "vm.yaml:2:61: monitors[0].listen[2].address: \"unix:l\" is already monitors[0].listen[1]: "
                    + "wanted is another",
            ]
        ),
        .init(
            yaml: """
                monitors:
                - {name: a, qemu: unix:q, listen: [unix:l], record: r}
                - {name: a, qemu-listen: unix:q, listen: [unix:l], record: r}
                """,
            problems: [
                "vm.yaml:3:10: monitors[1].name: \"a\" is already monitors[0].name: wanted is another",
                "vm.yaml:3:26: monitors[1].qemu-listen: \"unix:q\" is already monitors[0].qemu: wanted is another",
                "vm.yaml:3:43: monitors[1].listen[0]: \"unix:l\" is already monitors[0].listen[0]: wanted is another",
                "vm.yaml:3:60: monitors[1].record: \"r\" is already monitors[0].record: wanted is another",
            ]
        ),
        .init(
            yaml: "monitors:\n- {name: a, qemu: unix:q, qemu-listen: unix:p, listen: [unix:l]}",
            problems: ["vm.yaml:2:3: monitors[0]: qemu and qemu-listen exclude each other: wanted is one of them"]
        ),
    ]

    @Test(arguments: noDocument + shapes + listeners + keys + repetitions)
    func areTold(one: ConfigurationCase) throws {
        #expect(try one.told() == one.problems)
    }

    @Test func areToldAllAtOnceInTheFilesOrder() throws {
        let yaml = """
            monitors:
              - name: [vm0]
                qemu: unix:/run/a
                policy: []
                max-clients: many
                listen: [unix:/run/a]
              - listen:
                  - unix:/run/a
                socket-mode: 0688
            policy: 1
            """
        let problems = [
            "vm.yaml:2:11: monitors[0].name: found a list: wanted is a name of printable characters",
            "vm.yaml:4:5: monitors[0].policy: unknown key: \(Self.wantsAny)",
            "vm.yaml:5:18: monitors[0].max-clients: found \"many\": wanted is a whole number from 1",
            "vm.yaml:6:14: monitors[0].listen[0]: \"unix:/run/a\" is already monitors[0].qemu: wanted is another",
            "vm.yaml:7:5: monitors[1]: name is missing: wanted is a name for logs and recordings, such as vm0",
            "vm.yaml:7:5: monitors[1]: qemu or qemu-listen is missing: wanted is the address of QEMU's monitor, "
                + "such as unix:/run/vm0/qemu.sock",
            "vm.yaml:8:9: monitors[1].listen[0]: \"unix:/run/a\" is already monitors[0].qemu: wanted is another",
            "vm.yaml:9:18: monitors[1].socket-mode: found \"0688\": "
                + "wanted is an octal number up to 0777, such as 0600",
            "vm.yaml:10:1: policy: unknown key: wanted is monitors",
        ]
        #expect(try ConfigurationCase(yaml: yaml).told() == problems)
    }
}
