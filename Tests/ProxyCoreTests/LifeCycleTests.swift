import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// QEMU comes and goes; so does the proxy.
@Suite(.timeLimit(.minutes(15)))
struct LifeCycleTests {
    private let stop = #"{"execute":"stop","id":1}"#

    @Test func clientsAreClosedWhenQEMUIsGone() {
        var book = Playbook()
        book.connect()
        book.join(1)
        _ = book.client(1, says: stop)
        #expect(
            book.feed(.closed(.monitor, reason: "closed by peer")) == [
                "pause client 1", "finish client 1", "set closing 1 10.0", "set reconnect 0.1",
            ]
        )
    }

    @Test func whatQEMUSaidLastReachesTheClientsFirst() {
        var book = Playbook()
        book.connect()
        book.join(1)
        let event = #"{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "SHUTDOWN"}"#
        #expect(book.monitor(says: event) == ["→ client 1 \(event)"])
        #expect(book.feed(.closed(.monitor, reason: "closed by peer")).contains("finish client 1"))
    }

    @Test func keptClientsAreToldWhatWasLost() {
        var book = Playbook {
            $0.keepsClients = true
            $0.limits.inBandInFlightMax = 1
        }
        book.connect()
        book.join(1)
        _ = book.client(1, says: stop + #"{"execute":"cont","id":2}"#)
        #expect(
            book.feed(.closed(.monitor, reason: "closed by peer")) == [
                #"→ client 1 {"id": 1, "error": {"class": "GenericError", "#
                    + #""desc": "The monitor unix:/qemu is gone, the outcome is unknown"}}"#,
                #"→ client 1 {"id": 2, "error": {"class": "GenericError", "#
                    + #""desc": "The monitor unix:/qemu is not connected"}}"#,
                "set reconnect 0.1",
            ]
        )
        #expect(
            book.client(1, says: stop) == [
                #"→ client 1 {"id": 1, "error": {"class": "GenericError", "#
                    + #""desc": "The monitor unix:/qemu is not connected"}}"#
            ]
        )
        book.reconnect()
        #expect(book.client(1, says: stop) == [#"→ monitor {"execute":"stop","id":[5, 1]}"#])
    }

    @Test func outOfBandCommandsOfKeptClientsTakeTheirTurnWhenTheNextQEMUHasNone() {
        var book = Playbook { $0.keepsClients = true }
        book.connect()
        book.join(1, outOfBand: true)
        _ = book.feed(.closed(.monitor, reason: "closed by peer"))
        book.reconnect(greeting: #"{"QMP": {"version": {}, "capabilities": []}}"#)
        #expect(book.client(1, says: stop) == [#"→ monitor {"execute":"stop","id":[2, 1]}"#])
        #expect(book.client(1, says: #"{"exec-oob":"query-yank","id":2}"#) == [], "one is in flight already")
        #expect(
            book.monitor(says: #"{"return": {}, "id": [2, 1]}"#) == [
                #"→ client 1 {"return": {}, "id": 1}"#, #"→ monitor {"exec-oob":"query-yank","id":[3, 2]}"#,
            ]
        )
    }

    @Test func triesAgainEverLessOften() {
        var book = Playbook()
        _ = book.feed(.started)
        var delays: [String] = []
        for _ in 1...8 {
            delays += book.feed(.monitorUnreachable(reason: "connection refused"))
            #expect(book.feed(.timerFired(.reconnect)) == ["connect"])
        }
        #expect(
            delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0].map { "set reconnect \($0)" }
        )
        #expect(book.log.count == 1, "the same reason is told once")
    }

    @Test func waitsForAQEMUThatConnectsByItself() {
        var book = Playbook { $0.waitsForMonitor = true }
        book.connect()
        #expect(book.feed(.closed(.monitor, reason: "closed by peer")) == ["connect"])
    }

    @Test func aMonitorThatSaysNothingIsNotDead() {
        var book = Playbook()
        _ = book.feed(.started)
        #expect(book.feed(.monitorOpened(peer: "test")) == [])
        #expect(book.accept(1) == ["pause client 1"])
    }

    @Test func whatTheLastClientLeftBehindBelongsToNobody() {
        var book = Playbook { $0.recording = "r" }
        _ = book.feed(.started)
        _ = book.feed(.monitorOpened(peer: "test"))
        _ = book.monitor(says: Playbook.greeting)
        _ = book.accept(1)
        _ = book.client(1, says: #"{"execute":"qmp_capabilities"}{"execute":"stop","id":7}"#)
        #expect(book.monitor(says: #"{"return": {"late": true}, "id": [2, 7]}"#) == [])
        #expect(book.entries.last?.place == .monitor)
        #expect(book.monitor(says: #"{"return": {}, "id": "ours"}"#) == [#"→ monitor {"execute":"stop","id":[2, 7]}"#])
    }

    @Test func aMonitorThatIsNoneIsLeftAlone() {
        var book = Playbook()
        _ = book.feed(.started)
        _ = book.feed(.monitorOpened(peer: "test"))
        #expect(book.monitor(says: "QEMU 7.2.22 monitor - type 'help' for more information") == ["close monitor"])
        #expect(
            book.log.last == "error: unix:/qemu is no QMP monitor: "
                + #"not a QMP message: "QEMU 7.2.22 monitor - type \'help\' for more information""#
        )
        #expect(book.feed(.closed(.monitor, reason: "closed")) == ["set reconnect 0.1"])
    }

    @Test func stopsWhenWhatIsInFlightIsAnswered() {
        var book = Playbook()
        book.connect()
        book.join(1)
        _ = book.client(1, says: stop)
        #expect(book.feed(.stopRequested).contains("set stopping 2.0"))
        let end = book.monitor(says: #"{"return": {}, "id": [2, 1]}"#)
        #expect(end.contains(#"→ client 1 {"return": {}, "id": 1}"#) && end.contains("finish monitor"))
        _ = book.feed(.closed(.client(1), reason: "closed"))
        #expect(book.feed(.closed(.monitor, reason: "closed")).last == "stopped")
    }

    @Test func stopsAllTheSameWhenQEMUDoesNotAnswer() {
        var book = Playbook()
        book.connect()
        book.join(1)
        _ = book.client(1, says: stop)
        _ = book.feed(.stopRequested)
        #expect(book.feed(.timerFired(.stopping)).contains("finish monitor"))
    }
}
