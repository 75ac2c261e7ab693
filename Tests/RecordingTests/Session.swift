import QMP
import Recording

/// A small recording of every kind, its lines and its entries.
enum Session {
    static let header = RecordingHeader(started: "2026-11-21T03:06:29.120Z", proxy: "0.1.0", monitor: "vm0")

    static let lines = #"""
        {"qmp-recording": 1, "started": "2026-11-21T03:06:29.120Z", "proxy": "0.1.0", "monitor": "vm0", "previous": null}
        {"t": 0.000131, "at": "monitor", "is": "opened", "peer": "unix:/run/vm0/qemu.sock"}
        {"t": 0.000400, "at": "monitor", "is": "received", "message": {"QMP": {"version": {}, "capabilities": ["oob"]}}}
        {"t": 1.000000, "at": "client 1", "is": "opened", "peer": "pid 4711, \"root\""}
        {"t": 1.204117, "at": "client 1", "is": "received", "command": 1, "fds": 1, "message": {"execute": "getfd", "id": 7}}
        {"t": 1.204180, "at": "monitor", "is": "sent", "command": 1, "fds": 1, "message": {"execute": "getfd", "id": [1, 7]}}
        {"t": 1.205140, "at": "monitor", "is": "received", "command": 1, "message": {"return": {}, "id": [1, 7]}}
        {"t": 1.205170, "at": "client 1", "is": "sent", "command": 1, "message": {"return": {}, "id": 7}}
        {"t": 2.000000, "at": "client 1", "is": "received", "command": 2, "text": "{'execute':\n\t'stop'}"}
        {"t": 2.100000, "at": "monitor", "is": "received", "text": "{\"return\": inf}"}
        {"t": 3.000000, "at": "client 1", "is": "received", "command": 3, "text": "@", "error": "JSON parse error, stray"}
        {"t": 3.000001, "at": "client 1", "is": "received", "base64": "//4A"}
        {"t": 3.100000, "at": "client 1", "is": "received", "text": "{\"execute\": \"quit\"}"}
        {"t": 4.000000, "at": "proxy", "is": "gap", "entries": 12}
        {"t": 5.000000, "at": "client 1", "is": "closed", "reason": "it left"}
        {"t": 6.000000, "at": "plugin colo", "is": "mark", "text": "primary failover begins", "epoch": 4}
        {"t": 6.100000, "at": "plugin guard", "is": "verdict", "command": 4, "verdict": "answer", "message": {"error": {}}}
        {"t": 6.200000, "at": "plugin guard", "is": "verdict", "command": 5, "verdict": "hold"}
        {"t": 6.300000, "at": "monitor", "is": "sent", "command": 6, "plugin": "colo", "message": {"execute": "stop"}}
        {"t": 6.400000, "at": "client 1", "is": "sent", "command": 7, "same-as": "monitor", "id": "x"}
        {"t": 6.500000, "at": "client 1", "is": "sent", "command": 8, "same-as": "monitor"}
        {"t": 6.600000, "at": "client 1", "is": "received", "command": 9, "bytes": 57, "error": "[redacted]"}
        {"t": 6.700000, "at": "client 1", "is": "received", "message": {"x": "[redacted]"}, "redacted": ["/x", "/y"], "z": [1]}
        {"t": 7.000000, "at": "the moon", "is": "seen", "by": ["me"]}

