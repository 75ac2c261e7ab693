import Exec
import PluginKit
import ProxyTesting
import QMP
import Testing

/// A program has commands of its own executed, and is told what has become of them.
@Suite(.timeLimit(.minutes(15)))
struct ExecExecutionTests {
    private let program = Tag("program", 1)

    @Test func executesWhatTheProgramSaysToTheByte() throws {
        var book = try startedBook()
        let said = #"{"type":"execute","tag":"a","message":{'execute':  "stop"}}"#
        #expect(
            book.program(program, says: said) == [#"execute execution 1 on monitor for 10s: {'execute':  "stop"}"#]
        )
        let yank = #"{"type":"execute","tag":"b","message":{"exec-oob":"yank"},"timeout":"2s"}"#
        #expect(
            book.program(program, says: yank) == [#"execute execution 2 on monitor for 2s: {"exec-oob":"yank"}"#]
        )
    }

    @Test(arguments: [
        (Outcome.answered(.success(.object([]))), #""return":{}"#),
        (.answered(.success(.double(.infinity))), #""text":"inf""#),
        (
            .answered(.failure(ProtocolError(.deviceNotFound, "gone"))),
            #""error":{"class":"DeviceNotFound","desc":"gone"}"#
        ),
        (.timedOut, #""timed-out":true"#),
        (.monitorLost, #""monitor-lost":true"#),
        (.refused(reason: "no monitor"), #""refused":"no monitor""#),
    ])
    func tellsWhatHasBecomeOfIt(outcome: Outcome, text: String) throws {
        var book = try startedBook()
        _ = book.program(program, says: #"{"type":"execute","tag":"é","message":{"execute":"stop"}}"#)
        let line = #"write to program 1: {"type":"outcome","tag":"\u00E9",\#(text)}"#
        #expect(book.outcome(of: Tag("execution", 1), is: outcome) == [line])
        #expect(book.outcome(of: Tag("execution", 1), is: outcome) == [])
    }
}
