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

    /// Writes an entry's line, the same that ``append(_:to:)`` writes, if it is a usual one.
    ///
    /// - Parameters:
    ///   - entry: what is to be written.
    ///   - place: calls what it is given with memory for as many bytes as it is told, and takes as many as that has
    ///     written; `false` if there is not so much memory.
    /// - Returns: whether it was written; if not, it is no usual one, or there was not enough memory.
    public static func writeUsual(
        _ entry: borrowing Entry,
        to place: (_ bytesMax: Int, _ write: (UnsafeMutableRawPointer) -> Int) -> Bool
    ) -> Bool {
        guard let (form, isSent) = entry.passedForm, let message = entry.passedMessage,
            entry.plugin == nil, entry.redacted.isEmpty, entry.unknownMembers.isEmpty
        else { return false }
        var line = csupport_line()
        switch entry.place {
        case .monitor: line.client = 0
        case .client(let number) where number > 0: line.client = Int64(number)
        case .client, .proxy, .plugin, .secondMonitor, .other: return false
        }
        line.microseconds = entry.time.microseconds
        line.command = Int64(entry.command ?? 0)
        line.descriptors = Int64(entry.descriptors)
        line.is_sent = isSent ? 1 : 0
        guard line.command > 0 || entry.command == nil, line.descriptors >= 0 else { return false }
        return Parts.with(message) { parts in
            guard parts.areJSON(form) else { return false }
            line.parts.0 = csupport_bytes(start: parts.head.baseAddress, length: parts.head.count)
            line.parts.1 = csupport_bytes(start: parts.insert.baseAddress, length: parts.insert.count)
            line.parts.2 = csupport_bytes(start: parts.tail.baseAddress, length: parts.tail.count)
            return place(message.count + bytesBeside) { csupport_write_line($0, &line) }
        }
    }
}
