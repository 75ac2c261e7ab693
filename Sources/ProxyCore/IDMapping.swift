internal import QMP

/// How a command's id travels: upstream goes `[N, <the client's id>]`, N being the proxy's own number.
///
/// QEMU echoes the array with the client's id written in its own way, so that what is cut out of the reply is exactly
/// what the client would have got.
enum IDMapping: Equatable {
    /// `[N]`: the client's command had no id.
    case none
    /// `[N, id]`.
    case wrapped
    /// `N` alone, since the array would have crossed a limit of QEMU's.
    case bare

    /// The command as it is sent to the monitor.
    ///
    /// - Returns: `nil` if QEMU would refuse even the shortest form for its size; the client's own was just below.
    static func upstream(
        _ message: Message,
        number: Int,
        limits: Limits
    ) -> (message: SplicedMessage, mapping: IDMapping)? {
        let bytes = message.bytes
        let budget = limits.tokenBytesMax - 1 - message.tokenBytes
        guard let id = message["id"] else {
            let isAlone = message.members.isEmpty
            let insert = Bytes(text: "\"id\": [\(number)]\(isAlone ? "" : ", ")")
            guard insert.count <= budget, message.tokens + 6 <= limits.tokensMax else { return nil }
            let place = bytes.startIndex + 1
            let spliced = SplicedMessage(bytes, cut: place..<place, insert: insert, addsLineEnd: true)
            return (spliced, .none)
        }
        let digits = Bytes(text: "\(number)")
        let fits = message.depth < limits.nestingMax && message.tokens + 4 <= limits.tokensMax
        if fits, digits.count + 4 <= budget {
            var insert: [UInt8] = []
            insert.reserveCapacity(digits.count + id.value.count + 4)
            insert.append(UInt8(ascii: "["))
            insert += digits
            insert += ", ".utf8
            insert += bytes[id.value]
            insert.append(UInt8(ascii: "]"))
            return (SplicedMessage(bytes, cut: id.value, insert: insert[...], addsLineEnd: true), .wrapped)
        }
        guard digits.count - id.value.count <= budget else { return nil }
        let spliced = SplicedMessage(bytes, cut: id.value, insert: digits, addsLineEnd: true)
        return (spliced, .bare)
    }

    /// The proxy's number in a reply, and where the client's id lies; `nil` if the reply is to no command of ours.
    static func parse(_ id: MonitorMessage.ID, in bytes: Bytes) -> (number: Int, inner: Range<Int>?)? {
        let value = bytes[id.value]
        guard value.first == UInt8(ascii: "[") else { return Int(value.text).map { ($0, nil) } }
        let content = trimmed(value.dropFirst().dropLast())
        let digits = content.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, digits.count < 19 else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        let rest = trimmed(content[digits.endIndex...])
        if rest.isEmpty { return (number, nil) }
        guard rest.first == UInt8(ascii: ",") else { return nil }
        let inner = trimmed(rest.dropFirst())
        return (number, inner.startIndex..<inner.endIndex)
    }

    /// The reply as the client gets it: `id` is where the reply's id lies, `inner` where the client's lies in that.
    func downstream(
        _ reply: MonitorMessage,
        id: MonitorMessage.ID,
        inner: Range<Int>?,
        of command: Command
    ) -> SplicedMessage {
        switch self {
        case .none:
            return SplicedMessage(reply.bytes, cut: id.member, insert: [])
        case .wrapped:
            let echo = reply.bytes[inner ?? id.value]
            return SplicedMessage(reply.bytes, cut: id.value, insert: reply.isPretty ? Self.outdented(echo) : echo)
        case .bare:
            let echo = (command.id ?? .null).written(isPretty: reply.isPretty, level: 1)
            return SplicedMessage(reply.bytes, cut: id.value, insert: echo)
        }
    }

    /// With `pretty=on` the inner lines of the id come back one level deeper: four spaces.
    private static func outdented(_ bytes: Bytes) -> Bytes {
        var result: [UInt8] = []
        var skip = 0
        for byte in bytes {
            if skip > 0, byte == 0x20 {
                skip -= 1
                continue
            }
            skip = byte == 0x0A ? 4 : 0
            result.append(byte)
        }
        return result[...]
    }

    private static func trimmed(_ bytes: Bytes) -> Bytes {
        let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.endIndex
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return bytes[start..<max(start, end)]
    }
}
