internal import CSupport
internal import QMP

/// The quick way for what most of a recording consists of: messages that are JSON, to or from a client or the monitor.
///
/// It writes to where the line is to be, and copies a message no more than that.
extension RecordingEncoder {
    /// How many bytes such a line has at most beside its message.
    ///
    /// 256: members' names, four numbers of 20 digits, and some to spare.
    private static let bytesBeside = 256

    /// How much memory, in bytes, ``write(_:_:to:)`` wants for a message's line; `nil` if it cannot be embedded.
    static func bytes(for message: borrowing SplicedMessage, _ form: Entry.Form) -> Int? {
        guard form.isJSON ?? Parts.with(message, { $0.areStrictJSON }) else { return nil }
        return message.bytes.count + message.insert.count + bytesBeside
    }

    /// Writes a message's line, the same that ``append(_:to:)`` writes of the entry.
    ///
    /// - Parameters:
    ///   - message: one that ``bytes(for:_:)`` has named a size for.
    ///   - passage: how it passed.
    ///   - place: memory of that size.
    /// - Returns: how many bytes were written.
    static func write(
        _ message: borrowing SplicedMessage,
        _ passage: Passage,
        to place: UnsafeMutableRawPointer
    ) -> Int {
        var line = csupport_line()
        line.microseconds = passage.time.microseconds
        line.client = Int64(passage.client ?? 0)
        line.command = Int64(passage.command ?? 0)
        line.descriptors = Int64(passage.descriptors)
        line.is_sent = passage.isSent ? 1 : 0
        let start = message.bytes.startIndex
        let (head, tail) = (message.cut.lowerBound - start, message.cut.upperBound - start)
        return message.bytes.withUnsafeBytes { bytes in
            line.parts.0 = csupport_bytes(start: bytes.baseAddress, length: head)
            line.parts.2 = csupport_bytes(start: bytes.baseAddress.map { $0 + tail }, length: bytes.count - tail)
            return message.insert.withUnsafeBytes { insert in
                line.parts.1 = csupport_bytes(start: insert.baseAddress, length: insert.count)
                return csupport_write_line(place, &line)
            }
        }
    }

    /// Writes an entry's line straight to its place, if all that it tells of is a message that can be embedded.
    ///
    /// - Parameters:
    ///   - entry: what is to be written.
    ///   - place: names memory of so many bytes, if there is as much.
    /// - Returns: how many bytes were written; `nil` if it was nothing, and ``append(_:to:)`` is the way.
    public static func write(_ entry: Entry, to place: (Int) -> UnsafeMutableRawPointer?) -> Int? {
        guard let (message, passage) = entry.passed, let bytes = bytes(for: message, passage.form),
            let place = place(bytes)
        else { return nil }
        return write(message, passage, to: place)
    }
}
