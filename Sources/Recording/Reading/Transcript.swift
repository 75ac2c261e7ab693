internal import QMP

/// A recording as text for people and for `grep`: one line an entry.
///
/// ```
///      1.204117  client 1 → proxy     #1  getfd with 1 descriptor  {"execute": "getfd", …}
///      1.204180  proxy → QEMU         #1  getfd with 1 descriptor  {"execute": "getfd", …}
///      1.205140  QEMU → proxy         #1  getfd returned in 1.023 ms  {"return": {}, "id": [1, 7]}
///      1.205170  proxy → client 1     #1  getfd returned in 1.053 ms  {"return": {}, "id": 7}
/// ```
public struct Transcript: Sendable {
    /// How times are told.
    public enum Clock: Sendable {
        /// Seconds since the proxy was started, as they stand in the recording.
        case relative
        /// Date and time, as far as the header tells when the proxy was started.
        case utc
    }

    private let charactersMax: Int?
    private let isColoured: Bool
    private let clock: Clock
    /// When the proxy was started, in microseconds since 1970.
    private var start: Int64?

    /// A transcript that begins with a recording's first line.
    ///
    /// - Parameters:
    ///   - charactersMax: longer messages are cut, in characters (Unicode scalars); `nil` cuts none.
    ///   - isColoured: whether a terminal's colours are used (ECMA-48, "SGR").
    ///   - clock: how times are told.
    public init(charactersMax: Int? = 200, isColoured: Bool = false, clock: Clock = .relative) {
        self.charactersMax = charactersMax
        self.isColoured = isColoured
        self.clock = clock
    }

    /// Appends a header's line, with its end.
    public mutating func append(_ header: RecordingHeader, to line: inout [UInt8]) {
        start = header.startedMicrosecondsSince1970
        paint(.bold, &line) { line in
            Readable.append(
                "\(header.monitor), recorded by qmp-proxy \(header.proxy) from \(header.started)",
                to: &line
            )
            if let previous = header.previous { Readable.append(", goes on from \(previous)", to: &line) }
            if header.begins != .zero {
                line.append(" at ")
                RecordingEncoder.append(seconds: header.begins, to: &line)
            }
        }
        line.append("\n")
    }

    /// Appends an entry's line, with its end.
    public func append(_ entry: Entry, _ meaning: Meaning, to line: inout [UInt8]) {
        paint(.dim, &line) { appendTime(entry.time, to: &$0) }
        line.append("  ")
        appendWay(entry, meaning, to: &line)
        padded(before: 5, &line) { line in
            guard let command = entry.command else { return }
            line.append("#")
            line.append(decimal: command)
        }
        line.append("  ")
        paint(Colour(of: entry, meaning), &line) { appendSubject(entry, meaning, to: &$0) }
        appendRemarks(entry, to: &line)
        let message = entry.message
        if !message.isEmpty {
            line.append("  ")
            Readable.append(message, charactersMax: charactersMax, to: &line)
        }
        line.append("\n")
    }

    private func appendTime(_ time: Instant, to line: inout [UInt8]) {
        if clock == .utc, let start {
            let (now, overflow) = start.addingReportingOverflow(time.microseconds)
            if !overflow {
                let date = RecordingHeader.utc(now).utf8
                // With microseconds in place of milliseconds.
                line += date.dropLast()
                let rest = (now % 1000 + 1000) % 1000
                line.append(decimal: Int(rest), width: 3)
                line.append("Z")
                return
            }
        }
        padded(before: 13, &line) { RecordingEncoder.append(seconds: time, to: &$0) }
    }

    /// From where to where, filled up to twenty characters and a space.
    private func appendWay(_ entry: Entry, _ meaning: Meaning, to line: inout [UInt8]) {
        var width = 0
        paint(meaning.client.map { .client($0) } ?? .plain, &line) { line in
            let start = line.count
            // A plugin's commands have no client: it stands in the proxy's place.
            let plugin = entry.place.isMonitor && meaning.client == nil ? meaning.plugin : nil
            switch entry.kind {
            case .received:
                entry.place.append(to: &line)
                line.append(" → ")
                plugin.map { Readable.append($0, to: &line) } ?? line.append("proxy")
            case .sent:
                plugin.map { Readable.append($0, to: &line) } ?? line.append("proxy")
                line.append(" → ")
                entry.place.append(to: &line)
            case .opened, .closed, .verdict, .mark, .gap, .other: entry.place.append(to: &line)
            }
            // Bytes that go on with a character of UTF-8 take no place.
            width = line[start...].count { $0 & 0xC0 != 0x80 }
        }
        line += repeatElement(UInt8(ascii: " "), count: max(0, 20 - width) + 1)
    }

    /// What is special to this entry, and members that only a newer version knows.
    private func appendRemarks(_ entry: Entry, to line: inout [UInt8]) {
        switch entry.descriptors {
        case 0: break
        case 1: line.append(" with 1 descriptor")
        default:
            line.append(" with ")
            line.append(decimal: entry.descriptors)
            line.append(" descriptors")
        }
        if !entry.unknownMembers.isEmpty {
            let object = Bytes(text: "{") + entry.unknownMembers + Bytes(text: "}")
            for member in (try? JSONScanner.members(of: object, .strict)) ?? [] {
                line.append("  ")
                Readable.append(member.key, charactersMax: charactersMax, to: &line)
                line.append(" ")
                Readable.append(member.value, charactersMax: charactersMax, to: &line)
            }
        }
        if !entry.redacted.isEmpty {
            let count = entry.redacted.count
            line += " (\(count) \(count == 1 ? "value" : "values") redacted)".utf8
        }
    }

    private func padded(before width: Int, _ line: inout [UInt8], _ write: (inout [UInt8]) -> Void) {
        let first = line.count
        write(&line)
        let missing = max(0, width - (line.count - first))
        line.insert(contentsOf: repeatElement(UInt8(ascii: " "), count: missing), at: first)
    }

    private func paint(_ colour: Colour, _ line: inout [UInt8], _ write: (inout [UInt8]) -> Void) {
        guard isColoured, colour != .plain else { return write(&line) }
        line += colour.sequence.utf8
        write(&line)
        line += Colour.end.utf8
    }
}
