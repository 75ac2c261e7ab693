import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// Each client has its own greeting, negotiation, capabilities and order of replies; the monitor is shared fairly.
@Suite(.timeLimit(.minutes(15)))
struct ManyClientsTests {
    private let stop = #"{"execute":"stop"}"#

    @Test func greetsEachClientWithQEMUsOwnBytes() {
        var book = Playbook()
        book.connect()
        #expect(book.accept(1) == ["→ client 1 \(Playbook.greeting)"])
        #expect(book.accept(2) == ["→ client 2 \(Playbook.greeting)"])
    }

    @Test func negotiatesUpstreamOnceWithOutOfBand() {
        var book = Playbook()
        #expect(book.feed(.started) == ["connect"])
        #expect(book.feed(.monitorOpened(peer: "test")) == [])
        #expect(
            book.monitor(says: Playbook.greeting) == [
                #"→ monitor {"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "ours"}"#
            ]
        )
    }

    @Test func clientsThatCameEarlyAreGreetedWhenQEMUGreets() {
        var book = Playbook()
        _ = book.feed(.started)
        #expect(book.accept(1) == ["pause client 1"])
        _ = book.feed(.monitorOpened(peer: "test"))
        #expect(
            book.monitor(says: Playbook.greeting).dropFirst() == ["→ client 1 \(Playbook.greeting)", "resume client 1"]
        )
    }

    @Test func eventsGoToAllWhoHaveNegotiatedAndToNoOther() {
        var book = Playbook()
        book.connect()
        book.join(1)
        _ = book.accept(2)
        book.join(3)
        let event = #"{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}"#
        #expect(book.monitor(says: event) == ["→ client 1 \(event)", "→ client 3 \(event)"])
    }

    @Test func eachClientHasItsOwnCapabilities() {
        var book = Playbook()
        book.connect()
        book.join(1, outOfBand: true)
        book.join(2)
        let command = #"{"exec-oob":"query-yank","id":1}"#
        #expect(book.client(1, says: command) == [#"→ monitor {"exec-oob":"query-yank","id":[3, 1]}"#])
        #expect(
            book.client(2, says: command) == [
                #"→ client 2 {"id": 1, "error": {"class": "GenericError", "#
                    + #""desc": "QMP input member 'exec-oob' is unexpected"}}"#
            ]
        )
    }

    @Test func repliesKeepTheClientsOrderWhoeverMadeThem() {
        var book = Playbook()
        book.connect()
        book.join(1)
        let sent = book.client(1, says: #"{"execute":"a","id":1} ] {"execute":"qmp_capabilities","id":2}"#)
        #expect(sent == [#"→ monitor {"execute":"a","id":[2, 1]}"#])
        #expect(
            book.monitor(says: #"{"return": {}, "id": [2, 1]}"#) == [
                #"→ client 1 {"return": {}, "id": 1}"#,
                #"→ client 1 {"error": {"class": "GenericError", "desc": "JSON parse error, expecting value"}}"#,
                #"→ client 1 {"id": 2, "error": {"class": "CommandNotFound", "#
                    + #""desc": "Capabilities negotiation is already complete, command ignored"}}"#,
            ]
        )
    }

    @Test func outOfBandRepliesOvertake() {
        var book = Playbook()
        book.connect()
        book.join(1, outOfBand: true)
        _ = book.client(1, says: #"{"execute":"slow","id":1}{"exec-oob":"query-yank","id":2}"#)
        #expect(book.monitor(says: #"{"return": [], "id": [3, 2]}"#) == [#"→ client 1 {"return": [], "id": 2}"#])
        #expect(book.monitor(says: #"{"return": {}, "id": [2, 1]}"#) == [#"→ client 1 {"return": {}, "id": 1}"#])
    }

    @Test func sevenAreInFlightAndNoMore() {
        var book = Playbook()
        book.connect()
        book.join(1)
        #expect(book.client(1, says: String(repeating: stop, count: 9)).count == 7)
        let next = book.monitor(says: #"{"return": {}, "id": [2]}"#)
        #expect(next == [#"→ client 1 {"return": {}}"#, #"→ monitor {"id": [9], "execute":"stop"}"#])
    }

    @Test func oneIsInFlightToAMonitorWithoutOutOfBand() {
        var book = Playbook()
        book.connect(greeting: #"{"QMP": {"version": {}, "capabilities": []}}"#)
        book.join(1)
        #expect(book.client(1, says: stop + stop) == [#"→ monitor {"id": [2], "execute":"stop"}"#])
    }

    @Test func outOfBandPassesAFullQueue() {
        var book = Playbook()
        book.connect()
        book.join(1)
        book.join(2, outOfBand: true)
        _ = book.client(1, says: String(repeating: stop, count: 9))
        #expect(
            book.client(2, says: #"{"exec-oob":"query-yank"}"#) == [#"→ monitor {"id": [12], "exec-oob":"query-yank"}"#]
        )
    }

    @Test func clientsAreServedInTurnHoweverMuchOneAsks() {
        var book = Playbook()
        book.connect()
        book.join(1)
        book.join(2)
        _ = book.client(1, says: String(repeating: stop, count: 20))
        _ = book.client(2, says: #"{"execute":"first"}{"execute":"second"}"#)
        let order = (3...8).flatMap { book.monitor(says: #"{"return": {}, "id": [\#($0)]}"#) }
            .filter { $0.hasPrefix("→ monitor") }
        #expect(
            order == [
                #"→ monitor {"id": [10], "execute":"stop"}"#,
                #"→ monitor {"id": [23], "execute":"first"}"#,
                #"→ monitor {"id": [11], "execute":"stop"}"#,
                #"→ monitor {"id": [24], "execute":"second"}"#,
                #"→ monitor {"id": [12], "execute":"stop"}"#,
                #"→ monitor {"id": [13], "execute":"stop"}"#,
            ]
        )
    }

    @Test func repliesOfAClientThatLeftAreDropped() {
        var book = Playbook { $0.recording = "r" }
        book.connect()
        book.join(1)
        _ = book.client(1, says: stop)
        #expect(book.feed(.closed(.client(1), reason: "closed by peer")) == [])
        #expect(book.monitor(says: #"{"return": {}, "id": [2]}"#) == [])
        #expect(book.entries.last?.command == 2, "the reply is recorded all the same")
    }

    @Test func aClientThatEndsItsInputIsAnsweredBeforeItIsClosed() {
        var book = Playbook()
        book.connect()
        book.join(1)
        _ = book.client(1, says: stop)
        #expect(book.feed(.ended(.client(1))) == [])
        #expect(
            book.monitor(says: #"{"return": {}, "id": [2]}"#) == [
                #"→ client 1 {"return": {}}"#, "pause client 1", "finish client 1", "set closing 1 10.0",
            ]
        )
    }

    @Test func theMostClientsAllowedStopTheAccepting() {
        var book = Playbook { $0.limits.clientsMax = 1 }
        book.connect()
        #expect(book.accept(1) == ["→ client 1 \(Playbook.greeting)", "pause accepting"])
        #expect(book.feed(.closed(.client(1), reason: "closed by peer")) == ["resume accepting"])
        #expect(book.accept(2).first == "→ client 2 \(Playbook.greeting)")
    }
}
