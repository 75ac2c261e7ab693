import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct RecordingDecoderTests {
    private static let whole: [Told] =
        [.header(Session.header, line: 1)]
        + Session.entries.enumerated().map { .entry($0.element, line: $0.offset + 2) }

    /// Everything a decoder says to bytes in pieces of some size; an error ends it.
    private func decode(
        _ bytes: Bytes,
        piece: Int = .max,
        lineBytesMax: Int = RecordingDecoder.lineBytesMaxDefault
    ) -> (items: [Told], error: String?) {
        var decoder = RecordingDecoder(lineBytesMax: lineBytesMax)
        var items: [RecordingDecoder.Item] = []
        do throws(RecordingDecoder.NotARecording) {
            for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: min(piece, max(1, bytes.count))) {
                decoder.append(bytes[start..<min(bytes.endIndex, start + min(piece, bytes.count))])
                while let item = try decoder.next() { items.append(item) }
            }
            if let item = try decoder.finish() { items.append(item) }
            return (items.told, nil)
        } catch {
            return (items.told, error.description)
        }
    }

    private func decode(_ text: String) -> [Told] {
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
            if length <= 2 {
                #expect(items == [])
                #expect(error == (length == 0 ? "it is empty" : "its first line does not end"))
            } else {
                let note = Told.unreadable("the last line does not end and is left out", line: lines + 1)
                #expect(items == Self.whole.prefix(lines) + (isTorn ? [note] : []))
                #expect(error == nil)
            }
        }
    }

    @Test
    func writesAgainWhatItRead() {
        var lines: [UInt8] = []
        for item in decode(Session.lines) {
            switch item.content {
            case .header(let header): RecordingEncoder.append(header, to: &lines)
            case .entry(let entry): RecordingEncoder.append(entry, to: &lines)
            case .comment, .unreadable, .note, .flaw: Issue.record("there is none: \(item)")
            }
        }
        #expect(lines[...].text == Session.lines)
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
    func keepsEveryLineAsItStands() throws {
        let edited = Session.lines.replacing("\"t\": 2.000000", with: "  \"t\"  : 2")
        let text = edited + "# by hand\n\n{\"t\": 7, \"is\": \n"
        var decoder = RecordingDecoder()
        decoder.append(Bytes(text: text))
        var items: [RecordingDecoder.Item] = []
        while let item = try decoder.next() { items.append(item) }
        #expect(items.lines == text)
    }

    @Test
    func saysThatTheClockGoesBack() {
        let lines = Session.lines.split(separator: "\n")
        #expect(
            decode([lines[0], lines[4], lines[3], lines[5], ""].joined(separator: "\n")) == [
                .header(Session.header, line: 1), .entry(Session.entries[3], line: 2),
                .flaw("the clock goes back by 0.204117 s", line: 3), .entry(Session.entries[2], line: 3),
                .entry(Session.entries[4], line: 4),
            ]
        )
        for again in [lines[0].replacing("2026", with: "2027"), lines[0].replacing("vm0", with: "vm1")] {
            #expect(decode([lines[0], lines[4], again, lines[3], ""].joined(separator: "\n")).count == 4)
        }
    }

    @Test
    func knowsCommentsAndEmptyLines() {
        let lines = Session.lines.split(separator: "\n")
        let text = "# by hand\n\n  \r\n" + lines[0] + "\r\n  # more\n" + lines[1] + "\n# the end"
        #expect(
            decode(text) == [
                .comment(line: 1), .comment(line: 2), .comment(line: 3), .header(Session.header, line: 4),
                .comment(line: 5), .entry(Session.entries[0], line: 6), .comment(line: 7),
            ]
        )
    }

    @Test
    func saysThatTheHeaderIsMissing() {
        let lines = Session.lines.split(separator: "\n")
        #expect(
            decode(lines[1] + "\n" + lines[2] + "\n") == [
                .flaw("there is no header before it", line: 1), .entry(Session.entries[0], line: 1),
                .entry(Session.entries[1], line: 2),
            ]
        )
    }

    @Test
    func readsANewerFormatAsFarAsItCan() {
        var header = Session.header
        header.format = 2
        header.unknownMembers = Array(#""new": [{}]"#.utf8)
        let text = Session.lines.replacing(#""qmp-recording": 1"#, with: #""qmp-recording": 2, "new": [{}]"#)
        let note = Told.note("format 2 is newer than 1, the newest known here", line: 1)
        #expect(decode(text) == [note, .header(header, line: 1)] + Self.whole.dropFirst())
    }

    @Test(arguments: [
        ("", "it is empty"), ("\n \n# nothing\n", "it is empty"),
        ("\u{7F}ELF\u{2}\u{1}", "it begins like something else"),
        ("hello\n", "line 1: no JSON: '{' is wanted at byte 0"),
        ("{}\n", "line 1: \"is\" is missing"),
        (#"{"level": "info"}"# + "\n", "line 1: \"is\" is missing"),
        (#"{"t": 1, "level": "info"}"# + "\n", "line 1: \"is\" is missing"),
        ("#!/bin/sh\necho\n", "line 2: no JSON: '{' is wanted at byte 0"),
        ("{\"level", "its first line does not end"), ("\u{FEFF}{}", "its first line does not end"),
    ])
    func refusesWhatIsNoRecording(text: String, error: String) {
        let result = decode(Bytes(text: text))
        #expect(result.items.filter { $0.content != .comment } == [])
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
                    .header(Session.header, line: 1), .unreadable("longer than 500 bytes, left out", line: 2),
                    .entry(Session.entries[0], line: 3),
                ]
            )
            #expect(error == nil)
        }
        let torn = decode(Bytes(text: lines[0] + "\n" + String(repeating: "x", count: 1000)), lineBytesMax: 500)
        let note = Told.unreadable("the last line does not end and is left out", line: 2)
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

    /// A header of which one byte is damaged, or that was torn before the recorder went on, costs its own line only.
    @Test
    func goesOnBehindADamagedHeader() {
        let lines = Session.lines.split(separator: "\n").map { Array($0.utf8) }
        let entry = Array(RecordingTests.line(Session.entries[0]).utf8)
        for index in lines[0].indices {
            var damaged = lines[0]
            damaged[index] = 0xFF
            let (items, error) = decode((damaged + [0x0A] + entry)[...], piece: 1)
            #expect(Array(items.dropFirst()) == Self.withoutHeader, "byte \(index)")
            #expect(items.first?.isUnreadable == true)
            #expect(error == nil)
            guard index > 0 else { continue }
            let torn = decode((lines[0][..<index] + [0x0A] + lines[0] + [0x0A] + entry)[...])
            let rest: [Told] = [.header(Session.header, line: 2), .entry(Session.entries[0], line: 3)]
            #expect(Array(torn.items.dropFirst()) == rest)
            #expect(torn.items.first?.isUnreadable == true)
        }
    }

    /// What may be a torn header is none when something else goes on from it.
    @Test
    func refusesJSONOverSeveralLines() {
        let (items, error) = decode(Bytes(text: "{\n  \"level\": 1\n}\n"))
        #expect(items == [.unreadable("left out: no JSON: a member's name is wanted at byte 1", line: 1)])
        #expect(error == "line 2: no JSON: '{' is wanted at byte 2")
    }

    private static let withoutHeader: [Told] = [
        .flaw("there is no header before it", line: 2), .entry(Session.entries[0], line: 2),
    ]

    @Test(arguments: [
        "\u{FEFF}" + Session.lines.prefix { $0 != "\n" }, #"{"qmp-recording": "1"}"#, #"{"t": 1.0000"#,
        #"{"t": 1, "iz": "mark", "at": "proxy"}"#,
    ])
    func goesOnBehindAFirstLineThatBeginsLikeOneOfOurs(first: String) {
        let items = decode(first + "\n" + RecordingTests.line(Session.entries[0]))
        #expect(Array(items.dropFirst()) == Self.withoutHeader)
        #expect(items.first?.isUnreadable == true)
    }
}

extension Told {
    fileprivate var isUnreadable: Bool {
        if case .unreadable = content { line == 1 } else { false }
    }
}
