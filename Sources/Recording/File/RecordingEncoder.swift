internal import QMP

/// Writes what a recording consists of: one line of JSON each.
///
/// A message that is JSON on one line is embedded byte for byte; any other is kept as a JSON string of the very same
/// characters, `"text"`, or, where they are no UTF-8, as `"base64"`.
public enum RecordingEncoder {
    /// Appends an entry's line.
    public static func append(_ entry: borrowing Entry, to line: inout [UInt8]) {
        let kind = entry.kind
        if case .other(_, let whole) = kind {
            line += whole
            line.append("\n")
            return
        }
        line.append(#"{"t": "#)
        append(seconds: entry.time, to: &line)
        append(entry.place, to: &line)
        appendName(of: kind, to: &line)
        if let command = entry.command {
            line.append(#", "command": "#)
            line.append(decimal: command)
        }
        if entry.descriptors != 0 {
            line.append(#", "fds": "#)
            line.append(decimal: entry.descriptors)
        }
        if let plugin = entry.plugin { append(#", "plugin": "#, plugin, to: &line) }
        appendDetails(of: kind, to: &line)
        append(redacted: entry.redacted, to: &line)
        append(unknownMembers: entry.unknownMembers, to: &line)
        line.append("}\n")
    }

    private static func append(redacted pointers: [String], to line: inout [UInt8]) {
        guard !pointers.isEmpty else { return }
        line.append(#", "redacted": ["#)
        for (index, pointer) in pointers.enumerated() { append(index == 0 ? "" : ", ", pointer, to: &line) }
        line.append("]")
    }

    static func append(unknownMembers members: [UInt8], to line: inout [UInt8]) {
        guard !members.isEmpty else { return }
        line.append(", ")
        line += members
    }

    /// Exactly six decimals, without a detour over floating point.
    static func append(seconds time: Instant, to line: inout [UInt8]) {
        if time.microseconds < 0 { line.append("-") }
        let (seconds, fraction) = time.microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        line.append(decimal: Int(seconds))
        line.append(".")
        line.append(decimal: Int(fraction), width: 6)
    }

    private static func append(_ place: Entry.Place, to line: inout [UInt8]) {
        switch place {
        case .monitor: line.append(#", "at": "monitor""#)
        case .proxy: line.append(#", "at": "proxy""#)
        case .client(let number):
            line.append(#", "at": "client "#)
            line.append(decimal: number)
            line.append("\"")
        case .plugin(let name):
            line.append(#", "at": "plugin "#)
            JSONString.append(rest: name, to: &line)
        case .secondMonitor(let name):
            line.append(#", "at": "monitor "#)
            JSONString.append(rest: name, to: &line)
        case .other(let name): append(#", "at": "#, name, to: &line)
        }
    }

    private static func appendName(of kind: Entry.Kind, to line: inout [UInt8]) {
        switch kind {
        case .opened: line.append(#", "is": "opened""#)
        case .closed: line.append(#", "is": "closed""#)
        case .received: line.append(#", "is": "received""#)
        case .sent: line.append(#", "is": "sent""#)
        case .verdict: line.append(#", "is": "verdict""#)
        case .mark: line.append(#", "is": "mark""#)
        case .gap: line.append(#", "is": "gap""#)
        case .other(let name, _): append(#", "is": "#, name, to: &line)
        }
    }

    private static func appendDetails(of kind: Entry.Kind, to line: inout [UInt8]) {
        switch kind {
        // By far the most, and quicker than by way of the content.
        case .received(.message(let message, let form)), .sent(.message(let message, let form)):
            append(message, form, to: &line)
        case .opened(let peer): append(#", "peer": "#, peer, to: &line)
        case .closed(let reason): append(#", "reason": "#, reason, to: &line)
        case .received(let content), .sent(let content): append(content, to: &line)
        case .verdict(let name, let content):
            append(#", "verdict": "#, name, to: &line)
            if let content { append(content, to: &line) }
        case .mark(let text, let epoch):
            append(#", "text": "#, text, to: &line)
            guard let epoch else { return }
            line.append(#", "epoch": "#)
            line.append(decimal: epoch)
        case .gap(let entries):
            line.append(#", "entries": "#)
            line.append(decimal: entries)
        case .other: break
        }
    }

    private static func append(_ content: Entry.Content, to line: inout [UInt8]) {
        switch content {
        case .message(let message, let form): append(message, form, to: &line)
        case .sameAsMonitor(let id):
            line.append(#", "same-as": "monitor""#)
            guard let id else { return }
            line.append(#", "id": "#)
            line += id
        case .invalid(let bytes, let error):
            append(characters: bytes, to: &line)
            if let error { append(#", "error": "#, error, to: &line) }
        case .withheld(let bytes, let error):
            line.append(#", "bytes": "#)
            line.append(decimal: bytes)
            if let error { append(#", "error": "#, error, to: &line) }
        }
    }

    static func append(characters bytes: Bytes, to line: inout [UInt8]) {
        guard bytes.isUTF8 else {
            line.append(#", "base64": ""#)
            Base64.append(bytes, to: &line)
            line.append("\"")
            return
        }
        line.append(#", "text": "#)
        JSONString.append(bytes, to: &line)
    }

    static func append(_ name: StaticString, _ text: String, to line: inout [UInt8]) {
        line.append(name)
        line.append("\"")
        JSONString.append(rest: text, to: &line)
    }
}

extension Bytes {
    /// Whether these are strictly UTF-8: no overlong forms, no surrogates.
    var isUTF8: Bool {
        do {
            _ = try UTF8Span(validating: span)
            return true
        } catch {
            return false
        }
    }
}

extension [UInt8] {
    /// Quicker than a string.
    mutating func append(_ text: StaticString) {
        self += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// A number in decimal, with zeros before it up to a width.
    mutating func append(decimal number: Int, width: Int = 1) {
        if number < 0 { append("-") }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = number.magnitude
            var start = digits.endIndex
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0 || digits.endIndex - start < width
            self += UnsafeMutableBufferPointer(rebasing: digits[start...])
        }
    }
}
