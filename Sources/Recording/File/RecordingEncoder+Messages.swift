internal import CSupport
internal import QMP

extension RecordingEncoder {
    static func append(_ message: SplicedMessage, _ form: Entry.Form, to line: inout [UInt8]) {
        Parts.with(message) { parts in
            guard form.isJSON ?? parts.areStrictJSON else {
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
struct Parts {
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

extension UnsafeBufferPointer<UInt8> {
    fileprivate var isPlainLine: Bool {
        csupport_is_plain_line(baseAddress, count) != 0
    }
}
