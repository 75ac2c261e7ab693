internal import CSupport
internal import QMP

/// The quick way for the lines that most of a recording consists of: messages as the encoder writes them.
///
/// Whatever it does not know, however slightly, is ``RecordingLine``'s, which says of the same line the same.
struct UsualLine {
    /// Far quicker to walk over than an array; only valid inside ``entry(of:)``.
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    /// The entry that a line is, `nil` if only ``RecordingLine`` can tell.
    static func entry(of line: Bytes) -> Entry? {
        line.withUnsafeBufferPointer { buffer in
            guard csupport_is_ascii(buffer.baseAddress, buffer.count) != 0 || line.isUTF8 else { return nil }
            var usual = UsualLine(bytes: buffer)
            return usual.entry(line)
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    private mutating func entry(_ line: Bytes) -> Entry? {
        guard take(#"{"t": "#), let time = takeTime(), take(#", "at": ""#), let place = takePlace(),
            take(#"", "is": ""#)
        else { return nil }
        let isReceived = take(#"received""#)
        guard isReceived || take(#"sent""#) else { return nil }
        var command: Int?
        if take(#", "command": "#) {
            command = takeNumber(digitsMax: 18)
            if command == nil { return nil }
        }
        guard let content = takeContent(line), take("}"), index == bytes.count else { return nil }
        return Entry(time: time, place: place, kind: isReceived ? .received(content) : .sent(content), command: command)
    }

    private mutating func takeContent(_ line: Bytes) -> Entry.Content? {
        if take(#", "message": "#) {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "{"), let message = takeValue(line) else {
                return nil
            }
            return .message(SplicedMessage(message), .json)
        }
        guard take(#", "same-as": "monitor""#) else { return nil }
        guard take(#", "id": "#) else { return .sameAsMonitor(id: nil) }
        // White space would belong to the value.
        guard index < bytes.count, bytes[index] > 0x20, let id = takeValue(line) else { return nil }
        return .sameAsMonitor(id: id)
    }

    private mutating func takeValue(_ line: Bytes) -> Bytes? {
        let start = line.startIndex + index
        let rest = UnsafeBufferPointer(rebasing: bytes[index...])
        let length = csupport_json_value(rest.baseAddress, rest.count)
        guard length > 0 else { return nil }
        index += length
        return line[start..<start + length]
    }

    /// Seconds with six decimals; nine digits before them are 31 years.
    private mutating func takeTime() -> Instant? {
        guard let seconds = takeNumber(digitsMax: 9), take(".") else { return nil }
        guard bytes.count - index > 6 else { return nil }
        var fraction = 0
        for _ in 0..<6 {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            fraction = fraction * 10 + Int(digit)
            index += 1
        }
        guard !isDigit else { return nil }
        return Instant(microseconds: Int64(seconds * 1_000_000 + fraction))
    }

    private mutating func takePlace() -> Entry.Place? {
        if take("monitor") { return .monitor }
        guard take("client "), let number = takeNumber(digitsMax: 18) else { return nil }
        return .client(number)
    }

    /// A whole number without zeros before it.
    private mutating func takeNumber(digitsMax: Int) -> Int? {
        let start = index
        var number = 0
        while isDigit, index - start < digitsMax {
            number = number * 10 + Int(bytes[index] & 0xF)
            index += 1
        }
        let hasZeros = index - start > 1 && bytes[start] == UInt8(ascii: "0")
        return index == start || hasZeros || isDigit ? nil : number
    }

    private var isDigit: Bool {
        index < bytes.count && bytes[index] &- UInt8(ascii: "0") < 10
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard bytes.count - index >= length else { return false }
        for offset in 0..<length where bytes[index + offset] != text.utf8Start[offset] { return false }
        index += length
        return true
    }
}
