import Foundation
import PluginKit
import ProxyIO
import Testing

@testable import ProxyCommand

/// Secrets come from files and variables, get to the plugin, and nowhere else.
@Suite(.timeLimit(.minutes(15)))
struct PluginSecretTests {
    private static let secret = "hunter2 \u{e4}"

    /// A file that is gone when the test is over.
    private final class SecretFile {
        let path = FileManager.default.temporaryDirectory.appending(path: "qmp-proxy-\(UUID())").path

        init(_ bytes: some Collection<UInt8>, mode: Int = 0o600) throws {
            try #require(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func monitor(token: String) throws -> MonitorConfiguration {
        let yaml = PluginConfigurationTests.file("  - exec: {token: \(token)}")
        return try #require(try ConfigurationCase(yaml: yaml).monitors().first)
    }

    private func told(token: String) throws -> [String] {
        try ConfigurationCase(yaml: PluginConfigurationTests.file("  - exec: {token: \(token)}")).told()
    }

    private func token(of monitor: MonitorConfiguration) -> String? {
        (monitor.plugins.first?.plugin as? ConfiguredPlugins.Running)?.token
    }

    @Test(arguments: [("\n", ""), ("", ""), ("\n\n", "\n"), ("\r\n", "\r")])
    func comeFromAFileWithoutItsLastNewline(end: String, kept: String) throws {
        let file = try SecretFile((Self.secret + end).utf8)
        #expect(token(of: try monitor(token: "{file: \(file.path)}")) == Self.secret + kept)
    }

    @Test func comeFromAVariable() throws {
        let monitor = try monitor(token: "{env: PATH}")
        #expect(token(of: monitor) == ProcessInfo.processInfo.environment["PATH"])
    }

    @Test func areNotInTheSummary() throws {
        let file = try SecretFile(Self.secret.utf8)
        let summary = try monitor(token: "{file: \(file.path)}").summary
        #expect(summary.contains("exec.token: [redacted], from file \(file.path)"))
        #expect(!summary.contains("hunter2"))
    }

    @Test func areNotInProblems() throws {
        let file = try SecretFile(Self.secret.utf8)
        let yaml = PluginConfigurationTests.file("  - exec: {timeout: {file: \(file.path)}}")
        #expect(
            try ConfigurationCase(yaml: yaml).told() == [
                "vm.yaml:6:21: monitors[0].plugins[0].exec.timeout: found a secret from file \(file.path): "
                    + "wanted is a duration with its unit from 1ms to 1min"
            ]
        )
        #expect(
            try told(token: "hunter2") == [
                "vm.yaml:6:19: monitors[0].plugins[0].exec.token: a secret is not written here: "
                    + "wanted is {file: PATH} or {env: NAME}"
            ]
        )
    }

    @Test(arguments: [
        ("{file: /does/not/exist}", 26, "file: cannot read /does/not/exist: No such file or directory"),
        ("{file: /}", 26, "file: cannot read /: Is a directory"),
        ("{file: /dev/null}", 26, "file: /dev/null is empty"),
        ("{file: /dev/zero}", 26, "file: /dev/zero has more than 64KiB"),
        ("{file: [a]}", 26, "file: wanted is the name of a file"),
        ("{file: ''}", 26, "file: wanted is the name of a file"),
        ("{env: QMP_PROXY_NOT_SET}", 25, "env: the variable QMP_PROXY_NOT_SET is not set"),
        ("{env: {a: b}}", 25, "env: wanted is the name of a variable"),
        ("{env: A, file: B}", 19, "a secret is not written here: wanted is {file: PATH} or {env: NAME}"),
    ])
    func haveToBeThere(token: String, column: Int, problem: String) throws {
        let path = "monitors[0].plugins[0].exec.token"
        let separator = column == 19 ? ": " : "."
        #expect(try told(token: token) == ["vm.yaml:6:\(column): \(path)\(separator)\(problem)"])
    }

    @Test func areText() throws {
        let file = try SecretFile([0x68, 0xFF, 0x0A])
        #expect(
            try told(token: "{file: \(file.path)}") == [
                "vm.yaml:6:26: monitors[0].plugins[0].exec.token.file: \(file.path) is not UTF-8"
            ]
        )
    }

    @Test(arguments: [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o666, true)])
    func areWarnedOfWhenOthersMayReadThem(mode: Int, isOpen: Bool) throws {
        let file = try SecretFile(Self.secret.utf8, mode: mode)
        let warning = "\(file.path) holds a secret, and others than its owner may read it"
        #expect(try monitor(token: "{file: \(file.path)}").warnings == (isOpen ? [warning] : []))
    }
}
