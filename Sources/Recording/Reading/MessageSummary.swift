internal import QMP

/// What a message is, as far as its first members tell.
enum MessageSummary: Equatable {
    case greeting
    case command(name: String, isOutOfBand: Bool)
    case reply(isError: Bool)
    case event(name: String)
    case unknown

    private static let telling = ["QMP", "execute", "exec-oob", "return", "error", "event"]

    init(_ message: Bytes) {
        self = Self.quick(message) ?? Self.scanned(message)
    }

    /// The way for what QEMU and most clients write, in which the first bytes tell.
    private static func quick(_ message: Bytes) -> MessageSummary? {
        if message.hasPrefix(#"{"return": "#) { return .reply(isError: false) }
        let start: StaticString = #"{"execute": ""#
        guard message.hasPrefix(start) else { return nil }
        let rest = message.dropFirst(start.utf8CodeUnitCount)
        guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }),
            rest[end] == UInt8(ascii: "\"")
        else { return nil }
        return .command(name: rest[..<end].text, isOutOfBand: false)
    }

    private static func scanned(_ message: Bytes) -> MessageSummary {
        let members = try? JSONScanner.members(of: message, .qemu) { key in
            telling.contains { key.elementsEqual($0.utf8) }
        }
        guard let last = members?.last else { return .unknown }
        switch last.key.text {
        case "QMP": return .greeting
        case "execute": return .command(name: name(last.value), isOutOfBand: false)
        case "exec-oob": return .command(name: name(last.value), isOutOfBand: true)
        case "return": return .reply(isError: false)
        case "error": return .reply(isError: true)
        case "event": return .event(name: name(last.value))
        default: return .unknown
        }
    }

    /// A string, unescaped if it is one.
    private static func name(_ value: Bytes) -> String {
        guard let quote = value.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            return value.text
        }
        return (JSONString.unescaped(value.dropFirst().dropLast()) ?? value).text
    }
}

extension Bytes {
    /// Whether the bytes begin with those of a text.
    fileprivate func hasPrefix(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length else { return false }
        return withUnsafeBufferPointer { bytes in
            for index in 0..<length where bytes[index] != text.utf8Start[index] { return false }
            return true
        }
    }
}

extension SplicedMessage {
    /// What is sent, in one piece; a copy only where something is cut or added.
    var whole: Bytes {
        cut.isEmpty && insert.isEmpty && !addsLineEnd ? bytes : joined
    }
}
