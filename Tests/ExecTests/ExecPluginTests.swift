import Exec
import PluginKit
import ProxyTesting
import QMP
import Testing

/// A program is asked for verdicts, and told what it subscribes to.
@Suite(.timeLimit(.minutes(15)))
struct ExecPluginTests {
    private let quit = #"{"execute": "quit", "id": 7}"#

    @Test func startsTheProgramInAShellAndSaysHello() throws {
        var book = try execBook(PluginSettings.Member("events", .text("STOP")))
        #expect(book.start() == ["start program 1: /bin/sh -c night", "write to program 1: \(hello)"])
    }

    @Test func startsAProgramWithArgumentsAsItStands() throws {
        let command = PluginSettings.Member("command", .list([.text("/usr/bin/night"), .text("a b")]))
        let events = PluginSettings.Member("events", .text("STOP"))
        var book = try PluginBook(ExecPlugin.self, label: "night", settings: PluginSettings([command, events]))
        #expect(book.start().first == "start program 1: /usr/bin/night a b")
    }

    @Test func asksForWhatIsSubscribedToAndForNothingElse() throws {
        var book = try startedBook()
        let line = asked(1, "quit", #""message":\#(quit)"#)
        let hold = "hold command 1 for 5s, else closed"
        #expect(try book.command(quit) == ["write to program 1: \(line)", hold])
        #expect(try book.command(#"{"execute": "stop"}"#) == ["forward"])
    }

    @Test(arguments: [
        (#""forward":true"#, "forward"),
        (#""replace":{'execute': "stop" }"#, #"replace {'execute': "stop" }"#),
        (
            #""replace":{"id":7,"execute":"x","arguments":{"a": 1}}"#,
            #"replace {"id":7,"execute":"x","arguments":{"a": 1}}"#
        ),
        (#""return":{"status": "no"}"#, #"answer {"return": {"status": "no"}}"#),
        (
            #""error":{"class":"DeviceNotFound","desc":"it is night"}"#,
            #"answer {"error": {"class": "DeviceNotFound", "desc": "it is night"}}"#
        ),
    ])
    func doesWhatTheVerdictSays(said: String, done: String) throws {
        var book = try startedBook()
        _ = try book.command(quit)
        let verdict = #"{"type":"verdict","command":1,\#(said)}"#
        #expect(book.program(Tag("program", 1), says: verdict) == ["release command 1: \(done)"])
    }

    @Test func aVerdictThatComesTwiceOrTooLateDoesNothingAndIsTold() throws {
        var book = try startedBook()
        _ = try book.command(quit)
        _ = try book.command(quit)
        let verdict = #"{"type":"verdict","command":1,"forward":true}"#
        #expect(book.program(Tag("program", 1), says: verdict) == ["release command 1: forward"])
        let why = "command 1 does not wait for a verdict"
        let line = #"{"type":"error","line":\#(JSONValue.string(verdict).written().text),"error":"\#(why)"}"#
        let told = ["write to program 1: \(line)", "log debug: line 2 of its program cannot be used: \(why)"]
        #expect(book.program(Tag("program", 1), says: verdict) == told)

        #expect(book.outcome(of: Tag("command", 2), is: .timedOut) == [])
        let late = #"{"type":"verdict","command":2,"forward":true}"#
        #expect(book.program(Tag("program", 1), says: late).count == 2)
        #expect(book.plugin.state["late"] == .integer(1))
    }

    @Test func aCommandWhoseClientIsGoneWaitsNoLonger() throws {
        var book = try startedBook()
        _ = try book.command(quit)
        #expect(book.outcome(of: Tag("command", 1), is: .clientGone) == [])
        #expect(book.plugin.state["waiting"] == .integer(0))
        #expect(book.plugin.state["late"] == .integer(0))
    }

    @Test func tellsEventsAndRepliesAsTheyWereSaid() throws {
        var book = try startedBook()
        let event = #"{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}"#
        let line = #"{"type":"event","name":"STOP","monitor":"monitor","message":\#(event)}"#
        #expect(book.event(event) == ["write to program 1: \(line)", "deliver"])
        #expect(book.event(#"{"event": "RESUME"}"#) == ["deliver"])

        let reply = #"{"return": {}, "id": [1, 7]}"#
        let told = #"{"type":"reply","command":1,"name":"stop","message":\#(reply)}"#
        #expect(try book.reply(reply, to: #"{"execute": "stop"}"#) == ["write to program 1: \(told)", "forward"])
        #expect(try book.reply(reply, to: #"{"execute": "cont"}"#) == ["forward"])
    }

    @Test func whatIsNoStrictJSONIsToldAsText() throws {
        var book = try startedBook()
        let line = asked(1, "quit", #""text":"{'execute':\n 'quit'}""#)
        #expect(try book.command("{'execute':\n 'quit'}").first == "write to program 1: \(line)")
        let told = #"{"type":"reply","command":2,"name":"stop","text":"{\"return\": {\"load\": inf}}"}"#
        let lines = try book.reply(#"{"return": {"load": inf}}"#, to: #"{"execute": "stop"}"#)
        #expect(lines.first == "write to program 1: \(told)")
    }

    @Test func aNameIsKnownHoweverItIsSpelt() throws {
        var book = try startedBook()
        let message = #"{"execute": "qu\u0069t"}"#
        let line = asked(1, "quit", #""message":\#(message)"#)
        #expect(try book.command(message).first == "write to program 1: \(line)")
        #expect(try book.command(#"{"exec-oob": "quit"}"#).last == "hold command 2 for 5s, else closed")
    }

    @Test func tellsWhoAsksAndWhatCameWithIt() throws {
        var book = try startedBook()
        let peer = Client.Peer.internet(host: "::1", port: 4000)
        book.client = Client(number: 3, peer: peer, listener: "tcp:[::1]:4444", policy: "ops")
        let line =
            #"{"type":"command","command":1,"name":"quit","client":{"number":3,"peer":"[::1]:4000","#
            + #""listener":"tcp:[::1]:4444","policy":"ops"},"fds":2,"message":\#(quit)}"#
        #expect(try book.command(quit, descriptors: 2).first == "write to program 1: \(line)")
    }

    @Test(arguments: [
        (MonitorPhase.silent, #""state":"silent""#),
        (.gone(reason: "closed by peer"), #""state":"gone","reason":"closed by peer""#),
        (.unreachable(reason: "no such file"), #""state":"unreachable","reason":"no such file""#),
    ])
    func tellsHowTheMonitorIs(phase: MonitorPhase, text: String) throws {
        var book = try startedBook()
        let line = #"write to program 1: {"type":"monitor","monitor":"monitor",\#(text)}"#
        #expect(book.monitor(is: phase) == [line])
    }

    @Test func marksAndLogsWhatTheProgramSays() throws {
        var book = try startedBook()
        #expect(book.program(Tag("program", 1), says: #"{"type":"mark","text":"begins"}"#) == ["mark: begins"])
        #expect(book.program(Tag("program", 1), says: #"{"type":"log","text":"hm"}"#) == ["log info: hm"])
        let error = #"{"type":"log","level":"error","text":"oh\r\nno"}"#
        #expect(book.program(Tag("program", 1), says: error) == ["log error: oh no"])
    }

    @Test func tellsTheOperatorHowItIs() throws {
        var book = try startedBook()
        _ = try book.command(quit)
        let text =
            #"{"program": "running", "restarts": 0, "last-end": null, "commands": ["quit"], "events": ["STOP"], "#
            + #""replies": ["stop"], "waiting": 1, "executing": 0, "verdicts": 0, "late": 0, "undecided": 0, "#
            + #""lines-lost": 0}"#
        #expect(book.plugin.state == (try JSONValue(parsing: Bytes(text: text))))
    }
}
