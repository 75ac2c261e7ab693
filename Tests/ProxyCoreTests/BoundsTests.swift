import ProxyCore
import ProxyTesting
import QMP
import Testing

/// Who floods or does not read harms nobody else, and nothing grows without end.
@Suite(.timeLimit(.minutes(15)))
struct BoundsTests {
    private let stop = #"{"execute":"stop"}"#

    private func joined(_ change: (inout EngineSettings) -> Void = { _ in }) -> Playbook {
        var book = Playbook(change)
        book.connect()
        book.join(1)
        book.join(2)
        return book
    }

    @Test func aClientThatFloodsIsNotReadFrom() {
        var book = joined { $0.limits.waitingMax = 8 }
        #expect(book.client(1, says: String(repeating: stop, count: 20)).contains("pause client 1"))
        #expect(book.client(2, says: stop) == [])
    }

    @Test func itIsReadFromAgainWhenAllItSaidHasFoundItsPlace() {
        var book = joined { $0.limits.waitingMax = 8 }
        _ = book.client(1, says: String(repeating: stop, count: 9))
        #expect(
            book.monitor(says: #"{"return": {}, "id": [3]}"#) == [
                #"→ client 1 {"return": {}}"#, #"→ monitor {"id": [10], "execute":"stop"}"#,
            ]
        )
        #expect(book.monitor(says: #"{"return": {}, "id": [4]}"#).contains("resume client 1"))
    }

    @Test func aClientThatDoesNotReadIsNotReadFrom() {
        var book = joined()
        #expect(book.feed(.unsent(.client(1), bytes: 1 << 16, beyondCurrent: 0)) == ["pause client 1"])
        #expect(book.feed(.unsent(.client(1), bytes: 0, beyondCurrent: 0)) == ["resume client 1"])
    }

    @Test func answersThatWaitBehindOthersCountAsUnsent() {
        var book = joined { $0.limits.unsentBytesBeforePause = 100 }
        #expect(book.client(1, says: stop) == [#"→ monitor {"id": [3], "execute":"stop"}"#])
        #expect(book.client(1, says: "\"\(String(repeating: "x", count: 100))\u{1}\n") == ["pause client 1"])
        #expect(book.monitor(says: #"{"return": {}, "id": [3]}"#).last == "resume client 1")
    }

    @Test func outOfBandCommandsCountUntilTheyAreAnswered() {
        var book = Playbook { $0.limits.waitingBytesMax = 30 }
        book.connect()
        book.join(1, outOfBand: true)
        let sent = book.client(1, says: #"{"exec-oob":"query-yank","id":1}"#)
        #expect(sent == ["pause client 1", #"→ monitor {"exec-oob":"query-yank","id":[2, 1]}"#])
        #expect(
            book.monitor(says: #"{"return": [], "id": [2, 1]}"#) == [
                #"→ client 1 {"return": [], "id": 1}"#, "resume client 1",
            ]
        )
    }

    @Test func aClientThatFallsTooFarBehindIsClosed() {
        var book = joined()
        _ = book.feed(.unsent(.client(1), bytes: 200 << 20, beyondCurrent: 64 << 20))
        #expect(book.feed(.unsent(.client(1), bytes: 200 << 20, beyondCurrent: 64 << 20 + 1)) == ["close client 1"])
        #expect(book.log.last == "warning: client 1 closed: 209715200 bytes unsent: it does not read")
    }

    @Test func theOneMostBehindIsClosedWhenAllTogetherAreTooFar() {
        var book = joined { $0.limits.unsentBytesOfAllMax = 100 }
        _ = book.feed(.unsent(.client(1), bytes: 60, beyondCurrent: 0))
        #expect(book.feed(.unsent(.client(2), bytes: 41, beyondCurrent: 0)) == ["pause client 1", "close client 1"])
    }

    @Test func theOneWhoseInputIsLargestIsClosedWhenAllTogetherIsTooMuch() {
        var book = joined {
            $0.limits.inputBytesOfAllMax = 1000
            $0.limits.waitingBytesMax = 100
        }
        _ = book.client(1, says: "{\"" + String(repeating: "x", count: 600))
        #expect(
            book.client(2, says: "{\"" + String(repeating: "x", count: 500)) == ["pause client 1", "close client 1"]
        )
    }
}
