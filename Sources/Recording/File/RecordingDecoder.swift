internal import CSupport
public import QMP

/// Reads a recording, however it is cut, and goes on behind whatever is damaged.
///
/// Every line that was kept comes out as it stands, so that a tool may change what it must and leave the rest alone. A
/// recording that was gone on with has a header in its midst; with each that names another start the times start anew.
public struct RecordingDecoder: Sendable {
    /// A line, or something to be said of one.
    public struct Item: Sendable, Equatable {
        /// What a line turned out to be.
        public enum Content: Sendable, Equatable {
            /// The beginning of a recording, or of a segment of one.
            case header(RecordingHeader)
            /// An entry.
            case entry(Entry)
            /// An empty line, or one that begins with `#`.
            case comment
            /// A line that could not be read, and why.
            case unreadable(String)
            /// No line of its own: something the reader should know of the one behind it.
            case note(String)
            /// No line of its own: the one behind it shows that something is missing or out of order.
            case flaw(String)
        }

        /// What it is.
        public let content: Content
        /// Which line, counted from 1.
        public let line: Int
        /// The line as it stands, without its end; empty for a note or a flaw, and for a line too long to be kept.
        public let bytes: Bytes

        /// An item.
        public init(_ content: Content, line: Int, bytes: Bytes) {
            self.content = content
            self.line = line
            self.bytes = bytes
        }
    }

    /// Why what was read is no recording.
    public struct NotARecording: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong with it.
        public let description: String
    }

    /// The longest line that is read unless told otherwise, in bytes.
    ///
    /// 64 MiB and 64 KiB: a recorder's queue, in which a line must have room, is 64 MiB; the rest is for edits by hand.
    public static let lineBytesMaxDefault = 64 << 20 + 64 << 10

    private enum Line {
        case whole(Bytes)
        case tooLong
    }

    private let lineBytesMax: Int
    /// From the beginning of the line under way.
    private var pending: Bytes = []
    /// Up to where no line end was found.
    private var scanned = 0
    private var number = 0
    private var isSkipping = false
    private var isRecognised = false
    /// Whether there was a line that may be what is left of a header or an entry.
    private var hasRemains = false
    private var hasHeader = false
    /// The line itself, behind a note on it.
    private var noted: Item?
    /// The latest time so far.
    private var latest: Instant?
    private var recording: RecordingHeader.Key?

    /// A decoder for a new recording.
    ///
    /// - Parameter lineBytesMax: longer lines are skipped, in bytes.
    public init(lineBytesMax: Int = lineBytesMaxDefault) {
        self.lineBytesMax = lineBytesMax
    }

    /// Takes bytes as they were read.
    public mutating func append(_ bytes: Bytes) {
        guard !pending.isEmpty else {
            pending = bytes
            scanned = bytes.startIndex
            return
        }
        pending += bytes
    }

    /// The next item, or `nil` until more bytes come.
    ///
    /// - Throws: ``NotARecording`` when what stands first is neither a header nor an entry, nor what is left of one.
    public mutating func next() throws(NotARecording) -> Item? {
        if let item = noted {
            noted = nil
            return item
        }
        while let line = nextLine() {
            number += 1
            if let item = try decode(line) { return item }
        }
        if !isRecognised, let first = pending.first, !first.isSpace, first != UInt8(ascii: "{"),
            first != UInt8(ascii: "#"), !Remains.mayBegin(pending)
        {
            throw NotARecording(description: "it begins like something else")
        }
        return nil
    }

    /// What is to be said when no more bytes will come and ``next()`` has given all.
    ///
    /// - Throws: ``NotARecording`` when there was nothing.
    public mutating func finish() throws(NotARecording) -> Item? {
        let isOurs = isRecognised || Remains(of: pending, isWhole: false) != .foreign
        guard isOurs || (hasRemains && pending.isEmpty) else {
            throw NotARecording(description: pending.isEmpty ? "it is empty" : "its first line does not end")
        }
        guard !pending.allSatisfy(\.isSpace) || isSkipping else { return nil }
        defer { pending = [] }
        guard pending.first != UInt8(ascii: "#") else { return Item(.comment, line: number + 1, bytes: pending) }
        return Item(.unreadable("the last line does not end and is left out"), line: number + 1, bytes: pending)
    }

    private mutating func nextLine() -> Line? {
        let found = pending[scanned...].withUnsafeBytes {
            csupport_find_byte($0.baseAddress, $0.count, UInt8(ascii: "\n"))
        }
        guard found >= 0 else {
            if pending.count > lineBytesMax { isSkipping = true }
            if isSkipping { pending = [] }
            scanned = pending.endIndex
            return nil
        }
        let line = pending[..<(scanned + found)]
        pending = pending[(scanned + found + 1)...]
        scanned = pending.startIndex
        defer { isSkipping = false }
        return isSkipping || line.count > lineBytesMax ? .tooLong : .whole(line)
    }

    private mutating func decode(_ line: Line) throws(NotARecording) -> Item? {
        guard case .whole(let bytes) = line else {
            return Item(.unreadable("longer than \(lineBytesMax) bytes, left out"), line: number, bytes: [])
        }
        guard let first = bytes.first(where: { !$0.isSpace }), first != UInt8(ascii: "#") else {
            return Item(.comment, line: number, bytes: bytes)
        }
        if let entry = UsualLine.entry(of: bytes) { return take(entry, bytes) }
        do throws(RecordingLine.Malformed) {
            let line = try RecordingLine(bytes)
            if let header = try line.header() { return take(header, bytes) }
            return take(try line.entry(), bytes)
        } catch {
            guard recognise(bytes) else { throw NotARecording(description: "line \(number): \(error.text)") }
            return Item(.unreadable("left out: \(error.text)"), line: number, bytes: bytes)
        }
    }

    /// Whether a line that cannot be read is one of a recording.
    private mutating func recognise(_ line: Bytes) -> Bool {
        if isRecognised { return true }
        switch Remains(of: line, isWhole: true) {
        case .foreign: return false
        case .stump: break
        case .damaged: isRecognised = true
        }
        hasRemains = true
        return true
    }

    private mutating func take(_ header: RecordingHeader, _ bytes: Bytes) -> Item {
        isRecognised = true
        hasHeader = true
        if header.key != recording || header.begins == .zero { latest = nil }
        recording = header.key
        let item = Item(.header(header), line: number, bytes: bytes)
        guard header.format > RecordingHeader.currentFormat else { return item }
        let known = RecordingHeader.currentFormat
        return note("format \(header.format) is newer than \(known), the newest known here", before: item)
    }

    private mutating func take(_ entry: Entry, _ bytes: Bytes) -> Item {
        let item = Item(.entry(entry), line: number, bytes: bytes)
        let before = latest ?? entry.time
        latest = entry.time
        isRecognised = true
        guard hasHeader else {
            hasHeader = true
            return flaw("there is no header before it", before: item)
        }
        guard entry.time >= before else {
            let seconds = before.seconds(since: entry.time)
            return flaw("the clock goes back by \(seconds) s", before: item)
        }
        return item
    }

    private mutating func note(_ text: String, before item: Item) -> Item {
        noted = item
        return Item(.note(text), line: item.line, bytes: [])
    }

    private mutating func flaw(_ text: String, before item: Item) -> Item {
        noted = item
        return Item(.flaw(text), line: item.line, bytes: [])
    }
}

extension UInt8 {
    /// White space within a line; not the zeros that a power failure leaves in a file.
    fileprivate var isSpace: Bool {
        self == 0x20 || self == 0x09 || self == 0x0D
    }
}
