import ProxyCore
import ProxyTesting
import Testing

/// Descriptors wait per client as they would in QEMU, and travel alone.
@Suite(.timeLimit(.minutes(15)))
struct DescriptorTests {
    private let getfd = #"{"execute":"getfd","arguments":{"fdname":"d"}}"#

    private func joined(_ change: (inout EngineSettings) -> Void = { _ in }) -> Playbook {
        var book = Playbook(change)
        book.connect()
        book.join(1)
        book.join(2)
        return book
    }

    @Test func leaveWithTheFirstByteOfTheCommandThatTakesThem() {
        var book = joined()
        let sent = book.client(1, says: getfd, descriptors: [4, 5])
        #expect(sent == [#"→ monitor {"id": [3], "execute":"getfd","arguments":{"fdname":"d"}} [fds 4 5]"#])
    }

    @Test func waitUntilACommandTakesThem() {
        var book = joined()
        _ = book.client(1, says: "  ", descriptors: [4])
        #expect(book.client(1, says: #"{"execute":"stop"}"#) == [#"→ monitor {"id": [3], "execute":"stop"}"#])
        _ = book.monitor(says: #"{"return": {}, "id": [3]}"#)
        #expect(
            book.client(1, says: #"{"execute":"add-fd"}"#) == [#"→ monitor {"id": [4], "execute":"add-fd"} [fds 4]"#]
        )
    }

    @Test func areReplacedByTheNextSet() {
        var book = joined()
        _ = book.client(1, says: " ", descriptors: [4])
        #expect(book.client(1, says: " ", descriptors: [5]) == ["close descriptors 4"])
    }

    @Test func areNeverSeenByAnotherClient() {
        var book = joined()
        _ = book.client(1, says: " ", descriptors: [4])
        #expect(
            book.client(2, says: getfd) == [#"→ monitor {"id": [3], "execute":"getfd","arguments":{"fdname":"d"}}"#]
        )
    }

    @Test func stayWithTheirClientWhenQEMUWouldNotTakeThem() {
        var book = joined()
        let sent = book.client(1, says: #"{"execute":"getfd"}"#, descriptors: [4])
        #expect(sent == [#"→ monitor {"id": [3], "execute":"getfd"}"#])
        #expect(book.feed(.closed(.client(1), reason: "closed by peer")) == ["close descriptors 4"])
    }

    @Test func waitUntilNothingIsInFlightAndNothingFollows() {
        var book = joined()
        _ = book.client(2, says: #"{"execute":"stop"}"#)
        #expect(book.client(1, says: getfd, descriptors: [4]) == [])
        #expect(book.client(2, says: #"{"execute":"cont"}"#) == [], "nobody overtakes")
        #expect(
            book.monitor(says: #"{"return": {}, "id": [3]}"#) == [
                #"→ client 2 {"return": {}}"#,
                #"→ monitor {"id": [4], "execute":"getfd","arguments":{"fdname":"d"}} [fds 4]"#,
            ]
        )
        #expect(
            book.monitor(says: #"{"return": {}, "id": [4]}"#) == [
                #"→ client 1 {"return": {}}"#, #"→ monitor {"id": [5], "execute":"cont"}"#,
            ]
        )
    }

    @Test func areClosedWhenTheirClientLeavesBeforeItsTurn() {
        var book = joined()
        _ = book.client(2, says: #"{"execute":"stop"}"#)
        _ = book.client(1, says: getfd, descriptors: [4])
        #expect(book.feed(.closed(.client(1), reason: "closed by peer")) == ["close descriptors 4"])
    }

    @Test func areClosedWhenTheMonitorCannotTakeAny() {
        var book = joined { $0.passesDescriptors = false }
        #expect(
            book.client(1, says: getfd, descriptors: [4]) == [
                "close descriptors 4", #"→ monitor {"id": [3], "execute":"getfd","arguments":{"fdname":"d"}}"#,
            ]
        )
    }

    @Test func ofTheSameNameFromTwoClientsAreLogged() {
        var book = joined()
        for client in [1, 2] {
            _ = book.client(client, says: getfd, descriptors: [client])
            _ = book.monitor(says: #"{"return": {}, "id": [\#(client + 2)]}"#)
        }
        #expect(book.log.last == #"warning: client 2 replaced the descriptor named "d""#)
    }
}
