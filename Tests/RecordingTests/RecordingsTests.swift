import Foundation
import QMP
import Recording
import Testing

/// The real recordings in `Recordings/`, read and written.
@Suite(.timeLimit(.minutes(15)))
struct RecordingsTests {
    private static let folder = URL(filePath: #filePath).appending(path: "../../../Recordings").standardizedFileURL
    private static let names =
        ["short-session", "errors-and-ids", "out-of-band", "block-job", "damaged"] + procedures

    /// A pair's.
    private static let procedures = [
        "colo-checkpoint-delay", "colo-frozen-secondary", "colo-periodic-primary-failover",
        "colo-periodic-primary-start", "colo-periodic-secondary-failover", "colo-periodic-secondary-start",
        "colo-primary-failover", "colo-primary-resume", "colo-primary-start", "colo-secondary-failover",
        "colo-secondary-resume", "colo-secondary-start", "colo-takeover-a", "colo-takeover-b",
    ]

    private func bytes(_ name: String) throws -> Bytes {
        [UInt8](try Data(contentsOf: Self.folder.appending(path: "\(name).qmprec")))[...]
    }

    private func items(of bytes: Bytes) throws -> [RecordingDecoder.Item] {
        var decoder = RecordingDecoder()
        decoder.append(bytes)
        var items: [RecordingDecoder.Item] = []
        while let item = try decoder.next() { items.append(item) }
        if let item = try decoder.finish() { items.append(item) }
        return items
    }

    /// A line of an item as an encoder writes it; what is no entry and no header, as it stands.
    private func encoded(_ item: RecordingDecoder.Item) -> Bytes {
        var line: [UInt8] = []
        switch item.content {
        case .header(let header): RecordingEncoder.append(header, to: &line)
        case .entry(let entry): RecordingEncoder.append(entry, to: &line)
        case .comment, .unreadable: line = item.bytes + [0x0A]
        case .note, .flaw: break
        }
        return line[...]
    }

    @Test func areAllHere() throws {
        let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(found.sorted() == Self.names.map { "\($0).qmprec" }.sorted())
    }

    @Test(arguments: names)
    func areWrittenAsTheyWereRead(name: String) throws {
        let bytes = try bytes(name)
        let written = try items(of: bytes).map(encoded).joined()
        // The damaged one ends in the midst of a line, as it may.
        let end: [UInt8] = bytes.last == 0x0A ? [] : [0x0A]
        #expect(Array(written) == bytes + end)
    }

    /// In one, a QEMU dies and another comes: that needs somebody who connects again.
    @Test(arguments: names.filter { $0 != "damaged" && $0 != "colo-takeover-a" })
    func arePlayedAsTheyWereRecorded(name: String) throws {
        var recording = PlayableRecording()
        for item in try items(of: bytes(name)) { recording.take(item, in: name) }
        var settings = PlaybackSettings()
        settings.speed = .max
        var playback = try MonitorPlayback(recording, settings: settings)
        playback.connected(at: .zero)
        var recorded: [String] = []
        for line in recording.runs[0].lines {
            switch (line.entry.place, line.entry.kind) {
            case (.monitor, .sent(.message(let message, _))): playback.received(message.joined, at: .zero)
            case (.monitor, .received(.message(let message, _))):
                // What QEMU says of a wrong envelope is known, though it was redacted.
                let known = #""desc": "QMP input member 'execute' must be a string""#
                recorded.append(message.joined.text.replacing(#""desc": "[redacted]""#, with: known))
            default: break
            }
        }
        playback.begin(at: .zero, offset: .zero)
        let played = playback.takeOutputs(at: .zero).compactMap { output in
            if case .send(let bytes) = output { String(bytes.text.dropLast()) } else { nil as String? }
        }
        #expect(played.sorted() == recorded.sorted())
        #expect(playback.summary.isComplete)
    }

    @Test(arguments: names)
    func areWholeButForOne(name: String) throws {
        let unreadable = try items(of: bytes(name)).compactMap { item in
            if case .unreadable(let why) = item.content { "\(item.line): \(why)" } else { nil as String? }
        }
        #expect(
            unreadable
                == (name != "damaged"
                    ? []
                    : [
                        "9: left out: no JSON: ',' is wanted at byte 100",
                        "11: left out: no JSON: '{' is wanted at byte 0",
                        "12: left out: not UTF-8", "20: the last line does not end and is left out",
                    ])
        )
    }

    /// Wherever a file is cut, all lines before that are there, and nothing else.
    @Test(arguments: ["damaged", "short-session"])
    func giveAllWholeLinesWhereverTheyAreCut(name: String) throws {
        let bytes = try bytes(name).prefix(3000)
        let whole = try items(of: bytes).filter(\.isLine)
        let header = try #require(whole.firstIndex { if case .header = $0.content { true } else { false } })
        let start = whole[...header].reduce(0) { $0 + $1.bytes.count + 1 }
        for length in start..<bytes.count {
            let cut = bytes.prefix(length)
            let lines = cut.count { $0 == 0x0A }
            let found = try items(of: cut).filter(\.isLine)
            #expect(Array(found.prefix(lines)) == Array(whole.prefix(lines)))
            #expect(found.count == lines + (cut.last == 0x0A ? 0 : 1))
        }
    }
}

extension RecordingDecoder.Item {
    fileprivate var isLine: Bool {
        switch content {
        case .note, .flaw: false
        case .header, .entry, .comment, .unreadable: true
        }
    }
}
