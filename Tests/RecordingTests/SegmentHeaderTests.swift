import QMP
import Recording
import Testing

/// The header of a segment that goes on from another.
@Suite(.timeLimit(.minutes(15)))
struct SegmentHeaderTests {
    private var header: RecordingHeader {
        var header = RecordingHeader(started: "2026", proxy: "1", monitor: "vm0", previous: "vm0-a.qmprec")
        header.begins = Instant(microseconds: 86_400_000_001)
        header.greeting = Bytes(text: #"{"QMP": {"version": {}}}"#)
        header.clients = [.init(number: 1, peer: "pid 7"), .init(number: 9, peer: "\"")]
        header.commands = [
            .init(number: 17, client: 1, name: "query-block", asked: Instant(microseconds: 86_399_000_000)),
            .init(number: 18, client: 9, name: nil),
        ]
        header.unknownMembers = Array(#""x": [1]"#.utf8)
        return header
    }

    private let line = #"""
        {"qmp-recording": 1, "started": "2026", "proxy": "1", "monitor": "vm0", "previous": "vm0-a.qmprec", \#
        "t": 86400.000001, "greeting": {"QMP": {"version": {}}}, \#
        "clients": [{"client": 1, "peer": "pid 7"}, {"client": 9, "peer": "\""}], \#
        "commands": [{"command": 17, "client": 1, "execute": "query-block", "t": 86399.000000}, \#
        {"command": 18, "client": 9}], "x": [1]}

        """#

    private func decoded(_ line: String) throws -> RecordingDecoder.Item.Content? {
        var decoder = RecordingDecoder()
        decoder.append(Bytes(text: line))
        return try decoder.next()?.content
    }

    @Test func isWrittenAndReadWhole() throws {
        var written: [UInt8] = []
        RecordingEncoder.append(header, to: &written)
        #expect(written[...].text == line)
        #expect(try decoded(line) == .header(header))
    }

    /// With `pretty=on` a greeting has lines, and cannot be embedded.
    @Test func keepsAGreetingOfSeveralLines() throws {
        var header = header
        header.greeting = Bytes(text: "{\r\n    \"QMP\": {}\r\n}")
        var written: [UInt8] = []
        RecordingEncoder.append(header, to: &written)
        #expect(written[...].text.contains(#""greeting": "{\r\n    \"QMP\": {}\r\n}", "#))
        #expect(try decoded(written[...].text) == .header(header))
    }

    /// A reply whose command stands in the segment before has its name and latency all the same.
    @Test func tellsTheLatencyOfWhatWasAskedBefore() throws {
        var conversation = Conversation()
        conversation.take(header)
        let reply = Entry(
            time: Instant(microseconds: 86_401_000_000),
            place: .client(1),
            kind: .sent(.message(SplicedMessage(Bytes(text: #"{"return": {}}"#)), .json)),
            command: 17
        )
        let meaning = conversation.take(reply)
        #expect(meaning.command?.name == "query-block")
        #expect(meaning.latency == 2_000_000)
    }
}
