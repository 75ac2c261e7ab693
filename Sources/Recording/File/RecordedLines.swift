public import QMP

/// What was recorded, on its way to where it is written: lines already, less the secrets in them.
///
/// What happened becomes its line at once, so that nothing but bytes of it is kept. What is long stays an entry: so it
/// is copied only once.
public struct RecordedLines: Sendable {
    /// What tells more bytes than that is no line yet.
    ///
    /// 4 KiB: a copy of less costs nothing beside the rest.
    private static let bytesOfLineMax = 4096
    /// How many bytes of lines may wait here; what comes beyond that stays entries, which share their bytes.
    ///
    /// 1 MiB: 64 KiB of commands, as much as is read at once, become less.
    private static let bytesMax = 1 << 20
    /// How much memory is kept for the next turn, in bytes.
    ///
    /// 256 KiB: seldom is there more.
    private static let bytesKept = 256 << 10
    /// How many entries' memory is kept for the next turn.
    private static let entriesKept = 64

    private var redaction: Redaction?
    /// The lines; memory for more, behind them.
    private var memory: [UInt8] = []
    /// Where the lines end.
    private var end = 0
    /// Memory for one line.
    private var line: [UInt8] = []
    /// How many lines there are.
    public private(set) var count = 0
    /// Entries that are no lines yet, each with the place in the lines where it belongs.
    private var entries: [(place: Int, entry: Entry)] = []
    /// When all that was, since it is of one turn of an engine.
    public private(set) var time = Instant.zero

    /// Nothing as yet.
    ///
    /// - Parameter rules: a user's own rules for what is secret; `nil` leaves all secrets in.
    public init(redacting rules: [RedactionRule]?) {
        redaction = rules.map { Redaction(rules: $0, isLive: true) }
    }

    /// Whether nothing was recorded since it was emptied.
    public var isEmpty: Bool { end == 0 && entries.isEmpty }

    /// Whether there is nothing but lines: then ``withLines(_:)`` has all of it.
    public var isAllLines: Bool { entries.isEmpty }

    /// Takes a message between the proxy and a client, or its monitor.
    public mutating func append(_ message: borrowing SplicedMessage, _ passage: Passage) {
        guard message.count <= Self.bytesOfLineMax, end < Self.bytesMax,
            redaction?.isKnownPlain(message, passage) ?? true,
            let bytes = RecordingEncoder.bytes(for: message, passage.form)
        else { return append(Entry(copy message, passage)) }
        time = passage.time
        appendLine(room: bytes) { RecordingEncoder.write(message, passage, to: $0) }
    }

    /// Takes what has happened.
    public mutating func append(_ entry: Entry) {
        time = entry.time
        let entry = redaction?.redact(entry) ?? entry
        guard entry.kind.bytes <= Self.bytesOfLineMax, end < Self.bytesMax else { return entries.append((end, entry)) }
        line.removeAll(keepingCapacity: true)
        RecordingEncoder.append(entry, to: &line)
        line.withUnsafeBytes { line in
            appendLine(room: line.count) { place in
                if let start = line.baseAddress { place.copyMemory(from: start, byteCount: line.count) }
                return line.count
            }
        }
    }

    /// Takes a line that somebody writes, who tells how many bytes of it there are.
    private mutating func appendLine(room: Int, _ write: (UnsafeMutableRawPointer) -> Int) {
        if memory.count - end < room { memory += repeatElement(0, count: max(room, memory.count)) }
        memory.withUnsafeMutableBytes { memory in
            guard let start = memory.baseAddress else { return }
            end += write(start + end)
        }
        count += 1
    }

    /// Gives all lines in one piece.
    public func withLines<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        memory.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
    }

    /// Gives what there is in its order, each line and each entry by itself.
    public func forEach(line: (UnsafeRawBufferPointer) -> Void, entry: (Entry) -> Void) {
        withLines { lines in
            var start = 0
            for place in entries.indices {
                Self.split(lines[start..<entries[place].place], line)
                start = entries[place].place
                entry(entries[place].entry)
            }
            Self.split(lines[start...], line)
        }
    }

    private static func split(_ lines: Slice<UnsafeRawBufferPointer>, _ body: (UnsafeRawBufferPointer) -> Void) {
        var rest = lines
        while let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n")) {
            body(UnsafeRawBufferPointer(rebasing: rest[...lineEnd]))
            rest = rest[(lineEnd + 1)...]
        }
    }

    /// Forgets what there is, but not what it knows of secrets to come.
    public mutating func removeAll() {
        end = 0
        count = 0
        if memory.count > Self.bytesKept { memory = [] }
        entries.removeAll(keepingCapacity: entries.capacity <= Self.entriesKept)
    }
}
