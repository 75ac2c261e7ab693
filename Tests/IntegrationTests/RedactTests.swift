import Foundation
import Testing

/// `qmp-proxy redact`: files, notes and exit statuses.
@Suite(.onWorkbench, .showingLogs)
struct RedactTests {
    private func recording() throws -> String {
        let path = Workbench.current.path("old.qmprec")
        let lines = [
            #"{"qmp-recording": 1, "started": "2026-11-21T03:06:29.120Z", "proxy": "0.1.0", "monitor": "vm0"}"#,
            #"{"t": 1, "at": "client 1", "is": "received", "command": 1, "message": {"execute": "own", "data": "hunter2"}}"#,
            "hunter2", "",
        ]
        try lines.joined(separator: "\n").write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    @Test func writesANewFileThatIsItsOwnersAlone() throws {
        let (old, new) = (try recording(), Workbench.current.path("new.qmprec"))
        let ran = try Proxy.run("redact", old, "-o", new, "--redact", "own /data")
        #expect(ran.ending == .exited(0))
        #expect(
            ran.errors == """
                qmp-proxy: \(old), line 3: left out: no JSON: '{' is wanted at byte 0
                qmp-proxy: 1 value redacted in 1 entry, 1 line left out

                """
        )
        let text = try String(contentsOfFile: new, encoding: .utf8)
        let header = try String(contentsOfFile: old, encoding: .utf8).split(separator: "\n")[0]
        let message = #""message": {"execute": "own", "data": "[redacted]"}, "redacted": ["/data"]"#
        let entry = #"{"t": 1.000000, "at": "client 1", "is": "received", "command": 1, \#(message)}"#
        #expect(text == "\(header)\n\(entry)\n")
        let mode = try FileManager.default.attributesOfItem(atPath: new)[.posixPermissions] as? Int
        #expect(mode == 0o600)

        let shown = try Proxy.run("redact", new, "-o", "-")
        #expect(shown.ending == .exited(0))
        #expect(shown.output == text)
    }

    @Test func overwritesNothingAndLeavesNothingHalfDone() throws {
        let (old, new) = (try recording(), Workbench.current.path("new.qmprec"))
        let onItself = try Proxy.run("redact", old, "-o", old)
        #expect(onItself.ending == .exited(1))
        let advice = "exists already and is left as it is: name another file, or remove it first"
        #expect(onItself.errors == "qmp-proxy: \(old) \(advice)\n")

        let directory = Workbench.current.directory
        let folder = try Proxy.run("redact", directory, "-o", new)
        #expect(folder.ending == .exited(1))
        #expect(folder.errors == "qmp-proxy: \(directory) is a directory: redact its files one by one\n")

        let foreign = try Proxy.run("redact", "/proc/self/status", "-o", new)
        #expect(foreign.ending == .exited(1))
        #expect(foreign.errors.hasPrefix("qmp-proxy: /proc/self/status is no recording: "))
        #expect(!FileManager.default.fileExists(atPath: new))

        #expect(try Proxy.run("redact", old, "-o", new, "--redact", "own").ending == .exited(64))
    }
}
