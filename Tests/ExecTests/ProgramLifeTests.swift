import Exec
import PluginKit
import ProxyTesting
import QMP
import Testing

/// A program starts, says hello or not, ends, and is started again; meanwhile the policy decides.
@Suite(.timeLimit(.minutes(15)))
struct ProgramLifeTests {
    private let quit = #"{"execute": "quit"}"#
    private let query = #"{"execute": "query-name"}"#
    private let notRunning = "its program does not run"
    private let open = PluginSettings.Member("policy", .text("open"))

    private func ends(_ book: inout PluginBook, _ number: Int) -> [String] {
        book.outcome(of: Tag("program", number), is: .ended(.exited(status: 1)))
    }

    @Test func everyCommandWaitsUntilTheFirstHelloSaysWhichAreWanted() throws {
        var book = try execBook()
        #expect(book.start().last == "set hello 10s")
        #expect(try book.command(quit) == ["hold command 1 for 5s, else closed"])
        #expect(try book.command(query) == ["hold command 2 for 5s, else closed"])
        #expect(try book.command(#"{"execute": "__org.qmp-proxy_query-plugins"}"#) == ["forward"])
        #expect(try book.command(#"{"execute": "__org.qmp-proxy_colo-query-status"}"#) == ["forward"])
        let said = #"{"type":"hello","version":1,"commands":["qui?"],"events":["*"]}"#
        #expect(
            book.program(Tag("program", 1), says: said) == [
                "cancel hello", "write to program 1: " + asked(1, "quit", #""message":\#(quit)"#),
                "release command 2: forward",
            ]
        )
        #expect(try book.command(query) == ["forward"])
        #expect(book.event(#"{"event": "RESUME"}"#).count == 2)
    }

    @Test func aProgramThatSaysNoHelloIsEndedAndWhatWaitsIsRefused() throws {
        var book = try execBook()
        _ = book.start()
        _ = try book.command(query)
        #expect(
            book.timer("hello") == [
                "log error: its program is ended: it has said no hello in 10s", "cancel hello", "stop program 1",
                "release command 1: " + refused("query-name", notRunning),
            ]
        )
        #expect(try book.command(query) == [refused("query-name", notRunning)])
        #expect(
            ends(&book, 1) == [
                "set restart 100ms",
                "log warning: its program exited with status 1; it is started again in 100ms",
            ]
        )
    }

    @Test func aHelloAddsToWhatTheSettingsSay() throws {
        var book = try startedBook()
        #expect(book.program(Tag("program", 1), says: #"{"type":"hello","version":1,"commands":["cont"]}"#) == [])
        #expect(try book.command(quit).count == 2)
        #expect(try book.command(#"{"execute": "cont"}"#).count == 2)
    }

    @Test func aProgramOfAnotherVersionIsEndedWhateverElseItSays() throws {
        var book = try execBook()
        _ = book.start()
        let said = #"{"type":"hello","version":2,"everything":true}"#
        #expect(
            book.program(Tag("program", 1), says: said) == [
                "log error: its program is ended: it speaks version 2 of the protocol, and the proxy version 1",
                "cancel hello", "stop program 1",
            ]
        )
        #expect(book.program(Tag("program", 1), says: #"{"type":"mark","text":"too late"}"#) == [])
    }

    @Test func commandsAreRefusedWhileTheProgramDoesNotRun() throws {
        var book = try startedBook()
        _ = try book.command(quit)
        #expect(
            ends(&book, 1) == [
                "set restart 100ms",
                "log warning: its program exited with status 1; it is started again in 100ms",
                "release command 1: " + refused("quit", notRunning),
            ]
        )
        #expect(try book.command(quit) == [refused("quit", notRunning)])
        #expect(try book.command(query) == ["forward"])
        #expect(book.event(#"{"event": "STOP"}"#) == ["deliver"])
        #expect(book.plugin.state["lines-lost"] == .integer(1))
        #expect(book.plugin.state["undecided"] == .integer(2))
    }

    @Test func commandsPassWhileTheProgramDoesNotRunIfThePolicyIsOpen() throws {
        var book = try startedBook(open)
        #expect(try book.command(quit).last == "hold command 1 for 5s, else open")
        #expect(ends(&book, 1).last == "release command 1: forward")
        #expect(try book.command(quit) == ["forward"])
    }

    @Test func aProgramThatIsStartedAgainIsToldHowTheMonitorIs() throws {
        var book = try startedBook()
        _ = book.monitor(is: .silent)
        _ = ends(&book, 1)
        #expect(
            book.timer("restart") == [
                "start program 2: /bin/sh -c night", "write to program 2: \(hello)",
                #"write to program 2: {"type":"monitor","monitor":"monitor","state":"silent"}"#,
            ]
        )
        #expect(book.plugin.state["restarts"] == .integer(1))
    }

    @Test func whatAProgramSubscribedToHoldsUntilTheNextOneSaysHello() throws {
        var book = try execBook()
        _ = book.start()
        _ = book.program(Tag("program", 1), says: #"{"type":"hello","version":1,"commands":["quit"]}"#)
        _ = ends(&book, 1)
        #expect(try book.command(quit) == [refused("quit", notRunning)])
        _ = book.timer("restart")
        #expect(try book.command(quit) == ["hold command 2 for 5s, else closed"])
        #expect(try book.command(query) == ["forward"])
    }

    @Test func thePauseDoublesAndIsShortAgainAfterAProgramThatRanWell() throws {
        var book = try startedBook()
        var pauses: [String] = []
        for number in 1...11 {
            pauses.append(ends(&book, number)[0])
            _ = book.timer("restart")
        }
        let texts = ["100ms", "200ms", "400ms", "800ms", "1600ms", "3200ms", "6400ms", "12800ms", "25600ms"]
        #expect(pauses == (texts + ["30s", "30s"]).map { "set restart \($0)" })
        book.now += .seconds(10)
        #expect(ends(&book, 12)[0] == "set restart 100ms")
    }

    @Test func aProgramThatCannotBeStartedIsTriedAgain() throws {
        var book = try startedBook()
        let outcome = Outcome.ended(.notStarted(reason: "no such file"))
        #expect(
            book.outcome(of: Tag("program", 1), is: outcome) == [
                "set restart 100ms",
                "log warning: its program could not be started: no such file; it is started again in 100ms",
            ]
        )
    }

    @Test func whatAProgramSaysThatHasEndedDoesNotCount() throws {
        var book = try startedBook()
        _ = try book.command(quit)
        _ = ends(&book, 1)
        _ = book.timer("restart")
        #expect(book.program(Tag("program", 1), says: #"{"type":"mark","text":"late"}"#) == [])
        #expect(ends(&book, 1) == [])
    }
}
