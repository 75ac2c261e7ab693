import QMP
import Testing

@testable import Recording

/// What is recorded on its way to where it is written: lines, and entries that are none yet.
@Suite(.timeLimit(.minutes(15)))
struct RecordedLinesTests {
    private static func said(_ text: String, _ form: Entry.Form = .json) -> SplicedMessage {
        SplicedMessage(Bytes(text: text + "\r\n"))
    }

    /// A command and its reply as the engine records them: at the client, to the monitor, from it, to the client.
    private func command(_ number: Int, _ text: String, _ reply: String) -> [(SplicedMessage, Passage)] {
        let time = Instant(microseconds: Int64(number))
        return [
            (text, Entry.Form.json, false, 1), (text, .json, true, nil), (reply, .plainMonitor, false, nil),
            (reply, .plainMonitor, true, 1),
        ].map { text, form, isSent, client in
            let passage = Passage(at: time, form, isSent: isSent, client: client, command: number, descriptors: 0)
            return (Self.said(text), passage)
        }
    }

    /// All lines, those of entries among them; and which of them were entries still.
    private func taken(_ recorded: inout RecordedLines) -> (lines: [String], entries: [Int]) {
        var lines: [String] = []
        var entries: [Int] = []
        recorded.forEach { line in
            lines.append(String(decoding: line, as: UTF8.self))
        } entry: { entry in
            entries.append(lines.count)
            lines.append(line(entry))
        }
        recorded.removeAll()
        return (lines, entries)
    }

    private func line(_ entry: Entry) -> String {
        var line: [UInt8] = []
        RecordingEncoder.append(entry, to: &line)
        return line[...].text
    }

    @Test func aMessageIsALineAtOnce() {
        var recorded = RecordedLines(redacting: [])
        #expect(recorded.isEmpty)
        let messages = command(7, #"{"execute": "stop", "id": 1}"#, #"{"return": {}, "id": 1}"#)
        for (message, passage) in messages { recorded.append(message, passage) }
        #expect(recorded.isAllLines && !recorded.isEmpty && recorded.count == 4)
        #expect(recorded.time == Instant(microseconds: 7))
        let wanted = messages.map { line(Entry($0, $1)) }
        let whole = recorded.withLines { String(decoding: $0, as: UTF8.self) }
        #expect(whole == wanted.joined())
        #expect(taken(&recorded).lines == wanted)
        #expect(recorded.isEmpty && recorded.count == 0)
    }

    @Test func whatIsLongStaysAnEntryInItsPlace() {
        var recorded = RecordedLines(redacting: [])
        let short = command(1, #"{"execute": "stop"}"#, #"{"return": {}}"#)
        let long = command(2, #"{"execute": "stop"}"#, "{\"return\": \"\(String(repeating: "x", count: 4096))\"}")
        let opened = entry(3, .client(2), .opened(peer: "x"))
        for (message, passage) in short + long { recorded.append(message, passage) }
        recorded.append(opened)
        recorded.append(short[0].0, short[0].1)
        #expect(!recorded.isAllLines)
        let (lines, entries) = taken(&recorded)
        #expect(entries == [6, 7])
        let wanted = (short + long).map { Entry($0, $1) } + [opened, Entry(short[0].0, short[0].1)]
        #expect(lines == wanted.map(line))
    }

    /// Beyond a mebibyte of lines the rest are entries, which share their bytes.
    @Test func linesAreBounded() {
        var recorded = RecordedLines(redacting: [])
        let messages = (1...3000).flatMap { number in
            command(number, #"{"execute": "stop", "id": \#(number)}"#, #"{"return": {}, "id": \#(number)}"#)
        }
        for (message, passage) in messages { recorded.append(message, passage) }
        #expect(1 << 20..<(1 << 20) + 512 ~= recorded.withLines(\.count))
        #expect(taken(&recorded).lines == messages.map { line(Entry($0, $1)) })
    }

    /// Whether as a line or as an entry: nothing of a secret is left, also where the reply comes a turn later.
    @Test(arguments: ["", String(repeating: "x", count: 5000)])
    func secretsAreLeftOut(rest: String) {
        let text = #"{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "hush\#(rest)"}}"#
        let messages = command(1, text, #"{"error": {"class": "GenericError", "desc": "not 'hush\#(rest)'"}}"#)
        var recorded = RecordedLines(redacting: [])
        var lines: [String] = []
        for (message, passage) in messages {
            recorded.append(message, passage)
            lines += taken(&recorded).lines
        }
        var redaction = Redaction(isLive: true)
        #expect(lines == messages.map { line(redaction.redact(Entry($0, $1))) })
        #expect(lines.allSatisfy { !$0.contains("hush") && $0.contains("[redacted]") })
        // As it was said, if that is wished.
        recorded = RecordedLines(redacting: nil)
        for (message, passage) in messages { recorded.append(message, passage) }
        #expect(taken(&recorded).lines == messages.map { line(Entry($0, $1)) })
    }

    /// All that may be long is counted, so that no line is.
    @Test func noLineIsLong() {
        let long = String(repeating: "x", count: 5000)
        let kinds: [Entry.Kind] = [
            .opened(peer: long), .closed(reason: long), .mark(text: long), .sent(.sameAsMonitor(id: Bytes(text: long))),
            .received(.invalid(Bytes(text: long), error: nil)), .received(.withheld(bytes: 1, error: long)),
            .verdict("answer", .message(SplicedMessage(Bytes(text: long)), .dialect)),
            .sent(.message(SplicedMessage(Bytes(text: "{}"), cut: 1..<1, insert: Bytes(text: long)), .json)),
            .other(kind: "x", line: Bytes(text: long)),
        ]
        var recorded = RecordedLines(redacting: nil)
        for kind in kinds { recorded.append(entry(1, .client(1), kind)) }
        #expect(recorded.count == 0)
        let passage = Passage(at: .zero, .json, isSent: true, client: 1, command: 1, descriptors: 0)
        recorded.append(SplicedMessage(Bytes(text: "{}"), cut: 1..<1, insert: Bytes(text: long)), passage)
        #expect(taken(&recorded).entries.count == kinds.count + 1)
    }
}
