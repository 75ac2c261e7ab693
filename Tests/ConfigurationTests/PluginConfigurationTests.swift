import ArgumentParser
import Foundation
import Libevent
import PluginKit
import ProxyIO
import Testing

@testable import ProxyCommand

/// What may be said of plugins, by flags and in the file.
@Suite(.timeLimit(.minutes(15)))
struct PluginConfigurationTests {
    /// A monitor with these plugins.
    static func file(_ plugins: String) -> String {
        "monitors:\n- name: a\n  qemu: unix:q\n  listen: [unix:l]\n  plugins:\n" + plugins
    }

    private static let least = "monitors: [{name: a, qemu: unix:q, listen: [unix:l]}]"

    private func monitor(_ yaml: String, _ flags: [String] = []) throws -> MonitorConfiguration {
        try #require(try ConfigurationCase(yaml: yaml, flags: flags).monitors().first)
    }

    /// The plugins and what is set for them, as `--check-config` says it.
    private func chain(_ yaml: String, _ flags: [String] = []) throws -> [String] {
        let monitor = try monitor(yaml, flags)
        return monitor.plugins.map(\.name)
            + monitor.summary.split(separator: "\n").filter { $0.hasPrefix("    ") }.map { String($0.dropFirst(4)) }
    }

    @Test func standInTheOrderOfTheFile() throws {
        let yaml = Self.file(
            """
              - exec:night: {command: [a, "b c"], timeout: 250ms}
              - clock
              - guard:
                  mode: rules
                  rules: [{deny: quit}, {deny: [x-*, y], uid: 0}]
            """
        )
        #expect(
            try chain(yaml) == [
                "exec:night", "clock", "guard",
                "exec:night.command[0]: a", "exec:night.command[1]: b c", "exec:night.timeout: 250ms",
                "guard.mode: rules", "guard.rules[0].deny: quit", "guard.rules[1].deny[0]: x-*",
                "guard.rules[1].deny[1]: y", "guard.rules[1].uid: 0",
            ]
        )
    }

    @Test(arguments: ["- clock", "- clock:", "- clock: {}", "- clock: ~", "- 'clock': {}"])
    func needNoSettings(plugin: String) throws {
        #expect(try chain(Self.file("  \(plugin)")) == ["clock"])
    }

    @Test func areSaidByFlagsAsWell() throws {
        let flags = [
            "--plugin", "exec:night", "--set", "guard.mode=rules", "--plugin", "guard",
            "--set", "exec:night.command=[a, 'b=c', [x]]", "--set", "exec:night.command=[a, 'b=c']",
            "--set", "guard.rules=[{deny: quit}, {\"deny\": [\"x-*\"]}]", "--set", "guard.policies.ops.mode=read-only",
            "--set", "exec:night.timeout=1s", "--state", "/state",
        ]
        #expect(
            try chain(Self.least, flags) == [
                "exec:night", "guard",
                "exec:night.command[0]: a", "exec:night.command[1]: b=c", "exec:night.timeout: 1s",
                "guard.mode: rules", "guard.rules[0].deny: quit", "guard.rules[1].deny[0]: x-*",
                "guard.policies.ops.mode: read-only",
            ]
        )
        #expect(try monitor(Self.least, flags).stateDirectory == "/state")
    }

    @Test func areReplacedByFlagsAndChangedBySettings() throws {
        let yaml = Self.file(
            """
              - guard: {mode: rules, rules: [{deny: quit}], policies: {ops: {mode: rules}}}
              - exec: {token: {file: /does/not/exist}, timeout: 1s}
            """
        )
        let changes = [
            "--set", "guard.rules=[{deny: stop}]", "--set", "guard.policies.ops.mode=read-only",
            "--set", "exec.token={env: PATH}",
        ]
        #expect(
            try chain(yaml, changes) == [
                "guard", "exec",
                "guard.mode: rules", "guard.rules[0].deny: stop", "guard.policies.ops.mode: read-only",
                "exec.token: [redacted], from variable PATH", "exec.timeout: 1s",
            ]
        )
        #expect(try chain(yaml, ["--plugin", "clock"]) == ["clock"])
        let again = ["--plugin", "guard", "--set", "guard.mode=rules"]
        #expect(try chain(yaml, again) == ["guard", "guard.mode: rules"])
    }

    @Test(arguments: [
        "0600", "true", "yes", "1.50", "\"~\"", "1_000", "2026-11-21", "0x10", "'a: b'", "unix:/run/a", "a b", "''",
    ])
    func takeWhatIsWrittenForText(text: String) throws {
        let written = text.trimmingCharacters(in: ["\"", "'"])
        let yaml = Self.file("  - exec: {command: c, value: \(text)}")
        #expect(try chain(yaml) == ["exec", "exec.command: c", "exec.value: \(written)"])
    }

    @Test func giveListenersTheirPolicies() throws {
        let yaml = """
            monitors:
            - name: a
              qemu: unix:q
              listen: [unix:l, {address: "tcp:127.0.0.1:4", policy: read-only}, {address: unix:m}]
              plugins: [guard: {mode: rules}]
              state: /var/lib/qmp-proxy/state/
            """
        let monitor = try monitor(yaml)
        #expect(monitor.policies == [.tcp(host: "127.0.0.1", port: 4): "read-only"])
        #expect(monitor.stateDirectory == "/var/lib/qmp-proxy/state/")
        #expect(
            monitor.summary == """
                a
                  qemu:               unix:q
                  listen:             unix:l
                  listen:             tcp:127.0.0.1:4, policy read-only
                  listen:             unix:m
                  record:             nothing
                  plugins:            guard
                    guard.mode: rules
                  state:              /var/lib/qmp-proxy/state/
                  max-clients:        1024
                  keep-clients:       false
                  socket-mode:        0600
                """
        )
        #expect(try self.monitor(yaml, ["--listen", "tcp:127.0.0.1:4"]).policies == [:])
    }

    @Test func haveFlagsThatDescribeOneMonitorOnly() throws {
        let yaml = """
            monitors:
            - {name: a, qemu: unix:q, listen: [unix:l], plugins: [clock]}
            - {name: b, qemu: unix:r, listen: [unix:m], plugins: [clock]}
            """
        let flags = ["--plugin", "clock", "--set", "exec.command=c", "--state", "/s"]
        #expect(
            try ConfigurationCase(yaml: yaml, flags: flags).told() == [
                "qmp-proxy: --plugin, --state, --set: flags describe one monitor, but vm.yaml has 2: say it there"
            ]
        )
        #expect(try ConfigurationCase(yaml: yaml).monitors().map { $0.plugins.map(\.name) } == [["clock"], ["clock"]])
    }

    @Test func haveNamesOfLettersAndDigits() {
        let error = #expect(throws: (any Error).self) { try QMPProxy.parseAsRoot(["serve", "--plugin", "a b"]) }
        #expect(
            error.map { QMPProxy.message(for: $0) }
                == "The value 'a b' is invalid for '--plugin <NAME[:LABEL]>': "
                + "wanted is NAME or NAME:LABEL of letters, digits, - and _"
        )
    }
}
