import Foundation
import Testing

/// README's chapter on plugins: what it shows is run as it stands, in front of a recording.
@Suite(.onWorkbench, .showingLogs)
struct PluginExamplesTests {
    private let directory: String
    private let qemu: MockQEMU

    init() throws {
        directory = try READMEExample.directory()
        let recording = "\(directory)/Recordings/short-session.qmprec"
        qemu = try MockQEMU([recording, "--listen", "unix:\(directory)/qemu.sock", "--speed", "max"])
    }

    /// Runs a command line that README shows, and connects a client that has negotiated when all plugins run.
    private func serve(
        _ example: String,
        _ environment: [String: String] = [:]
    ) throws -> (proxy: ChildProcess, client: RawClient) {
        let shell = "cd '\(directory)'; PATH='\(try READMEExample.path())'; exec \(try READMEExample.text(example))"
        let proxy = try Workbench.current.start(["/bin/sh", "-c", shell], name: "proxy", environment: environment)
        var client: RawClient?
        let listens = Deadline().waits {
            client = try? RawClient(.unix("\(directory)/qmp.sock"))
            return client != nil || !proxy.isRunning
        }
        guard listens, let client else { throw Failure("the proxy does not listen: \(proxy.errors)") }
        try client.negotiate()
        try client.waitForPlugins { $0.contains("\"program\": \"") && !$0.contains("\"starting\"") }
        return (proxy, client)
    }

    @Test func theFirstChainRefusesAndLogs() throws {
        let (proxy, client) = try serve("plugins")
        #expect(try client.ask(#"{"execute": "quit"}"#).contains("The command quit is refused by guard: read-only"))
        #expect(try client.ask(#"{"execute": "query-name"}"#) == "{\"return\": {}}\r\n")
        proxy.signal(SIGTERM)
        #expect(try proxy.waitForEnd() == .exited(0))
        let shell = "cd '\(directory)'; PATH='\(try READMEExample.path())'; qmp-proxy show vm0.qmprec '~plugin guard'"
        #expect(try Workbench.current.run(["/bin/sh", "-c", shell]).output.contains("verdict on quit: answer"))
    }

    @Test(arguments: ["plugins-file", "guard-file", "colo-file"])
    func aFileThatIsShownIsSound(_ example: String) throws {
        let file = "\(directory)/vm.yaml"
        try READMEExample.text(example).write(toFile: file, atomically: false, encoding: .utf8)
        let (ending, output, errors) = try Proxy.run("serve", "--config", file, "--check-config")
        #expect(ending == .exited(0), "\(errors)")
        #expect(output.contains("plugins:") && output.hasSuffix("ok\n"))
    }

    @Test func theShellHasEveryEventInTheLog() throws {
        let (proxy, client) = try serve("exec-log")
        try client.send(#"{"execute": "stop"}"#)
        try client.readEvent("STOP")
        try proxy.waitForErrors(containing: #""event": "STOP""#)
    }

    @Test func quitIsRefusedAtNight() throws {
        try READMEExample.text("exec-night").write(toFile: "\(directory)/night.py", atomically: false, encoding: .utf8)
        try READMEExample.text("exec-load").write(toFile: "\(directory)/load.py", atomically: false, encoding: .utf8)
        let (_, client) = try serve("exec-both", ["NIGHT_FROM": "0", "NIGHT_TO": "6"])
        #expect(
            try client.ask(#"{"execute": "quit", "id": 7}"#)
                == #"{"id": 7, "error": {"class": "GenericError", "desc": "quit has to wait until 6 o'clock"}}"#
                + "\r\n"
        )
        #expect(qemu.process.isRunning)
        #expect(try client.ask(#"{"execute": "query-name"}"#) == "{\"return\": {}}\r\n")
    }

    @Test func quitIsExecutedByDay() throws {
        try READMEExample.text("exec-night").write(toFile: "\(directory)/night.py", atomically: false, encoding: .utf8)
        try READMEExample.text("exec-load").write(toFile: "\(directory)/load.py", atomically: false, encoding: .utf8)
        let (_, client) = try serve("exec-both", ["NIGHT_FROM": "24", "NIGHT_TO": "0"])
        try client.send(#"{"execute": "quit", "id": 7}"#)
        #expect(try client.readToEnd().contains(#"{"return": {}, "id": 7}"#))
        #expect(try qemu.process.waitForEnd() == .exited(0))
    }

    @Test func aProgramAnswersACommandItself() throws {
        try READMEExample.text("exec-night").write(toFile: "\(directory)/night.py", atomically: false, encoding: .utf8)
        try READMEExample.text("exec-load").write(toFile: "\(directory)/load.py", atomically: false, encoding: .utf8)
        let (_, client) = try serve("exec-both")
        let reply = try client.ask(#"{"execute": "__com.example_query-load", "id": 7}"#)
        #expect(reply.hasPrefix(#"{"return": {"load": "#) && reply.hasSuffix("}, \"id\": 7}\r\n"), "\(reply)")
    }
}
