internal import CSupport
public import QMP

/// Reads a recording, however it is cut, and goes on behind whatever is damaged.
///
/// Empty lines and such as begin with `#` are passed over. A recording that was gone on with has a header in its midst;
/// with each the times start anew.
public struct RecordingDecoder: Sendable {
    /// What a line turned out to be; lines count from 1.
    public enum Item: Sendable, Equatable {
        /// The beginning of a recording.
        case header(RecordingHeader, line: Int)
        /// An entry.
        case entry(Entry, line: Int)
        /// Something the reader should know: what could not be read, and why.
        case note(String, line: Int)
    }

    /// Why what was read is no recording.
    public struct NotARecording: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong with it.
        public let description: String
    }

    /// The longest line that is read unless told otherwise, in bytes: the longest message that is accepted from a
    /// monitor, and what stands around it.
    public static let lineBytesMaxDefault = Limits.qemu.monitorMessageBytesMax + 64 << 10

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
    /// The second item of a line that gave two.
    private var second: Item?

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
    /// - Throws: ``NotARecording`` when what stands first is neither a header nor an entry.
    public mutating func next() throws(NotARecording) -> Item? {
        if let item = second {
            second = nil
            return item
        }
        while let line = nextLine() {
            number += 1
            if let item = try decode(line) { return item }
        }
        if !isRecognised, let first = pending.first, first > 0x20, first != UInt8(ascii: "{"),
            first != UInt8(ascii: "#")
        {
            throw NotARecording(description: "it begins like something else")
        }
        return nil
    }

    /// What is to be said when no more bytes will come and ``next()`` has given all.
    ///
    /// - Throws: ``NotARecording`` when there was nothing.
    public mutating func finish() throws(NotARecording) -> Item? {
        guard isRecognised else {
            throw NotARecording(description: pending.isEmpty ? "it is empty" : "its first line does not end")
        }
        let isNothing = pending.allSatisfy { $0 <= 0x20 } && !isSkipping
        guard !isNothing, pending.first != UInt8(ascii: "#") else { return nil }
        return .note("the last line does not end and is left out", line: number + 1)
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
            return .note("longer than \(lineBytesMax) bytes, left out", line: number)
        }
        guard let first = bytes.first(where: { $0 > 0x20 }), first != UInt8(ascii: "#") else { return nil }
        do throws(RecordingLine.Malformed) {
            let line = try RecordingLine(bytes)
            if let header = try line.header() { return take(header) }
            return take(try line.entry())
        } catch {
            guard isRecognised else { throw NotARecording(description: "line \(number): \(error.text)") }
            return .note("left out: \(error.text)", line: number)
        }
    }

    private mutating func take(_ header: RecordingHeader) -> Item {
        isRecognised = true
        guard header.format > RecordingHeader.currentFormat else { return .header(header, line: number) }
        second = .header(header, line: number)
        let known = RecordingHeader.currentFormat
        return .note("format \(header.format) is newer than \(known), the newest known here", line: number)
    }

    private mutating func take(_ entry: Entry) -> Item {
        guard !isRecognised else { return .entry(entry, line: number) }
        isRecognised = true
        second = .entry(entry, line: number)
        return .note("there is no header before it", line: number)
    }
}
