internal import CSupport
internal import QMP

extension RecordingEncoder {
    /// Builds the line of an entry with a long message, in pieces: the message is not copied, but handed on as it is.
    ///
    /// - Parameters:
    ///   - entry: what is to be written.
    ///   - line: where what is built goes, behind what is there.
    ///   - body: is given the pieces of the line in order, valid as long as it runs.
    /// - Returns: what `body` does.
    public static func withPieces<Result>(
        of entry: borrowing Entry,
        in line: inout [UInt8],
        _ body: ([UnsafeRawBufferPointer]) -> Result
    ) -> Result {
        guard let (message, form) = entry.passedMessage else {
            append(entry, to: &line)
            return line.withUnsafeBytes { body([$0]) }
        }
        return Parts.with(message) { parts in
            guard form == .json || (form == .monitor && parts.areStrictJSON) else {
                append(entry, to: &line)
                return line.withUnsafeBytes { body([$0]) }
            }
            append((copy entry).withMessage(standIn), to: &line)
            // Inside a string the quotes would be escaped: this is the stand-in.
            let place = line.firstRange(of: standInMember).map { $0.upperBound - standIn.count } ?? line.count
            return line.withUnsafeBytes { line in
                let end = UnsafeRawBufferPointer(rebasing: line[(place + standIn.count)...])
                let start = UnsafeRawBufferPointer(rebasing: line[..<place])
                let message = [parts.head, parts.insert, parts.tail].map(UnsafeRawBufferPointer.init)
                return body([start] + message + [end])
            }
        }
    }

    private static let standIn = Bytes(text: "{}")
    private static let standInMember = Array(#", "message": {}"#.utf8)

    static func append(_ message: SplicedMessage, _ form: Entry.Form, to line: inout [UInt8]) {
        Parts.with(message) { parts in
            guard form == .json || (form == .monitor && parts.areStrictJSON) else {
                return append(characters: parts.joined, to: &line)
            }
            line.append(#", "message": "#)
            line += parts.head
            line += parts.insert
            line += parts.tail
        }
    }
}

/// A message's parts without its line end; pointers, since each slice would count its references.
private struct Parts {
    let head: UnsafeBufferPointer<UInt8>
    let insert: UnsafeBufferPointer<UInt8>
    let tail: UnsafeBufferPointer<UInt8>

    static func with<Result>(_ message: SplicedMessage, _ body: (Parts) -> Result) -> Result {
        message.bytes.withUnsafeBufferPointer { bytes in
            message.insert.withUnsafeBufferPointer { insert in
                let start = message.bytes.startIndex
                let tail = bytes[(message.cut.upperBound - start)...]
                let end = tail.lastIndex { $0 != 0x0A && $0 != 0x0D }.map { $0 + 1 } ?? tail.startIndex
                return body(
                    Parts(
                        head: UnsafeBufferPointer(rebasing: bytes[..<(message.cut.lowerBound - start)]),
                        insert: insert,
                        tail: UnsafeBufferPointer(rebasing: tail[..<end])
                    )
                )
            }
        }
    }

    var joined: Bytes {
        Bytes(head) + insert + tail
    }

    /// Whether a monitor's message is JSON by RFC 8259 on one line.
    ///
    /// Nearly always a quick look says so; only what it finds odd is scanned.
    var areStrictJSON: Bool {
        if head.isPlainLine, insert.isPlainLine, tail.isPlainLine { return true }
        let joined = joined
        return !joined.contains(0x0A) && joined.isUTF8 && JSONScanner.isObject(joined, .strict)
    }
}

extension Entry {
    /// How many bytes the message has that came in or went out; 0 if there is none.
    public var messageBytes: Int {
        switch kind {
        case .received(.message(let message, _)), .sent(.message(let message, _)): message.count
        default: 0
        }
    }

    fileprivate var passedMessage: (SplicedMessage, Form)? {
        switch kind {
        case .received(.message(let message, let form)), .sent(.message(let message, let form)): (message, form)
        default: nil
        }
    }

    /// The same with another message, one that is JSON.
    fileprivate func withMessage(_ bytes: Bytes) -> Entry {
        var entry = self
        let content = Content.message(SplicedMessage(bytes), .json)
        if case .received = kind { entry.kind = .received(content) } else { entry.kind = .sent(content) }
        return entry
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate var isPlainLine: Bool {
        csupport_is_plain_line(baseAddress, count) != 0
    }
}
