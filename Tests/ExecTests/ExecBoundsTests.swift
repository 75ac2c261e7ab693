import Exec
import PluginKit
import ProxyTesting
import QMP
import Testing

/// Nothing grows without bound, whatever the program or the clients do, and what is wrong is told.
@Suite(.timeLimit(.minutes(15)))
struct ExecBoundsTests {
    private let quit = #"{"execute": "quit"}"#
    private let program = Tag("program", 1)

    /// Else clients could get past the program by asking much, or what is too long.
    @Test func whatCannotBeToldIsRefusedThoughThePolicyIsOpen() throws {
        var book = try startedBook(PluginSettings.Member("policy", .text("open")))
        _ = try book.command(quit)
        let lost = book.outcome(of: program, is: .refused(reason: "1 MiB waits already"))
        #expect(lost.last == "release command 1: " + refused("quit", "its program could not be told"))
        for _ in 0..<1024 { _ = try book.command(quit) }
        #expect(try book.command(quit) == [refused("quit", "1024 commands wait for its program")])
    }

    @Test func moreThan1024WaitingCommandsAreRefused() throws {
        var book = try startedBook()
        for _ in 0..<1024 { _ = try book.command(quit) }
        #expect(try book.command(quit) == [refused("quit", "1024 commands wait for its program")])
        #expect(book.plugin.state["waiting"] == .integer(1024))
    }

    @Test func moreThan64CommandsOfItsOwnAreRefused() throws {
        var book = try startedBook()
        let said = #"{"type":"execute","tag":"t","message":{"execute":"query-name"}}"#
        for _ in 0..<64 { _ = book.program(program, says: said) }
        let line = #"{"type":"outcome","tag":"t","refused":"64 commands of yours are not answered yet"}"#
        #expect(book.program(program, says: said) == ["write to program 1: \(line)"])
        // They count until they are answered, also those of a program that has ended.
        _ = book.outcome(of: program, is: .ended(.killed(signal: 9)))
        _ = book.timer("restart")
        #expect(book.program(Tag("program", 2), says: said) == ["write to program 2: \(line)"])
        #expect(book.outcome(of: Tag("execution", 1), is: .monitorLost) == [])
        #expect(book.program(Tag("program", 2), says: said).first?.hasPrefix("execute execution 65 ") == true)
    }

