import Foundation
import Testing

/// Plugins before a real QEMU.
@Suite(.onWorkbench, .showingLogs)
struct PluginTests {
    private let qemu: QEMU

    init() throws { qemu = try QEMU() }

    private func proxy(_ arguments: String...) throws -> Proxy {
        try Proxy(["--qemu", "\(qemu.address())"], arguments)
    }

    private func refusal(of name: String) -> String {
        let text = "The command \(name) is refused by guard: read-only"
        return "{\"error\": {\"class\": \"GenericError\", \"desc\": \"\(text)\"}}\r\n"
    }

    @Test(arguments: [
        #"{"execute": "quit"}"#, "{'execute': 'quit'}", #"{"execute": "qu\u0069t"}"#, #"{"exec-oob": "quit"}"#,
        #"{"arguments": {}, "execute": "quit"}"#,
    ])
    func aReadOnlyClientDoesNotEndQEMUHoweverItWritesIt(_ command: String) throws {
        let proxy = try proxy("--plugin", "guard", "--set", "guard.mode=read-only")
        let client = try proxy.client(outOfBand: true)
        #expect(try client.ask(command) == refusal(of: "quit"))
        #expect(try client.ask(#"{"execute": "query-status", "id": 1}"#).hasSuffix("\"id\": 1}\r\n"))
        #expect(qemu.process.isRunning)
    }

    @Test func aReadOnlyClientHasNoHumanMonitor() throws {
        let proxy = try proxy("--plugin", "guard", "--set", "guard.mode=read-only")
        let hmp = #"{"execute": "human-monitor-command", "arguments": {"command-line": "quit"}, "id": 1}"#
        let text = "human-monitor-command is only allowed by a rule with its name"
        #expect(try proxy.client().ask(hmp).contains("is refused by guard: \(text)"))
        #expect(qemu.process.isRunning)
    }

    @Test func aListenerHasAPolicyOfItsOwn() throws {
        let bench = Workbench.current
        let (file, open, narrow) = (bench.path("vm.yaml"), bench.path("open"), bench.path("narrow"))
        try """
        monitors:
          - name: vm0
            qemu: \(qemu.address())
            listen: ["unix:\(open)", {address: "unix:\(narrow)", policy: read-only}]
            plugins: [{guard: {default: allow}}]
        """.write(toFile: file, atomically: false, encoding: .utf8)
        let proxy = try Proxy(["--config", file], listen: [])
        let (free, bound) = (try RawClient(.unix(open)), try RawClient(.unix(narrow)))
        try free.negotiate()
        try bound.negotiate()
        #expect(try bound.ask(#"{"execute": "stop"}"#) == refusal(of: "stop"))
        #expect(try free.ask(#"{"execute": "qom-list", "arguments": {"path": "/"}}"#).hasPrefix("{\"return\": ["))
        try free.send(#"{"execute": "quit", "id": 1}"#)
        #expect(try free.readLines(through: "\"id\"").last == "{\"return\": {}, \"id\": 1}\r\n")
        #expect(proxy.process.isRunning)
    }

    @Test func aProgramExecutesOnQEMUWhatNoClientSees() throws {
        let told = Workbench.current.path("told")
        let script = """
            while read -r line; do case $line in \
            *'"ready"'*) echo '{"type":"execute","tag":"a","message":{"execute":"query-name"}}';; \
            *'"outcome"'*) echo "$line" >\(told);; esac; done
            """
        let recording = Workbench.current.path("r.qmprec")
        let proxy = try proxy(
            "--plugin",
            "exec",
            "--set",
            "exec.command=\(script)",
            "--set",
            "exec.events=NONE",
            "--record",
            recording
        )
        let client = try proxy.client()
        var text = ""
        let isTold = Deadline().waits {
            text = (try? String(contentsOfFile: told, encoding: .utf8)) ?? ""
            return text.hasSuffix("\n")
        }
        #expect(isTold)
        #expect(text == "{\"type\":\"outcome\",\"tag\":\"a\",\"return\":{}}\n")
        #expect(try client.ask(#"{"execute": "query-name", "id": 1}"#) == "{\"return\": {}, \"id\": 1}\r\n")
        #expect(try proxy.stop() == .exited(0))
        let lines = try String(contentsOfFile: recording, encoding: .utf8).split(separator: "\n")
        #expect(lines.filter { $0.contains(#""plugin": "exec""#) && $0.contains(#""at": "monitor""#) }.count == 2)
    }

    @Test func tellsWhatItsPluginsAre() throws {
        let proxy = try proxy("--plugin", "guard", "--set", "guard.mode=read-only", "--plugin", "pass:b")
        let reply = try proxy.client().ask(#"{"execute": "__org.qmp-proxy_query-plugins"}"#)
        #expect(reply.contains(#""settings": {"mode": "read-only"}"#))
        #expect(reply.contains(#""name": "pass:b""#))
    }
}
