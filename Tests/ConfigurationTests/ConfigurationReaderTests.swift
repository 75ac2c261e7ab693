import Libevent
import ProxyIO
import Testing

@testable import ProxyCommand

/// The file alone: what it may say, and what is told when it says something else.
@Suite(.timeLimit(.minutes(15)))
struct ConfigurationReaderTests {
    @Test func readsEveryKey() throws {
        let yaml = """
            # Two monitors.
            monitors:
              - name: vm0
                qemu: unix:/run/vm0/qemu.sock
                listen:
                  - unix:/run/vm0/qmp.sock
                  - address: tcp:10.0.0.1:7700
                record: vm0.qmprec
                max-clients: 2
                keep-clients: true
                socket-mode: 0660
              - {name: vm1, qemu-listen: "tcp:[::1]:4444", listen: [unix:qmp.sock]}
            """
        let expected = [
            MonitorConfiguration(
                name: "vm0",
                monitor: .connect(.unix(path: "/run/vm0/qemu.sock")),
                listeners: [.unix(path: "/run/vm0/qmp.sock"), .tcp(host: "10.0.0.1", port: 7700)],
                socketMode: 0o660,
                recording: RecordingOptions(path: "vm0.qmprec"),
                clientsMax: 2,
                keepsClients: true
            ),
            MonitorConfiguration(
                name: "vm1",
                monitor: .listen(.tcp(host: "::1", port: 4444)),
                listeners: [.unix(path: "qmp.sock")]
            ),
        ]
        #expect(try ConfigurationCase(yaml: yaml).monitors() == expected)
    }

    /// Members of a monitor that is fine without them.
    private static func monitor(_ members: String) -> String {
        "monitors:\n- name: a\n  qemu: unix:q\n  listen: [unix:l]\n  \(members)"
    }

    @Test(arguments: [
        ("600", 0o600), ("0600", 0o600), ("00600", 0o600), ("\"0600\"", 0o600), ("0", 0), ("0777", 0o777), ("7", 7),
    ])
    func readsModesAsChmodDoes(text: String, mode: UInt32) throws {
        let monitors = try ConfigurationCase(yaml: Self.monitor("socket-mode: \(text)")).monitors()
        #expect(monitors.map(\.socketMode) == [mode])
    }

    @Test(arguments: ["0o600", "0x180", "+600", "-600", "888", "01000", "rw", "6.0", "\"\"", "٦٠٠"])
    func refusesOtherModes(text: String) throws {
        let found = text == "\"\"" ? "" : text
        let problem = "found \"\(found)\": wanted is an octal number up to 0777, such as 0600"
        #expect(
            try ConfigurationCase(yaml: Self.monitor("socket-mode: \(text)")).told()
                == ["vm.yaml:5:16: monitors[0].socket-mode: \(problem)"]
        )
    }

    @Test(arguments: [("1", 1), ("010", 10), ("\"1024\"", 1024)])
    func readsNumbersOfClients(text: String, count: Int) throws {
        let monitors = try ConfigurationCase(yaml: Self.monitor("max-clients: \(text)")).monitors()
        #expect(monitors.map(\.clientsMax) == [count])
    }

    @Test(arguments: ["0", "-1", "+1", "1.5", "1e3", "0x10", "many", "99999999999999999999"])
    func refusesOtherNumbersOfClients(text: String) throws {
        let problem = "found \"\(text)\": wanted is a whole number from 1"
        #expect(
            try ConfigurationCase(yaml: Self.monitor("max-clients: \(text)")).told()
                == ["vm.yaml:5:16: monitors[0].max-clients: \(problem)"]
        )
    }

    @Test(arguments: [("true", true), ("false", false), ("yes", true), ("off", false), ("\"true\"", true)])
    func readsTruthValues(text: String, value: Bool) throws {
        #expect(
            try ConfigurationCase(yaml: Self.monitor("keep-clients: \(text)")).monitors().map(\.keepsClients) == [value]
        )
    }

    @Test(arguments: [("1", "\"1\""), ("~", "nothing"), ("[]", "an empty list"), ("always", "\"always\"")])
    func refusesOtherTruthValues(text: String, found: String) throws {
        #expect(
            try ConfigurationCase(yaml: Self.monitor("keep-clients: \(text)")).told()
                == ["vm.yaml:5:17: monitors[0].keep-clients: found \(found): wanted is true or false"]
        )
    }

    @Test(arguments: [("101", "101"), ("\"no\"", "no"), ("'~'", "~"), ("vm ä", "vm ä"), ("2026-11-21", "2026-11-21")])
    func takesTextForTextWhateverYAMLSeesInIt(text: String, name: String) throws {
        let yaml = "monitors: [{name: \(text), qemu: unix:q, listen: [unix:l]}]"
        #expect(try ConfigurationCase(yaml: yaml).monitors().map(\.name) == [name])
    }

    @Test(arguments: [
        ("no", "the truth value no"), ("~", "nothing"), ("null", "nothing"), ("\"\"", "\"\""), ("[r]", "a list"),
        ("{to: r}", "a mapping"), ("\"a\\nb\"", "\"a\nb\""), ("\"a\\0\"", "\"a\0\""),
    ])
    func refusesWhatIsNoText(text: String, found: String) throws {
        let problem = "found \(found): wanted is a file's name of printable characters"
        #expect(
            try ConfigurationCase(yaml: Self.monitor("record: \(text)")).told()
                == ["vm.yaml:5:11: monitors[0].record: \(problem)"]
        )
    }

    @Test(arguments: ["\u{FEFF}", "\r\n", "---\n", "%YAML 1.1\n---\n", "# comment\n\n"])
    func allowsWhatYAMLAllowsBeforeTheDocument(prefix: String) throws {
        let yaml = prefix + "monitors:\r\n- {name: a, qemu: unix:q, listen: [unix:l]}\r\n"
        #expect(try ConfigurationCase(yaml: yaml).told() == [])
    }

    @Test func resolvesAliases() throws {
        let yaml = """
            monitors:
            - {name: a, qemu: unix:q, listen: [unix:l], socket-mode: &mode 0660}
            - {name: b, qemu: unix:r, listen: [unix:m], socket-mode: *mode}
            """
        #expect(try ConfigurationCase(yaml: yaml).monitors().map(\.socketMode) == [0o660, 0o660])
    }
}
