import Foundation
import Testing

/// README's page for those who test a QMP client: what it shows is run as it stands.
@Suite(.onWorkbench, .showingLogs)
struct READMEExamplesTests {
    /// The text that README shows behind a mark.
    private func example(_ name: String) throws -> String {
        let readme = URL(filePath: RecordedSession.folder).deletingLastPathComponent().appending(path: "README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let rest = text.components(separatedBy: "<!-- example: \(name) -->\n").dropFirst().first ?? ""
        let fenced = rest.components(separatedBy: "\n```").first ?? ""
        guard fenced.hasPrefix("```") else { throw Failure("README.md shows no example named \(name)") }
        return fenced.drop { $0 != "\n" }.dropFirst() + "\n"
    }

    /// Where programs are looked for: `qmp-proxy` is the one under test.
    private func path() throws -> String {
        let folder = URL(filePath: try Proxy.binary()).deletingLastPathComponent().path
        return folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    }

    /// A directory with the recordings in it, as at the top of the project.
    private func directory() throws -> String {
        let directory = Workbench.current.newPath("readme")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/Recordings",
            withDestinationPath: RecordedSession.folder
        )
        return directory
    }

    @Test func theFixtureForPytestWorks() throws {
        let file = URL(filePath: try directory()).appending(path: "test_example.py")
        try example("pytest").write(to: file, atomically: false, encoding: .utf8)
        let output = try PythonEnvironment.shared().test(file, path: path())
        #expect(output.contains("1 passed"), "\(output)")
    }

    @Test func theExampleForShellsWorks() throws {
        let shell = ["/bin/sh", "-c", "cd '\(try directory())'; PATH='\(try path())'; \(try example("shell"))"]
        let (ending, output, errors) = try Workbench.current.run(shell)
        #expect(ending == .exited(0))
        let lines = output.components(separatedBy: .newlines).filter { !$0.isEmpty }
        #expect(lines.count == 4, "\(output)\(errors)")
        #expect(lines.first == "the mock listens on unix:qmp.sock")
        #expect(lines.last?.hasPrefix(#"{"return": {"qemu": "#) == true)
        #expect(lines.last?.hasSuffix(#", "id": "mine"}"#) == true)
    }

    @Test func everyCommandThatIsShownPlays() throws {
        let commands = try example("commands").split(separator: "\n")
        #expect(commands.count > 3)
        for command in commands {
            let directory = try directory()
            let script = "cd '\(directory)'; PATH='\(try path())'; exec \(command)"
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
        let directory = try directory()
        let qemu = try QEMU([.unix("\(directory)/qemu.sock")])
        let shell = "set -e; cd '\(directory)'; PATH='\(try path())'; \(try example("replay"))"
        let (ending, output, errors) = try Workbench.current.run(["/bin/sh", "-c", shell])
        #expect(ending == .exited(0), "\(errors)")
        #expect(output.contains("16 commands of 2 clients, 6 of them with effects"))
        #expect(output.contains("16 commands: 16 equal, 0 different, in "))
        #expect(qemu.process.isRunning)
    }
}