        """#

    static let entries: [Entry] = [
        entry(131, .monitor, .opened(peer: "unix:/run/vm0/qemu.sock")),
        entry(400, .monitor, .received(message(#"{"QMP": {"version": {}, "capabilities": ["oob"]}}"#))),
        entry(1_000_000, .client(1), .opened(peer: #"pid 4711, "root""#)),
        entry(1_204_117, .client(1), .received(message(#"{"execute": "getfd", "id": 7}"#)), command: 1, descriptors: 1),
        entry(1_204_180, .monitor, .sent(message(#"{"execute": "getfd", "id": [1, 7]}"#)), command: 1, descriptors: 1),
        entry(1_205_140, .monitor, .received(message(#"{"return": {}, "id": [1, 7]}"#)), command: 1),
        entry(1_205_170, .client(1), .sent(message(#"{"return": {}, "id": 7}"#)), command: 1),
        entry(2_000_000, .client(1), .received(message("{'execute':\n\t'stop'}", .dialect)), command: 2),
        entry(2_100_000, .monitor, .received(message(#"{"return": inf}"#, .dialect))),
        entry(
            3_000_000,
            .client(1),
            .received(.invalid(Bytes(text: "@"), error: "JSON parse error, stray")),
            command: 3
        ),
        entry(3_000_001, .client(1), .received(.invalid([0xFF, 0xFE, 0x00], error: nil))),
        entry(3_100_000, .client(1), .received(.invalid(Bytes(text: #"{"execute": "quit"}"#), error: nil))),
        entry(4_000_000, .proxy, .gap(entries: 12)),
        entry(5_000_000, .client(1), .closed(reason: "it left")),
        entry(6_000_000, .plugin("colo"), .mark(text: "primary failover begins", epoch: 4)),
        entry(6_100_000, .plugin("guard"), .verdict("answer", message(#"{"error": {}}"#)), command: 4),
        entry(6_200_000, .plugin("guard"), .verdict("hold", nil), command: 5),
        with(entry(6_300_000, .monitor, .sent(message(#"{"execute": "stop"}"#)), command: 6)) { $0.plugin = "colo" },
        entry(6_400_000, .client(1), .sent(.sameAsMonitor(id: Bytes(text: #""x""#))), command: 7),
        entry(6_500_000, .client(1), .sent(.sameAsMonitor(id: nil)), command: 8),
        entry(6_600_000, .client(1), .received(.withheld(bytes: 57, error: "[redacted]")), command: 9),
        with(entry(6_700_000, .client(1), .received(message(#"{"x": "[redacted]"}"#)))) {
            $0.redacted = ["/x", "/y"]
            $0.unknownMembers = Array(#""z": [1]"#.utf8)
        },
        entry(7_000_000, .other("the moon"), .other(kind: "seen", line: unknown)),
    ]

    private static let unknown = Bytes(text: #"{"t": 7.000000, "at": "the moon", "is": "seen", "by": ["me"]}"#)
}

/// What a decoder said, but for the bytes of the line.
struct Told: Equatable, CustomStringConvertible {
    let content: RecordingDecoder.Item.Content
    let line: Int

    var description: String { "\(line): \(content)" }

    static func header(_ header: RecordingHeader, line: Int) -> Told { Told(content: .header(header), line: line) }
    static func entry(_ entry: Entry, line: Int) -> Told { Told(content: .entry(entry), line: line) }
    static func comment(line: Int) -> Told { Told(content: .comment, line: line) }
    static func unreadable(_ why: String, line: Int) -> Told { Told(content: .unreadable(why), line: line) }
    static func note(_ text: String, line: Int) -> Told { Told(content: .note(text), line: line) }
    static func flaw(_ text: String, line: Int) -> Told { Told(content: .flaw(text), line: line) }
}

extension [RecordingDecoder.Item] {
    var told: [Told] { map { Told(content: $0.content, line: $0.line) } }

    /// The lines as they stand, with their ends.
    var lines: String {
        compactMap { item in
            switch item.content {
            case .note, .flaw: nil
            case .header, .entry, .comment, .unreadable: item.bytes.text + "\n"
            }
        }.joined()
    }
}

/// An entry, as short as may be.
func entry(
    _ microseconds: Int64,
    _ place: Entry.Place,
    _ kind: Entry.Kind,
    command: Int? = nil,
    descriptors: Int = 0
) -> Entry {
    let time = Instant(microseconds: microseconds)
    return Entry(time: time, place: place, kind: kind, command: command, descriptors: descriptors)
}

/// The same entry, changed.
func with(_ entry: Entry, _ change: (inout Entry) -> Void) -> Entry {
    var entry = entry
    change(&entry)
    return entry
}

/// A message that nothing is changed of.
func message(_ text: String, _ form: Entry.Form = .json) -> Entry.Content {
    .message(SplicedMessage(Bytes(text: text)), form)
}

/// An entry's line, with its end.
func line(_ entry: Entry) -> String {
    var line: [UInt8] = []
    RecordingEncoder.append(entry, to: &line)
    return line[...].text
}