    @Test func aLineThatWasNotReadLosesWhatWasAskedWithIt() throws {
        var book = try startedBook()
        _ = try book.command(quit)
        book.now += .milliseconds(1)
        _ = try book.command(quit)
        let lost = book.outcome(of: program, is: .refused(reason: "1 MiB waits already"))
        #expect(
            lost == [
                "log warning: lines are lost: its program does not read what it is told, or they are too long",
                "release command 2: " + refused("quit", "its program could not be told"),
            ]
        )
        #expect(book.outcome(of: program, is: .refused(reason: "1 MiB waits already")) == [])
        #expect(book.plugin.state["lines-lost"] == .integer(2))
    }

    @Test func anAbsurdProgramIsEndedAfter100Lines() throws {
        var book = try startedBook()
        for _ in 0..<99 { #expect(book.program(program, says: "hello").count == 2) }
        let last = book.program(program, says: "hello").suffix(2)
        #expect(last == ["log error: its program is ended: 100 of its lines could not be used", "stop program 1"])
    }

    @Test func aVerdictThatComesTooLateIsNoFaultOfTheProgram() throws {
        var book = try startedBook()
        for number in 1...200 {
            _ = try book.command(quit)
            _ = book.outcome(of: Tag("command", number), is: .clientGone)
            let verdict = #"{"type":"verdict","command":\#(number),"forward":true}"#
            #expect(book.program(program, says: verdict).count == 2)
        }
        #expect(book.plugin.state["program"] == .string("running"))
    }

    @Test func onlyTheBeginningOfALongLineIsRepeated() throws {
        var book = try startedBook()
        let said = String(repeating: "a", count: 1 << 16)
        let line = try #require(book.program(program, says: said).first)
        #expect(line.contains(#""line":"\#(said.prefix(256))","#))
    }

    @Test(arguments: [
        #"{"type":"hello","version":1,"commands":["*"]}"#,
        #"{"type":"verdict","command":1,"replace":{"execute":"stop","arguments":{"a":[1,"\u00e9"]}}}"#,
        #"{"type":"execute","tag":"t","message":{"execute":"stop"},"timeout":"2s"}"#,
    ])
    func aLineThatIsCutAnywhereDoesNothing(line: String) throws {
        for count in 0..<line.count {
            var book = try startedBook()
            _ = try book.command(quit)
            let lines = book.program(program, says: String(line.prefix(count)))
            #expect(lines.count == 2 && lines[1].hasPrefix("log warning: line 1 of its program cannot be used: "))
        }
    }

    @Test(arguments: [
        ("hello", "JSON parse error, invalid keyword 'hello'"),
        ("[]", "QMP input must be a JSON object"),
        (#"{"version":1}"#, "type: wanted is a text"),
        (#"{"type":"verdcit"}"#, #"unknown type "verdcit": did you mean verdict?"#),
        (#"{"type":"hello","version":"1"}"#, "version: wanted is a whole number"),
        (#"{"type":"hello","version":1,"command":[]}"#, #"unknown member "command": did you mean commands?"#),
        (#"{"type":"hello","version":1,"events":["A",1]}"#, "events: wanted is a list of at most 1024 names"),
        (#"{"type":"verdict","command":"1"}"#, "command: wanted is a command's number"),
        (#"{"type":"verdict","command":1}"#, "a verdict has exactly one of forward, replace, return, error"),
        (
            #"{"type":"verdict","command":1,"forward":true,"return":{}}"#,
            "a verdict has exactly one of forward, replace, return, error"
        ),
        (#"{"type":"verdict","command":1,"forward":false}"#, "forward: wanted is true"),
        (#"{"type":"verdict","command":1,"replace":{}}"#, "replace: QMP input lacks member 'execute'"),
        (
            #"{"type":"verdict","command":1,"replace":{"exec-oob":"quit"}}"#,
            "replace: wanted is execute, as the client has said"
        ),
        (#"{"type":"verdict","command":1,"error":"no"}"#, #"error: wanted is {"class": …, "desc": …}"#),
        (
            #"{"type":"verdict","command":1,"error":{"class":"Error","desc":"no"}}"#,
            #"error: unknown class "Error": wanted is one of GenericError, CommandNotFound, "#
                + "DeviceNotActive, DeviceNotFound, KVMMissingCap"
        ),
        (#"{"type":"verdict","command":9,"forward":true}"#, "command 9 does not wait for a verdict"),
        (#"{"type":"execute","message":{"execute":"stop"}}"#, "tag: wanted is a text"),
        (#"{"type":"execute","tag":"t"}"#, #"message: wanted is a command: {"execute": …}"#),
        (
            #"{"type":"execute","tag":"t","message":{"execute":"stop"},"timeout":"2"}"#,
            "timeout: wanted is a duration with its unit from 1ms to 10min"
        ),
        (#"{"type":"mark"}"#, "text: wanted is a text"),
        (#"{"type":"log","text":"x","level":"loud"}"#, "level: wanted is one of debug, info, warning, error"),
    ])
    func saysWhatIsWrongWithALineAndDoesNothing(said: String, why: String) throws {
        var book = try startedBook()
        _ = try book.command(quit)
        func quoted(_ text: String) -> String { JSONValue.string(text).written().text }
        let line = #"{"type":"error","line":\#(quoted(said)),"error":\#(quoted(why))}"#
        #expect(
            book.program(program, says: said) == [
                "write to program 1: \(line)", "log warning: line 1 of its program cannot be used: \(why)",
            ]
        )
    }
}
