import ProxyCore
import ProxyTesting
import QMP
import Testing

/// What the simulator found, each in as few lines as it takes.
@Suite(.timeLimit(.minutes(15)))
struct SimulatorFindingsTests {
    private let getfd = #"{"execute":"getfd","arguments":{"fdname":"d"}}"#

    /// `refuse` answers what waits, but does not take it out of `waitingBytes`.
    @Test func aKeptClientIsReadFromAgainWhenWhatItHadWaitingWasRefused() {
        var book = Playbook {
            $0.keepsClients = true
            $0.limits.inBandInFlightMax = 1
            $0.limits.waitingBytesMax = 30
        }
        book.connect()
        book.join(1)
        _ = book.client(1, says: #"{"execute":"stop","id":1}{"execute":"cont","id":2}{"execute":"cont","id":3}"#)
        let lines = book.feed(.closed(.monitor, reason: "closed by peer"))
        #expect(lines.contains("resume client 1"))
    }

    /// QEMU refuses `exec-oob` of `getfd` before it takes a descriptor, and keeps it for whoever
    /// asks next; and an out-of-band command waits for no barrier.
    @Test func anOutOfBandCommandTakesNoDescriptors() {
        var book = Playbook()
        book.connect()
        book.join(1, outOfBand: true)
        let sent = book.client(1, says: #"{"exec-oob":"getfd","arguments":{"fdname":"d"}}"#, descriptors: [4])
        #expect(sent == [#"→ monitor {"id": [2], "exec-oob":"getfd","arguments":{"fdname":"d"}}"#])
        #expect(book.feed(.closed(.client(1), reason: "closed by peer")) == ["close descriptors 4"])
    }

    /// `ended` closes the monitor, but until `closed` comes it is taken for ready.
    @Test func nothingIsSentToAMonitorThatHasEnded() {
        var book = Playbook()
        book.connect()
        book.join(1)
        #expect(book.feed(.ended(.monitor)) == ["close monitor"])
        let lines = book.client(1, says: #"{"execute":"stop"}"#)
        #expect(!lines.contains { $0.hasPrefix("→ monitor") })
    }

    /// Decoded while in-band commands are sent, it waits for the next event to come.
    @Test func anOutOfBandCommandGoesAtOnceThoughItWasHeldUpBehindOthers() {
        var book = Playbook { $0.limits.waitingBytesMax = 20 }
        book.connect()
        book.join(1, outOfBand: true)
        let sent = book.client(1, says: #"{"execute":"stop","id":1}{"exec-oob":"query-yank","id":2}"#)
        #expect(
            sent.filter { $0.hasPrefix("→ monitor") } == [
                #"→ monitor {"execute":"stop","id":[2, 1]}"#, #"→ monitor {"exec-oob":"query-yank","id":[3, 2]}"#,
            ]
        )
    }

    /// Another client is dropped, and the one that was reported is forgotten.
    @Test func aClientThatDoesNotReadIsNotReadFromThoughAnotherWasWorse() {
        var book = Playbook {
            $0.limits.unsentBytesBeforePause = 40
            $0.limits.unsentBytesOfAllMax = 100
        }
        book.connect()
        book.join(1)
        book.join(2)
        _ = book.feed(.unsent(.client(1), bytes: 60, beyondCurrent: 0))
        let lines = book.feed(.unsent(.client(2), bytes: 41, beyondCurrent: 0))
        #expect(lines == ["close client 1", "pause client 2"] || lines == ["pause client 2", "close client 1"])
    }

    /// Until `closed` comes, what was unsent to a dropped client still counts.
    @Test func aClientIsDroppedOnce() {
        var book = Playbook { $0.limits.unsentBytesOfAllMax = 100 }
        book.connect()
        book.join(1)
        book.join(2)
        _ = book.feed(.unsent(.client(1), bytes: 60, beyondCurrent: 0))
        #expect(book.feed(.unsent(.client(2), bytes: 41, beyondCurrent: 0)) == ["pause client 1", "close client 1"])
        #expect(book.feed(.unsent(.client(2), bytes: 42, beyondCurrent: 0)) == [])
    }

    /// What a dropped client had waiting may have held up the others.
    @Test func othersGoOnWhenTheOneTheyWaitedForIsDropped() {
        var book = Playbook { $0.limits.unsentBytesMax = 100 }
        book.connect()
        book.join(1)
        book.join(2)
        _ = book.client(2, says: #"{"execute":"slow"}"#)
        _ = book.client(1, says: getfd, descriptors: [4])
        _ = book.client(2, says: #"{"execute":"cont"}"#)
        let lines = book.feed(.unsent(.client(1), bytes: 200, beyondCurrent: 101))
        #expect(lines.contains(#"→ monitor {"id": [5], "execute":"cont"}"#))
    }

    /// QEMU hangs and its socket is full; `finish` waits for ever, and no timer is set.
    @Test func stopsThoughTheMonitorDoesNotTakeItsLastBytes() {
        var book = Playbook()
        book.connect()
        book.join(1)
        _ = book.client(1, says: #"{"execute":"stop"}"#)
        _ = book.feed(.unsent(.monitor, bytes: 20, beyondCurrent: 0))
        _ = book.feed(.stopRequested)
        let lines = book.feed(.timerFired(.stopping))
        #expect(lines.contains("finish monitor") && lines.contains { $0.hasPrefix("set stopping") })
        #expect(book.feed(.timerFired(.stopping)).contains("close monitor"))
    }

    /// `refuse` does not look at the phase.
    @Test func aClientThatWasDroppedIsNotToldWhatWasLost() {
        var book = Playbook {
            $0.keepsClients = true
            $0.limits.unsentBytesMax = 100
        }
        book.connect()
        book.join(1, outOfBand: true)
        _ = book.client(1, says: #"{"exec-oob":"query-yank"}"#)
        #expect(book.feed(.unsent(.client(1), bytes: 200, beyondCurrent: 101)).contains("close client 1"))
        let lines = book.feed(.closed(.monitor, reason: "closed by peer"))
        #expect(!lines.contains { $0.hasPrefix("→ client 1") })
    }

    /// `ended` changes the phase, so that `monitorClosed` does not see that the connection was of use.
    @Test func triesSoonAgainWhenAConnectionThatWasOfUseHasEnded() {
        var book = Playbook()
        _ = book.feed(.started)
        _ = book.feed(.monitorUnreachable(reason: "connection refused"))
        _ = book.feed(.timerFired(.reconnect))
        book.reconnect()
        _ = book.feed(.ended(.monitor))
        #expect(book.feed(.closed(.monitor, reason: "closed")).contains("set reconnect 0.1"))
    }

    /// A client that is dropped while its last bytes go out has a timer, which must not outlive it.
    @Test func aClientThatIsDroppedWhenItWasBeingClosedLeavesNoTimer() {
        var book = Playbook { $0.limits.unsentBytesMax = 100 }
        book.connect()
        book.join(1)
        #expect(book.feed(.ended(.client(1))).contains("set closing 1 10.0"))
        var lines = book.feed(.unsent(.client(1), bytes: 200, beyondCurrent: 101))
        #expect(lines.contains("close client 1"))
        lines += book.feed(.closed(.client(1), reason: "closed"))
        #expect(lines.contains("cancel closing 1"))
    }

    /// Nobody is served while the recording is lacking, not even by a monitor that comes meanwhile.
    @Test func whoIsBeingClosedUngreetedIsNotGreeted() {
        var book = Playbook {
            $0.recording = "r"
            $0.needsRecording = true
        }
        _ = book.feed(.started)
        _ = book.accept(1)
        #expect(book.feed(.recordingChanged(trouble: "no space", entriesLost: 1)).contains("finish client 1"))
        _ = book.feed(.monitorOpened(peer: "test"))
        #expect(book.monitor(says: Playbook.greeting).map { $0.prefix(9) } == ["→ monitor"])
    }
}
