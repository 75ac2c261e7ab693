import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct RedactedCopyTests {
    private func copy(
        _ text: String,
        piece: Int = .max
    ) throws -> (
        text: String, notes: [String], summary: String
    ) {
        var copy = RedactedCopy()
        var notes: [String] = []
        var written: [UInt8] = []
        let bytes = Bytes(text: text)
        for start in stride(from: 0, to: bytes.count, by: min(piece, bytes.count)) {
            try copy.take(bytes[start..<min(bytes.count, start + min(piece, bytes.count))]) {
                notes.append($0)
            }
            written += copy.takeLines()
        }
        try copy.finish { notes.append($0) }
        written += copy.takeLines()
        return (written[...].text, notes, copy.summary)
    }

    private static let start = #"""
        {"qmp-recording": 1, "started": "2026-11-21T03:06:29.120Z", "proxy": "0.1.0", "monitor": "vm0"}
        # by hand

        {"t":   1, "at": "client 1", "is": "opened", "peer": "pid 1"}
        """#

    @Test
    func keepsEveryByteOfWhatHasNoSecret() throws {
        let text =
            Self.start + "\r\n" + #"{"t": 2, "is": "seen", "at": "the moon", "by": ["me"]}"# + "\n"
        for piece in [1, 7, 1000] {
            let (copied, notes, summary) = try copy(text, piece: piece)
            #expect(copied == text)
            #expect(notes == [])
            #expect(summary == "0 values redacted in 0 entries")
        }
    }

    @Test
    func redactsAndSaysWhatIsLeftOut() throws {
        let lines = [
            #"{"t": 1, "at": "client 1", "is": "received", "command": 1, "message": {"execute": "qom-get"}}"#,
            #"{"t": 2, "at": "monitor", "is": "received", "command": 1, "message": {"return": "x"}}"#,
            #"{"t": 3, "at": "client 1", "is": "sent", "command": 1, "same-as": "monitor"}"#,
            #"{"t": 4, "at": "proxy", "is": "new", "url": "http://a:b@c"}"#,
            #"{"t": 5, "at": "proxy", "is": "mark", "text": "x", "password": 1}"#,
            #"{"t": 6, "at": "proxy", "is": "mark", "text": "hunter2", "text": "x"}"#,
            #"{"t": 7, "at": "client 1", "is": "received", "message": {"execute": "stop"}, "text": "hunter2"}"#,
            "{hunter2",
        ]
        let (copied, notes, summary) = try copy(Self.start + "\n" + lines.joined(separator: "\n"))
        let expected = [
            Self.start, lines[0],
            #"{"t": 2.000000, "at": "monitor", "is": "received", "command": 1, "message": {"return": "[redacted]"}, "redacted": ["/return"]}"#,
            lines[2], #"{"t": 5.000000, "at": "proxy", "is": "mark", "text": "x"}"#,
            #"{"t": 6.000000, "at": "proxy", "is": "mark", "text": "x"}"#,
            #"{"t": 7.000000, "at": "client 1", "is": "received", "message": {"execute": "stop"}}"#, "",
        ]
        #expect(copied == expected.joined(separator: "\n"))
        #expect(
            notes == [
                "line 8: left out: of a kind that is unknown here, and may hold a secret",
                "line 9: members that are unknown here may hold a secret and are left out",
                "line 10: members that say nothing are left out",
                "line 11: members that say nothing are left out",
                "line 12: the last line does not end and is left out",
            ]
        )
        #expect(summary == "2 values redacted in 2 entries, 2 lines left out")
    }

    @Test
    func refusesWhatIsNoRecording() {
        #expect(throws: RecordingDecoder.NotARecording.self) { try copy("hello\n") }
        #expect(throws: RecordingDecoder.NotARecording.self) { try copy("{\"level") }
    }

    @Test(arguments: ["# the password is hunter2", "# my secret is hunter2", "# nbd://me:hunter2@host/disk"])
    func leavesOutACommentThatMayHoldASecret(comment: String) throws {
        let (copied, notes, _) = try copy(Self.start + "\n" + comment + "\n")
        #expect(copied == Self.start + "\n")
        #expect(notes == ["line 5: left out: a comment that may hold a secret"])
    }
}
