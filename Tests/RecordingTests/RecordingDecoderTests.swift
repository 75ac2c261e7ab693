import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RecordingDecoderTests {
    private typealias Item = RecordingDecoder.Item

    private static let whole: [RecordingDecoder.Item] =
        [.header(Session.header, line: 1)]
        + Session.entries.enumerated().map { .entry($0.element, line: $0.offset + 2) }

    /// Everything a decoder says to bytes in pieces of some size; an error ends it.
    private func decode(
        _ bytes: Bytes,
        piece: Int = .max,
        lineBytesMax: Int = RecordingDecoder.lineBytesMaxDefault
    ) -> (items: [RecordingDecoder.Item], error: String?) {
        var decoder = RecordingDecoder(lineBytesMax: lineBytesMax)
        var items: [Item] = []
        do throws(RecordingDecoder.NotARecording) {
            for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: min(piece, max(1, bytes.count))) {
                decoder.append(bytes[start..<min(bytes.endIndex, start + min(piece, bytes.count))])
                while let item = try decoder.next() { items.append(item) }
            }
            if let item = try decoder.finish() { items.append(item) }
            return (items, nil)
        } catch {
            return (items, error.description)
        }
    }

    private func decode(_ text: String) -> [RecordingDecoder.Item] {
        let (items, error) = decode(Bytes(text: text))
        #expect(error == nil)
        return items
    }

    @Test
    func readsTheSameHoweverItIsCut() {
        let bytes = Bytes(text: Session.lines)
        // The longest line has fewer bytes.
        for piece in Array(1...200) + [bytes.count] {
            let (items, error) = decode(bytes, piece: piece)
            #expect(items == Self.whole, "in pieces of \(piece)")
            #expect(error == nil)
        }
    }

    @Test
    func givesAllWholeLinesOfAFileCutAnywhere() {
        let bytes = Bytes(text: Session.lines)
        for length in 0..<bytes.count {
            let cut = bytes.prefix(length)
            let lines = cut.count { $0 == 0x0A }
            let isTorn = cut.last != 0x0A
            let (items, error) = decode(cut)
            if lines == 0 {
                #expect(items == [])
                #expect(error == (length == 0 ? "it is empty" : "its first line does not end"))
            } else {
                let note = Item.note("the last line does not end and is left out", line: lines + 1)
                #expect(items == Self.whole.prefix(lines) + (isTorn ? [note] : []))
                #expect(error == nil)
            }
        }
    }

    @Test
    func writesAgainWhatItRead() {
        var lines: [UInt8] = []
        for case .entry(let entry, _) in decode(Session.lines) { RecordingEncoder.append(entry, to: &lines) }
        #expect(lines[...].text == Session.lines.split(separator: "\n").dropFirst().joined(separator: "\n") + "\n")
    }

    @Test
    func takesSeveralHeaders() {
        let later = RecordingHeader(started: "2027", proxy: "0.2.0", monitor: "vm0", previous: "a")
        var line: [UInt8] = []
        RecordingEncoder.append(later, to: &line)
        let count = Session.entries.count + 1
        #expect(decode(Session.lines + line[...].text) == Self.whole + [.header(later, line: count + 1)])
    }

    @Test
    func passesOverCommentsAndEmptyLines() {
        let lines = Session.lines.split(separator: "\n")
        let text = "# by hand\n\n  \r\n" + lines[0] + "\r\n  # more\n" + lines[1] + "\n# the end"
        #expect(decode(text) == [.header(Session.header, line: 4), .entry(Session.entries[0], line: 6)])
    }

    @Test
    func saysThatTheHeaderIsMissing() {
        let lines = Session.lines.split(separator: "\n")
        #expect(
            decode(lines[1] + "\n" + lines[2] + "\n") == [
                .note("there is no header before it", line: 1), .entry(Session.entries[0], line: 1),
                .entry(Session.entries[1], line: 2),
            ]
        )
    }

    @Test
    func readsANewerFormatAsFarAsItCan() {
        var header = Session.header
        header.format = 2
        let text = Session.lines.replacing(#""qmp-recording": 1"#, with: #""qmp-recording": 2, "new": [{}]"#)
        let note = Item.note("format 2 is newer than 1, the newest known here", line: 1)
        #expect(decode(text) == [note, .header(header, line: 1)] + Self.whole.dropFirst())
    }

    @Test(arguments: [
        ("", "it is empty"), ("\n \n# nothing\n", "it is empty"),
        ("\u{7F}ELF\u{2}\u{1}", "it begins like something else"),
        ("hello\n", "line 1: no JSON: '{' is wanted at byte 0"),
        ("{}\n", "line 1: \"is\" is missing"),
        (#"{"level": "info"}"# + "\n", "line 1: \"is\" is missing"),
        (#"{"qmp-recording": "1"}"# + "\n", "line 1: \"qmp-recording\" is no number"),
        ("#!/bin/sh\necho\n", "line 2: no JSON: '{' is wanted at byte 0"),
        ("{\"qmp-rec", "its first line does not end"),
    ])
    func refusesWhatIsNoRecording(text: String, error: String) {
        let result = decode(Bytes(text: text))
        #expect(result.items == [])
        #expect(result.error == error)
    }

    @Test
    func refusesAnyBinaryFileWithoutReadingIt() {
        for first in UInt8.min...UInt8.max where first != UInt8(ascii: "{") && first != UInt8(ascii: "#") {
            var decoder = RecordingDecoder()
            decoder.append([first > 0x20 ? first : 0x80, 0, 0, 0])
            #expect(throws: RecordingDecoder.NotARecording.self) { try decoder.next() }
        }
    }

    @Test
    func goesOnBehindALineThatIsTooLong() {
        let lines = Session.lines.split(separator: "\n", omittingEmptySubsequences: false)
        let text = lines[0] + "\n" + String(repeating: "x", count: 1000) + "\n" + lines[1] + "\n"
        for piece in [1, 7, 999, 1000, 1001, 10_000] {
            let (items, error) = decode(Bytes(text: String(text)), piece: piece, lineBytesMax: 500)
            #expect(
                items == [
                    .header(Session.header, line: 1), .note("longer than 500 bytes, left out", line: 2),
                    .entry(Session.entries[0], line: 3),
                ]
            )
            #expect(error == nil)
        }
        let torn = decode(Bytes(text: lines[0] + "\n" + String(repeating: "x", count: 1000)), lineBytesMax: 500)
        let note = Item.note("the last line does not end and is left out", line: 2)
        #expect(torn.items == [.header(Session.header, line: 1), note])
    }

    /// Any single byte of a line replaced by any of a few others: nothing traps, and the next line does not suffer.
    @Test
    func survivesEveryDamagedByte() {
        let lines = Session.lines.split(separator: "\n").map { Array($0.utf8) + [0x0A] }
        for (line, intact) in zip(lines.dropFirst(), Session.entries.dropFirst()) {
            let next = Array(RecordingTests.line(intact).utf8)
            for index in line.indices.dropLast() {
                for byte in [0x00, 0x22, 0x5C, 0x7B, 0x7D, 0x39, 0xFF] as [UInt8] {
                    var damaged = line
                    damaged[index] = byte
                    let (items, error) = decode((lines[0] + damaged + next)[...])
                    #expect(items.first == Self.whole[0])
                    #expect(items.last == .entry(intact, line: 3))
                    #expect(error == nil)
                }
            }
        }
    }
}
