internal import CSupport
internal import QMP

/// The quick way for what most of a recording consists of: messages that are JSON, to or from a client or the monitor.
///
/// It writes to where the line is to be, and copies a message once.
extension RecordingEncoder {
    /// How many bytes a usual line has at most beside its message.
    ///
    /// 256: members' names, four numbers of 20 digits, and some to spare.
    private static let bytesBeside = 256

    /// How much memory, in bytes, ``writeUsual(_:to:)`` wants for an entry's line; `nil` if it is no usual one.
    public static func bytesOfUsual(_ entry: borrowing Entry) -> Int? {
        guard entry.isUsual, entry.usual.form.isJSON ?? Parts.with(entry.usual.message, { $0.areStrictJSON }) else {
            return nil
        }
        return entry.usual.message.bytes.count + entry.usual.message.insert.count + bytesBeside
    }

    /// Writes an entry's line, the same that ``append(_:to:)`` writes.
    ///
    /// - Parameters:
    ///   - entry: one that ``bytesOfUsual(_:)`` has named a size for.
    ///   - place: memory of that size.
    /// - Returns: how many bytes were written.
    public static func writeUsual(_ entry: borrowing Entry, to place: UnsafeMutableRawPointer) -> Int {
        var line = csupport_line()
        line.microseconds = entry.usual.time.microseconds
        line.client = Int64(entry.usual.client ?? 0)
        line.command = Int64(entry.usual.command ?? 0)
        line.descriptors = Int64(entry.usual.descriptors)
        line.is_sent = entry.usual.isSent ? 1 : 0
        let start = entry.usual.message.bytes.startIndex
        let cut = entry.usual.message.cut
        let (head, tail) = (cut.lowerBound - start, cut.upperBound - start)
        return entry.usual.message.bytes.withUnsafeBytes { bytes in
            line.parts.0 = csupport_bytes(start: bytes.baseAddress, length: head)
            line.parts.2 = csupport_bytes(start: bytes.baseAddress.map { $0 + tail }, length: bytes.count - tail)
            return entry.usual.message.insert.withUnsafeBytes { insert in
                line.parts.1 = csupport_bytes(start: insert.baseAddress, length: insert.count)
                return csupport_write_line(place, &line)
            }
        }
    }
}
