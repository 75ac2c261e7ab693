public import QMP

/// Copies a recording, line by line, without its secrets.
///
/// Lines that need no change stay as they are, to the byte; those that cannot be read are left out.
public struct RedactedCopy: Sendable {
    private var decoder = RecordingDecoder()
    private var redaction: Redaction
    private let secretWords: SecretWords
    private var lines: [UInt8] = []
    private var values = 0
    private var entries = 0
    private var linesLeftOut = 0

    /// A copy with what is known to be secret redacted, and what own rules name.
    public init(rules: [RedactionRule] = []) {
        redaction = Redaction(rules: rules)
        secretWords = SecretWords(rules: rules)
    }

    /// Takes bytes as they were read.
    ///
    /// - Parameters:
    ///   - bytes: the next piece of the recording.
    ///   - note: is told what is left out, and why.
    /// - Throws: ``RecordingDecoder/NotARecording``.
    public mutating func take(
        _ bytes: Bytes,
        note: (String) -> Void
    ) throws(RecordingDecoder.NotARecording) {
        decoder.append(bytes)
        while let item = try decoder.next() { take(item, note) }
    }

    /// Takes the end of the recording.
    ///
    /// - Parameter note: is told what is left out, and why.
    /// - Throws: ``RecordingDecoder/NotARecording``.
    public mutating func finish(note: (String) -> Void) throws(RecordingDecoder.NotARecording) {
        if let item = try decoder.finish() { take(item, note) }
    }

    /// The lines of the copy so far, which are held no longer.
    public mutating func takeLines() -> [UInt8] {
        defer { lines = [] }
        return lines
    }

    /// What was done, in a line for people.
    public var summary: String {
        let redacted = "\(counted(values, "value")) redacted in \(counted(entries, "entry", "entries"))"
        return linesLeftOut == 0 ? redacted : "\(redacted), \(counted(linesLeftOut, "line")) left out"
    }

    private mutating func take(_ item: RecordingDecoder.Item, _ note: (String) -> Void) {
        switch item.content {
        case .header(let header):
            redaction.begin(header)
            keep(item)
        case .entry(let entry): take(entry, item, note)
        case .comment where secretWords.areIn(item.bytes):
            leaveOut(item, "left out: a comment that may hold a secret", note)
        case .comment: keep(item)
        case .unreadable(let why): leaveOut(item, why, note)
        case .note(let text), .flaw(let text): note("line \(item.line): \(text)")
        }
    }

    private mutating func take(_ entry: Entry, _ item: RecordingDecoder.Item, _ note: (String) -> Void) {
        let redacted = redaction.redact(entry)
        guard redacted != entry else { return keepAll(of: entry, item, note) }
        if case .other = entry.kind {
            return leaveOut(item, "left out: of a kind that is unknown here, and may hold a secret", note)
        }
        if redacted.unknownMembers != entry.unknownMembers {
            note("line \(item.line): members that are unknown here may hold a secret and are left out")
        }
        entries += 1
        values += max(1, redacted.redacted.count - entry.redacted.count)
        RecordingEncoder.append(redacted, to: &lines)
    }

    /// Keeps an entry's line unless it has members that say nothing, such as one that comes twice.
    private mutating func keepAll(of entry: Entry, _ item: RecordingDecoder.Item, _ note: (String) -> Void) {
        let start = lines.count
        RecordingEncoder.append(entry, to: &lines)
        guard lines[start...].dropLast() != item.bytes, members(lines[start...]) != members(item.bytes) else {
            lines.removeSubrange(start...)
            return keep(item)
        }
        note("line \(item.line): members that say nothing are left out")
    }

    private func members(_ line: Bytes) -> Int? {
        var outline = MessageOutline()
        return outline.read(line) ? outline.nodes[0].count : nil
    }

    private mutating func keep(_ item: RecordingDecoder.Item) {
        lines += item.bytes
        lines.append(UInt8(ascii: "\n"))
    }

    private mutating func leaveOut(_ item: RecordingDecoder.Item, _ why: String, _ note: (String) -> Void) {
        linesLeftOut += 1
        note("line \(item.line): \(why)")
    }

    private func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count) \(count == 1 ? one : many ?? one + "s")"
    }
}
