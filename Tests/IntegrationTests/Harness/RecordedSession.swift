import Foundation
import QMP
import Recording

/// What the clients of a recording said and heard.
struct RecordedSession {
    static let folder = URL(filePath: #filePath).appending(path: "../../../../Recordings").standardizedFileURL.path

    private(set) var entries: [Entry] = []

    /// The recording at a path; what cannot be read is left out.
    init(_ path: String) throws {
        var decoder = RecordingDecoder()
        decoder.append([UInt8](try Data(contentsOf: URL(filePath: path)))[...])
        while let item = try decoder.next() {
            if case .entry(let entry) = item.content { entries.append(entry) }
        }
    }

    /// Events in the order in which QEMU sent them.
    func isEvent(_ entry: Entry) -> Bool {
        entry.place == .monitor && entry.command == nil && text(entry)?.hasPrefix("{\"timestamp\"") == true
    }

    /// The bytes that came in or went out; `nil` if there are none, or not all are in the recording.
    func text(_ entry: Entry) -> String? {
        switch entry.kind {
        case .received(.message(let message, _)), .sent(.message(let message, _)): message.joined.text
        case .sent(.sameAsMonitor(let id)): shortened(entry, id)
        default: nil
        }
    }

    /// Whether a client's command reached the monitor.
    func reachedMonitor(_ entry: Entry) -> Bool {
        entries.contains { other in
            if case .sent = other.kind { other.place == .monitor && other.command == entry.command } else { false }
        }
    }

    /// What QEMU answered to a client's command, as the client got it or would have got it.
    func reply(to entry: Entry) -> String? {
        entries.first { other in
            if case .sent = other.kind { other.place == entry.place && other.command == entry.command } else { false }
        }.flatMap(text)
    }

    /// The monitor's reply with the client's id in its place, which is the last one.
    private func shortened(_ entry: Entry, _ id: Bytes?) -> String? {
        let reply = entries.first { other in
            if case .received = other.kind { other.place == .monitor && other.command == entry.command } else { false }
        }
        guard let text = reply.flatMap(text), let start = text.ranges(of: ", \"id\": [").last else { return nil }
        return text[..<start.lowerBound] + (id.map { ", \"id\": \($0.text)" } ?? "") + "}"
    }
}
