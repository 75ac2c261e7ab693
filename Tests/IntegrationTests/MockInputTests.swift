import Foundation
import Testing

/// What cannot be played, and how that is told: file and line, and what is wrong.
@Suite(.onWorkbench, .showingLogs)
struct MockInputTests {
    private func refused(_ arguments: String...) throws -> (ending: ChildProcess.Ending, errors: String) {
        let socket = "unix:\(Workbench.current.path("refused"))"
        let listener = arguments.contains("--listen") ? [] : ["--listen", socket]
        let mock = [try Proxy.binary(), "mock"] + arguments + listener
        let ran = try Workbench.current.run(mock)
        #expect(ran.output == "")
        return (ran.ending, ran.errors)
    }

    private func write(_ text: String, _ name: String = "a.qmprec") throws -> String {
        let path = Workbench.current.path(name)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    private let header = RecordingScript().lines[0]

    @Test func aRecordingWithoutAGreetingIsRefused() throws {
        let path = try write(header + "\n" + #"{"t": 1, "at": "proxy", "is": "mark", "text": "x"}"# + "\n")
        let (ending, errors) = try refused(path)
        #expect(ending == .exited(1))
        #expect(errors.hasPrefix("qmp-proxy: \(path):2: "), "\(errors)")
        #expect(errors.contains("greeting"))
    }

    @Test(arguments: [
        ("", "is no recording: it is empty"), ("root:x:0:0\n", "is no recording: line 1: "),
        ("{\"name\": 1}\n", "is no recording: line 1: "),
    ])
    func emptyAndForeignFilesAreRefused(_ text: String, _ reason: String) throws {
        let path = try write(text)
        let (ending, errors) = try refused(path)
        #expect(ending == .exited(1))
        #expect(errors.hasPrefix("qmp-proxy: \(path) \(reason)"), "\(errors)")
    }

    @Test func aMissingFileAndAnEmptyDirectoryAreRefused() throws {
        let path = Workbench.current.path("missing.qmprec")
        let missing = try refused(path)
        #expect(missing.ending == .exited(1))
        #expect(missing.errors == "qmp-proxy: cannot open \(path): No such file or directory\n")
        let empty = try refused(Workbench.current.directory)
        #expect(empty.ending == .exited(1))
        #expect(empty.errors.contains("no segment (*.qmprec) in "))
    }

    @Test func aClientWhoIsNotInTheRecordingIsRefused() throws {
        let path = try RecordingScript().write("a.qmprec")
        let (ending, errors) = try refused(path, "--client", "7")
        #expect(ending == .exited(1))
        #expect(errors == "qmp-proxy: \(path):1: there is no client 7 in this recording\n")
    }

    @Test func twoOnOneListenerAreRefusedByBothNames() throws {
        let (a, b) = ("a.qmprec=unix:x", "b.qmprec=unix:x")
        let ran = try Proxy.run("mock", a, b)
        #expect(ran.ending == .exited(64))
        let line = "a.qmprec and b.qmprec would both listen on unix:x: wanted is another for one of them"
        #expect(ran.errors == "qmp-proxy: \(line)\nSee 'qmp-proxy mock --help'.\n")
    }

    @Test func aCutFilePlaysUpToItsLastWholeLine() throws {
        var script = RecordingScript()
        script.command(#""execute": "query-name""#, reply: #""return": {}"#, at: 2)
        let path = try script.write("a.qmprec")
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        _ = try write(whole + #"{"t": 3, "at": "mon"#)
        let mock = try MockQEMU(path)
        #expect(mock.told.first == "\(path):11: the last line does not end and is left out")
        #expect(try mock.client().ask(#"{"execute": "query-name"}"#) == "{\"return\": {}}\r\n")
    }

    @Test func aNewerFilePlaysAsFarAsItIsUnderstood() throws {
        let newer = header.replacing("\"qmp-recording\": 1", with: "\"qmp-recording\": 2")
        let lines = [newer] + RecordingScript().lines.dropFirst()
        let path = try write(lines.joined(separator: "\n") + "\n")
        let mock = try MockQEMU(path)
        #expect(mock.told.first == "\(path):1: format 2 is newer than 1, the newest known here")
        #expect(try mock.client().ask(#"{"execute": "query-name"}"#).contains("error"))
    }

    @Test func aMessageAboveTheLimitsIsLeftOutByItsLine() throws {
        var script = RecordingScript()
        script.command(#""execute": "query-name""#, reply: #""return": {}"#, at: 2)
        let long = String(repeating: "x", count: 65 << 20)
        script.line(#"{"t": 3, "at": "monitor", "is": "received", "message": {"event": "\#(long)"}}"#)
        let path = try script.write("a.qmprec")
        let mock = try MockQEMU(path)
        #expect(mock.told.count { $0.hasPrefix("\(path):11: longer than ") } == 1, "\(mock.told)")
        #expect(try mock.client().ask(#"{"execute": "query-name"}"#) == "{\"return\": {}}\r\n")
    }

    @Test func somebodyElsesAddressIsRefused() throws {
        let path = try RecordingScript().write("a.qmprec")
        let mock = try MockQEMU(path)
        let (ending, errors) = try refused(path, "--listen", "\(mock.addresses[0])")
        #expect(ending == .exited(1))
        #expect(errors == "qmp-proxy: somebody is already listening on \(mock.addresses[0])\n")
    }

    @Test func aReadyDescriptorThatCannotBeWrittenToIsRefused() throws {
        // Number 0 is open for reading.
        for number in ["999", "0"] {
            let (ending, errors) = try refused(RecordingScript().write("a.qmprec"), "--ready-fd=\(number)")
            #expect(ending == .exited(1))
            #expect(errors == "qmp-proxy: --ready-fd \(number) cannot be written to: Bad file descriptor\n")
        }
    }
}
