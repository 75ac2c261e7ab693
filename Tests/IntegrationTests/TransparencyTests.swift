import Foundation
import Testing

/// A client cannot tell the proxy from QEMU: two monitors of one QEMU, one reached directly, one through the proxy.
@Suite(.onWorkbench, .showingLogs)
struct TransparencyTests {
    /// What comes back for each command, as bytes.
    private func transcript(of commands: [String], on client: RawClient) throws -> [String] {
        // The line feed is what ends a command that is none, and else nothing.
        try commands.map { try client.ask($0 + "\n") }
    }

    private func expectSame(_ commands: [String], _ direct: RawClient, _ proxied: RawClient) throws {
        // Some answers change once, with the first command that loads a module or starts a migration.
        _ = try transcript(of: commands, on: direct)
        let expected = try transcript(of: commands, on: direct)
        let got = try transcript(of: commands, on: proxied)
        for (index, command) in commands.enumerated() { #expect(got[index] == expected[index], "\(command)") }
    }

    @Test(arguments: [["-M", "none"], ["-M", "q35", "-S", "-blockdev", "null-co,node-name=disk0"]])
    func everyReplyIsTheSame(_ machine: [String]) throws {
        let bench = Workbench.current
        let qemu = try QEMU([.unix(bench.path("q0")), .unix(bench.path("q1"))], machine)
        let proxy = try Proxy(qemu, monitor: 1)
        let direct = try qemu.connect()
        let proxied = try proxy.connect()
        #expect(try proxied.negotiate() == direct.negotiate())
        try expectSame(TransparencyCommands.all, direct, proxied)
    }

    @Test func everyReplyIsTheSameWithPrettyOn() throws {
        let bench = Workbench.current
        let qemu = try QEMU([.unix(bench.path("q0"), isPretty: true), .unix(bench.path("q1"), isPretty: true)])
        let proxy = try Proxy(qemu, monitor: 1)
        let direct = try qemu.connect()
        let proxied = try proxy.connect()
        #expect(try proxied.negotiate() == direct.negotiate())
        try expectSame(TransparencyCommands.all, direct, proxied)
    }

    @Test func everyReplyIsTheSameWithOutOfBand() throws {
        let qemu = try QEMU(monitors: 2)
        let proxy = try Proxy(qemu, monitor: 1)
        let direct = try qemu.connect()
        let proxied = try proxy.connect()
        try direct.negotiate(outOfBand: true)
        try proxied.negotiate(outOfBand: true)
        try expectSame(TransparencyCommands.all, direct, proxied)
        let outOfBand = [
            #"{"exec-oob": "query-yank"}"#,
            #"{"exec-oob": "query-yank", "id": {"b": [1.0, {"a": 0.1}], "c": "é"}}"#,
            #"{"exec-oob": "query-status", "id": 1}"#,
            #"{"exec-oob": "no-such-command", "id": 2}"#,
            #"{"exec-oob": "migrate-pause", "id": 3}"#,
            #"{"exec-oob": "migrate-recover", "arguments": {"uri": 1}, "id": 4}"#,
            #"{"exec-oob": "yank", "arguments": {"instances": []}, "id": 5}"#,
            #"{"exec-oob": "qmp_capabilities", "id": 6}"#,
            #"{"exec-oob": 1, "id": 7}"#,
            #"{"exec-oob": "query-yank", "execute": "query-yank", "id": 8}"#,
            #"{"exec-oob": "query-yank", "unexpected": 1, "id": 9}"#,
        ]
        try expectSame(outOfBand, direct, proxied)
    }

    @Test func everyEventIsTheSame() throws {
        let qemu = try QEMU(monitors: 2)
        let proxy = try Proxy(qemu, monitor: 1)
        let direct = try qemu.connect()
        try direct.negotiate()
        let clients = try (0..<3).map { _ in try proxy.client() }
        // A client that is served has its place among those that get events.
        for client in clients { _ = try client.ask(#"{"execute": "query-status"}"#) }
        try direct.send(#"{"execute": "stop"} {"execute": "cont"} {"execute": "system_reset"} {"execute": "quit"}"#)
        let expected = try direct.readToEnd().split(separator: "\r\n").filter { $0.contains("\"event\"") }
        #expect(expected.count >= 4)
        for client in clients {
            #expect(try client.readToEnd().split(separator: "\r\n") == expected)
        }
    }
}
