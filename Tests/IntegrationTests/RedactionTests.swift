import Foundation
import Testing

/// No secret that passes a real QEMU is in the recording or the log, unless that is asked for.
@Suite(.onWorkbench, .showingLogs)
struct RedactionTests {
    private static let secret = "hunter2-7f3a"

    /// Commands that carry it, and whose replies do.
    private static let commands = [
        #"{"execute": "object-add", "arguments": {"qom-type": "secret", "id": "s0", "data": "hunter2-7f3a"}}"#,
        #"{'arguments': {'d\u0061ta': 'hunter2-7f3a' , 'id':'s1', "qom-type":"secret"}, "execu\u0074e" :'object-add'}"#,
        #"{"execute": "qom-get", "arguments": {"path": "/objects/s0", "property": "data"}, "id": "hunter"}"#,
        #"{"execute": "qom-set", "arguments": {"path": "/objects/s0", "property": "data", "value": "hunter2-7f3a"}}"#,
        #"{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "hunter2-7f3a"}}"#,
        #"{"execute": "set_password", "arguments": "hunter2-7f3a"}"#,
        #"{"execute": "change-vnc-password", "arguments": {"password": "hunter2-7f3a"}}"#,
        #"{"execute": "human-monitor-command", "arguments": {"command-line": " set_password vnc hunter2-7f3a"}}"#,
        #"{"execute": "human-monitor-command", "arguments": {"command-line": "object_add secret,id=s2,data=hunter2-7f3a"}}"#,
        #"{"execute": "human-monitor-command", "arguments": {"command-line": "qom-get /objects/s0 data"}}"#,
        #"""
        {"execute": "blockdev-add", "arguments": {"driver": "https", "node-name": "n", "url":
        "https://user:hunter2-7f3a@127.0.0.1:9/x", "cookie": "hunter2-7f3a"}}
        """#,
        #"{"execute": "set_password", "arguments": {"protocol": "vnc", "password": @hunter2-7f3a}}"#,
        "\n",
        #"{"execute": "query-name", "id": "the end"}"#,
    ]

    private func talk(_ client: RawClient) throws -> [String] {
        for command in Self.commands { try client.send(command) }
        return try client.readLines(through: "the end")
    }

    @Test func leavesSecretsOut() throws {
        let path = Workbench.current.path("vm0.qmprec")
        let qemu = try QEMU()
        let proxy = try Proxy(qemu, monitor: 0, "--record", path, "--log-level", "debug")
        let replies = try talk(try proxy.client())
        // The client has it all the same.
        #expect(replies.contains("{\"return\": \"\(Self.secret)\", \"id\": \"hunter\"}\r\n"))
        #expect(try proxy.stop() == .exited(0))
        let recording = try String(contentsOfFile: path, encoding: .utf8)
        #expect(recording.contains("the end"))
        let leaks = recording.split(separator: "\n").filter { $0.contains(Self.secret) || $0.contains("hunter2") }
        #expect(leaks == [])
        #expect(!proxy.process.errors.contains(Self.secret))
        #expect(recording.contains(#""data": "[redacted]"}}, "redacted": ["/arguments/data"]}"#))
        #expect(recording.contains(#"{"return": "[redacted]", "id": "hunter"}, "redacted": ["/return"]}"#))
        let shown = try Proxy.run("show", path, "--full")
        #expect(shown.ending == .exited(0))
        #expect(!shown.output.contains(Self.secret))
    }

    @Test func redactsAnOldRecordingAsItWouldHaveBeen() throws {
        let plain = Workbench.current.path("plain.qmprec")
        let redacted = Workbench.current.path("redacted.qmprec")
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", plain, "--no-redaction")
        _ = try talk(try proxy.client())
        #expect(try proxy.stop() == .exited(0))
        #expect(try String(contentsOfFile: plain, encoding: .utf8).contains(Self.secret))
        let run = try Proxy.run("redact", plain, "-o", redacted)
        #expect(run.ending == .exited(0))
        let text = try String(contentsOfFile: redacted, encoding: .utf8)
        #expect(!text.contains("hunter2"))
        #expect(text.contains("the end"))
        #expect(try Proxy.run("show", redacted, "--check").ending == .exited(0))
    }

    @Test func leavesOutWhatItsOwnersRulesSay() throws {
        let path = Workbench.current.path("vm0.qmprec")
        let proxy = try Proxy(
            QEMU(),
            monitor: 0,
            "--record",
            path,
            "--redact",
            "query-v* /return/qemu/*",
            "--redact",
            "query-version /return/package"
        )
        _ = try proxy.client().ask(#"{"execute": "query-version"}"#)
        #expect(try proxy.stop() == .exited(0))
        let recording = try String(contentsOfFile: path, encoding: .utf8)
        #expect(recording.contains(#""package": "[redacted]""#))
    }
}
