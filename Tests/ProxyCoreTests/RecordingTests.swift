import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// What the engine has to do with its recording.
@Suite(.timeLimit(.minutes(15)))
struct RecordingTests {
    private func recorded(_ change: (inout EngineSettings) -> Void = { _ in }) -> Playbook {
        var book = Playbook {
            $0.recording = "/tmp/r.qmprec"
            change(&$0)
        }
        book.connect()
        book.join(1)
        return book
    }

    private func lines(_ entries: ArraySlice<Entry>) -> [String] {
        entries.map { entry in
            var line: [UInt8] = []
            RecordingEncoder.append(entry, to: &line)
            return line.dropLast().text
        }
    }

    // MARK: - Marks

    @Test func notesAClientsMark() {
        var book = recorded()
        let before = book.entries.count
        let mark = #"{"execute":"__org.qmp-proxy_mark","arguments":{"text":"here \u00fc"},"id":1}"#
        #expect(book.client(1, says: mark) == [#"→ client 1 {"return": {}, "id": 1}"#])
        #expect(
            lines(book.entries[before...]) == [
                #"{"t": 0.000000, "at": "client 1", "is": "received", "command": 2, "message": \#(mark)}"#,
                #"{"t": 0.000000, "at": "client 1", "is": "mark", "command": 2, "text": "here ü"}"#,
                #"{"t": 0.000000, "at": "client 1", "is": "sent", "command": 2, "message": {"return": {}, "id": 1}}"#,
            ]
        )
    }

    @Test(arguments: [
        (#"{"execute":"__org.qmp-proxy_mark"}"#, "Parameter 'text' is missing"),
        (
            #"{"execute":"__org.qmp-proxy_mark","arguments":{"text":1}}"#,
            "Invalid parameter type for 'text', expected: string"
        ),
        (#"{"execute":"__org.qmp-proxy_mark","arguments":{"text":"a","x":1}}"#, "Parameter 'x' is unexpected"),
    ])
    func refusesWhatIsNoMark(command: String, error: String) {
        var book = recorded()
        #expect(
            book.client(1, says: command) == [
                #"→ client 1 {"error": {"class": "GenericError", "desc": "\#(error)"}}"#
            ]
        )
    }

    @Test func saysThatAMarkWouldBeLost() {
        var book = Playbook()
        book.connect()
        book.join(1)
        let error = "Nothing is recorded: the proxy was started without a recording"
        #expect(
            book.client(1, says: #"{"execute":"__org.qmp-proxy_mark","arguments":{"text":"a"}}"#) == [
                #"→ client 1 {"error": {"class": "GenericError", "desc": "\#(error)"}}"#
            ]
        )
    }

    // MARK: - Segments

    @Test func tellsTheNextSegmentHowThingsStand() {
        var book = recorded()
        _ = book.accept(7)
        _ = book.client(1, says: String(repeating: #"{"execute":"stop"}"#, count: 7))
        book.now = Instant(microseconds: 3)
        _ = book.client(1, says: #"{"execute":"cont"}"#)
        let recording = RecordingHeader(started: "2026", proxy: "0", monitor: "vm0")
        let header = book.engine.header(ofSegmentIn: recording, at: Instant(microseconds: 5))
        #expect(
            header
                == {
                    var wanted = recording
                    wanted.begins = Instant(microseconds: 5)
                    wanted.greeting = Bytes(text: Playbook.greeting)
                    wanted.clients = [.init(number: 1, peer: "test"), .init(number: 7, peer: "test")]
                    // Seven are at the monitor, the eighth waits.
                    wanted.commands = (2...8).map { .init(number: $0, client: 1, name: "stop", asked: .zero) }
                    wanted.commands.append(.init(number: 9, client: 1, name: "cont", asked: book.now))
                    return wanted
                }()
        )
        #expect(Playbook { _ in }.engine.header(ofSegmentIn: recording, at: .zero) == recording)
    }

    // MARK: - Long replies

    private func entryOfReply(to command: String, _ reply: String, answered: String) -> String? {
        var book = recorded()
        _ = book.client(1, says: command)
        #expect(book.monitor(says: reply).first == "→ client 1 \(answered)")
        return lines(book.entries[...]).last
    }

    @Test func writesALongReplyOnce() {
        let long = String(repeating: "x", count: 5000)
        let start = #"{"t": 0.000000, "at": "client 1", "is": "sent", "command": 2, "#
        let id = #"{"execute":"stop","id":"a"}"#
        #expect(
            entryOfReply(
                to: id,
                #"{"return": "\#(long)", "id": [2, "a"]}"#,
                answered: #"{"return": "\#(long)", "id": "a"}"#
            ) == start + #""same-as": "monitor", "id": "a"}"#
        )
        #expect(
            entryOfReply(
                to: #"{"execute":"stop"}"#,
                #"{"return": "\#(long)", "id": [2]}"#,
                answered: #"{"return": "\#(long)"}"#
            ) == start + #""same-as": "monitor"}"#
        )
        #expect(
            entryOfReply(to: id, #"{"return": 1, "id": [2, "a"]}"#, answered: #"{"return": 1, "id": "a"}"#)
                == start + #""message": {"return": 1, "id": "a"}}"#
        )
    }

    @Test func writesALongReplyTwiceIfItsIdIsNoJSON() {
        let long = String(repeating: "x", count: 5000)
        #expect(
            entryOfReply(
                to: #"{"execute":"stop","id":1e400}"#,
                #"{"return": "\#(long)", "id": [2, inf]}"#,
                answered: #"{"return": "\#(long)", "id": inf}"#
            )?.hasPrefix(#"{"t": 0.000000, "at": "client 1", "is": "sent", "command": 2, "text": "{\"return\""#) == true
        )
    }

    // MARK: - Trouble

    private let trouble = ProxyEvent.recordingChanged(trouble: "no space", entriesLost: 0)
    private let settled = ProxyEvent.recordingChanged(trouble: nil, entriesLost: 3)

    @Test func servesOnWhenTheRecordingHasTrouble() {
        var book = recorded()
        #expect(book.feed(trouble) == [])
        #expect(book.client(1, says: #"{"execute":"stop"}"#) == [#"→ monitor {"id": [2], "execute":"stop"}"#])
    }

    @Test func closesClientsWhileTheRecordingHasTroubleIfToldSo() {
        var book = recorded { $0.needsRecording = true }
        #expect(
            book.feed(trouble) == [
                "pause client 1", "finish client 1", "set closing 1 10.0", "pause accepting",
            ]
        )
        #expect(
            book.log.last == "error: nothing passes unrecorded: clients are closed until the recording is written again"
        )
        #expect(book.accept(2) == ["pause client 2", "finish client 2", "set closing 2 10.0"])
        #expect(book.feed(.recordingChanged(trouble: "another", entriesLost: 1)) == [])
        #expect(book.feed(settled) == ["resume accepting"])
        #expect(book.accept(3).first?.hasPrefix("→ client 3 ") == true)
    }

    @Test func takesNobodyInWhenThereWereTooManyBefore() {
        var book = recorded {
            $0.needsRecording = true
            $0.limits.clientsMax = 1
        }
        #expect(book.feed(trouble) == ["pause client 1", "finish client 1", "set closing 1 10.0"])
        #expect(book.feed(settled) == [])
        #expect(book.feed(.closed(.client(1), reason: "done")) == ["cancel closing 1", "resume accepting"])
    }

    @Test func doesNotLogWhatBelongsToNobody() {
        var book = recorded()
        _ = book.monitor(says: #"{"return": "hunter2"}"#)
        #expect(book.log.last == "info: a message of 23 bytes that belongs to nobody")
    }
}
