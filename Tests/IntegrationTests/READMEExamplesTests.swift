import Foundation
import Testing

/// README's page for those who test a QMP client: what it shows is run as it stands.
@Suite(.onWorkbench, .showingLogs)
struct READMEExamplesTests {
    @Test func theFixtureForPytestWorks() throws {
        let file = URL(filePath: try READMEExample.directory()).appending(path: "test_example.py")
        try READMEExample.text("pytest").write(to: file, atomically: false, encoding: .utf8)
        let output = try PythonEnvironment.shared().test(file, path: READMEExample.path())
        #expect(output.contains("1 passed"), "\(output)")
    }

    @Test func theExampleForShellsWorks() throws {
        let (directory, path) = (try READMEExample.directory(), try READMEExample.path())
        let script = "cd '\(directory)'; PATH='\(path)'; \(try READMEExample.text("shell"))"
        let (ending, output, errors) = try Workbench.current.run(["/bin/sh", "-c", script])
        #expect(ending == .exited(0))
        let lines = output.components(separatedBy: .newlines).filter { !$0.isEmpty }
        #expect(lines.count == 4, "\(output)\(errors)")
        #expect(lines.first == "the mock listens on unix:qmp.sock")
        #expect(lines.last?.hasPrefix(#"{"return": {"qemu": "#) == true)
        #expect(lines.last?.hasSuffix(#", "id": "mine"}"#) == true)
    }

    @Test func everyCommandThatIsShownPlays() throws {
        let commands = try READMEExample.text("commands").split(separator: "\n")
        #expect(commands.count > 3)
        for command in commands {
            let directory = try READMEExample.directory()
            let script = "cd '\(directory)'; PATH='\(try READMEExample.path())'; exec \(command)"
            let mock = try Workbench.current.start(["/bin/sh", "-c", script], name: "mock")
            var client: RawClient?
            let listens = Deadline().waits {
                client = try? RawClient(.unix("\(directory)/qmp.sock"))
                return client != nil || !mock.isRunning
            }
            #expect(listens && mock.isRunning, "\(command): \(mock.errors)")
            try client?.negotiate()
            mock.signal(SIGTERM)
            #expect(try mock.waitForEnd() == .exited(0))
        }
    }

    @Test func theReplayThatIsShownIsEqual() throws {
        let directory = try READMEExample.directory()
        let qemu = try QEMU([.unix("\(directory)/qemu.sock")])
        let shell = "set -e; cd '\(directory)'; PATH='\(try READMEExample.path())'; \(try READMEExample.text("replay"))"
        let (ending, output, errors) = try Workbench.current.run(["/bin/sh", "-c", shell])
        #expect(ending == .exited(0), "\(errors)")
        #expect(output.contains("16 commands of 2 clients, 6 of them with effects"))
        #expect(output.contains("16 commands: 16 equal, 0 different, in "))
        #expect(qemu.process.isRunning)
    }
}
