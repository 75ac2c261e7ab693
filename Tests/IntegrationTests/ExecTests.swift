import Foundation
import Testing

/// A plugin's program in the real proxy: it is started, heard, started again and ended.
@Suite(.onWorkbench, .showingLogs)
struct ExecTests {
    private let qemu: MockQEMU

    init() throws {
        qemu = try MockQEMU("\(RecordedSession.folder)/short-session.qmprec", "--reuse")
    }

    private func proxy(_ settings: String..., record: String? = nil) throws -> Proxy {
        let plugin = ["--plugin", "exec"] + settings.flatMap { ["--set", "exec.\($0)"] }
        let recording = record.map { ["--record", $0] } ?? []
        return try Proxy(["--qemu", "\(qemu.addresses[0])"], plugin + recording)
    }

    /// The process id that a program has written to a file, once it is another than the one before.
    private func id(in path: String, otherThan former: String = "") throws -> String {
        var id = former
        let found = Deadline().waits {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            if text.hasSuffix("\n") { id = text.trimmingCharacters(in: .newlines) }
            return id != former
        }
        guard found else { throw Failure("no program has written its process id to \(path)") }
        return id
    }

    private func isRunning(_ id: String) -> Bool { FileManager.default.fileExists(atPath: "/proc/\(id)") }

    @Test func theProgramIsEndedAndReapedWithTheProxy() throws {
        let file = Workbench.current.path("id")
        let proxy = try proxy("command=echo $$ >\(file); exec cat >/dev/null", "events=*")
        let id = try id(in: file)
        #expect(isRunning(id))
        #expect(try proxy.stop() == .exited(0))
        #expect(!isRunning(id))
    }

    @Test func aProgramThatIsKilledIsStartedAgain() throws {
        let file = Workbench.current.path("id")
        let proxy = try proxy("command=echo $$ >\(file); exec cat >/dev/null", "events=*")
        let first = try id(in: file)
        kill(try #require(pid_t(first)), SIGKILL)
        let second = try id(in: file, otherThan: first)
        #expect(isRunning(second))
        try proxy.process.waitForErrors(containing: "killed by signal 9; it is started again in 100ms")
    }

    @Test func aProgramThatDoesNotAnswerIsLate() throws {
        let proxy = try proxy("command=exec cat >/dev/null", "commands=query-name", "timeout=50ms")
        let client = try proxy.client()
        #expect(try client.ask(#"{"execute": "query-name", "id": 1}"#).hasPrefix(#"{"id": 1, "error": "#))
        #expect(try client.ask(#"{"execute": "query-status"}"#).contains("running"))
    }

    @Test func whatComesBehindACommandThatIsLateIsAnswered() throws {
        let proxy = try proxy("command=exec cat >/dev/null", "commands=query-name", "timeout=50ms")
        let client = try proxy.client()
        try client.send(#"{"execute": "query-name", "id": 1}{"execute": "query-status", "id": 2}"#)
        #expect(try client.readLine().hasPrefix(#"{"id": 1, "error": "#))
        #expect(try client.readLine().hasSuffix("\"id\": 2}\r\n"))
    }

    @Test func aProgramThatDoesNotAnswerHoldsNobodyForLongIfThePolicyIsOpen() throws {
        let proxy = try proxy("command=exec cat >/dev/null", "commands=query-name", "timeout=50ms", "policy=open")
        #expect(try proxy.client().ask(#"{"execute": "query-name", "id": 1}"#) == "{\"return\": {}, \"id\": 1}\r\n")
    }

    @Test func aProgramThatCannotBeStartedHasItsCommandsRefused() throws {
        let proxy = try proxy("command=[/no/such/program]", "commands=query-name")
        let client = try proxy.client()
        let reply = try client.ask(#"{"execute": "query-name"}"#)
        #expect(reply.contains("refused by exec: its program does not run"), "\(reply)")
        try proxy.process.waitForErrors(containing: "its program could not be started: ")
    }

    @Test func everyCommandIsAnsweredOnceAndInOrderHoweverOftenTheProgramEnds() throws {
        let shell = """
            n=0; while [ $n -lt 20 ] && read -r told; do case $told in *'"type":"command"'*)
            n=$((n + 1)); number=${told#*'"command":'}
            echo "{'type': 'verdict', 'command': ${number%%,*}, 'forward': true}";;
            esac; done
            """
        let proxy = try proxy("command=\(shell)", "commands=query-name", "policy=open")
        let client = try proxy.client()
        let commands = (1...500).map { #"{"execute": "query-name", "id": \#($0)}"# }
        try client.send(commands.joined())
        for number in 1...500 { #expect(try client.readLine() == "{\"return\": {}, \"id\": \(number)}\r\n") }
        try proxy.process.waitForErrors(containing: "its program exited with status 0; it is started again")
    }

    @Test func whatAProgramExecutesMarksAndLogsIsDone() throws {
        let recording = Workbench.current.path("a.qmprec")
        let lines = [
            #"{"type":"execute","tag":"a","message":{"execute":"query-status"}}"#, #"{"type":"mark","text":"begins"}"#,
            #"{"type":"log","level":"warning","text":"hears: $told"}"#,
        ]
        // It asks when the monitor is ready, and logs what it is told then, without the quotes.
        let shell = """
            while read -r told; do case $told in
            *ready*) printf '%s\\n' '\(lines[0])' '\(lines[1])';;
            *outcome*) told=$(echo "$told" | tr -d '"'); echo "\(lines[2].replacing("\"", with: "\\\""))";;
            esac; done
            """
        let proxy = try proxy("command=\(shell)", "events=NONE", record: recording)
        try proxy.process.waitForErrors(containing: "hears: {type:outcome,tag:a,return:{")
        #expect(try proxy.stop() == .exited(0))
        let text = try String(contentsOfFile: recording, encoding: .utf8)
        #expect(text.contains(#""at": "plugin exec", "is": "mark", "text": "begins""#))
    }
}
