internal import QMP

/// A recording as text for people and for `grep`: one line an entry.
///
/// ```
///      1.204117  client 1 → proxy     #1  getfd with 1 descriptor  {"execute": "getfd", …}
///      1.204180  proxy → QEMU         #1  getfd with 1 descriptor  {"execute": "getfd", …}
///      1.205140  QEMU → proxy         #1  getfd returned in 1.023 ms  {"return": {}, "id": [1, 7]}
///      1.205170  proxy → client 1     #1  getfd returned in 1.053 ms  {"return": {}, "id": 7}
/// ```
public struct Transcript {
    private struct Command {
        /// `nil` when it was no valid document.
        let name: String?
        let received: Instant
    }

    /// Commands whose replies are awaited at most; beyond them all are forgotten, and their replies lack name and time.
    ///
    /// 65,536: all that 1,024 clients may have waiting.
    private static let commandsMax = 1 << 16

    private let charactersMax: Int?
    private var commands: [Int: Command] = [:]

    /// A transcript that begins with a recording's first line.
    ///
    /// - Parameter charactersMax: longer messages are cut, in characters (Unicode scalars); `nil` cuts none.
    public init(charactersMax: Int? = 200) {
        self.charactersMax = charactersMax
    }

    /// A header's line, without its end.
    ///
    /// Commands are counted anew behind it.
    public mutating func line(for header: RecordingHeader) -> String {
        commands = [:]
        let previous = header.previous.map { ", goes on from \($0)" } ?? ""
        return readable("\(header.monitor), recorded by qmp-proxy \(header.proxy) from \(header.started)\(previous)")
    }

    /// An entry's line, without its end.
    public mutating func line(for entry: Entry) -> String {
        let (way, what, message) = description(of: entry)
        let number = entry.command.map { "#\($0)" } ?? ""
        let time = entry.time.microseconds.decimal(places: 6)
        let descriptors =
            switch entry.descriptors {
            case 0: ""
            case 1: " with 1 descriptor"
            default: " with \(entry.descriptors) descriptors"
            }
        let start = "\(time.padded(before: 13))  \(way.padded(behind: 20)) \(number.padded(before: 5))  "
        return start + what + descriptors + (message.isEmpty ? "" : "  \(readable(message, charactersMax))")
    }

    private mutating func description(of entry: Entry) -> (way: String, what: String, message: Bytes) {
        let place = entry.place.description
        switch entry.kind {
        case .opened(let peer): return (place, "opened: \(readable(peer))", [])
        case .closed(let reason): return (place, "closed: \(readable(reason))", [])
        case .gap(let entries): return (place, "gap: \(entries) entries were lost", [])
        case .other(let kind, let line): return (place, readable(kind), line)
        case .received(let content):
            let (what, message) = description(of: content, in: entry)
            return ("\(place) → proxy", what, message)
        case .sent(let content):
            let (what, message) = description(of: content, in: entry)
            return ("proxy → \(place)", what, message)
        }
    }

    private mutating func description(of content: Entry.Content, in entry: Entry) -> (what: String, message: Bytes) {
        switch content {
        case .invalid(let bytes, let error):
            if let number = entry.command { note(number, nil, at: entry) }
            return (error.map { "invalid, answered with: \(readable($0))" } ?? "invalid, not answered", bytes)
        case .message(let message, _):
            let bytes = message.joined
            return (description(of: Summary(bytes), in: entry), bytes)
        }
    }

    private mutating func description(of summary: Summary, in entry: Entry) -> String {
        switch summary {
        case .greeting: return "greeting"
        case .event(let name): return "event \(readable(name))"
        case .unknown: return "message"
        case .command(let name):
            let name = readable(name)
            if let number = entry.command, case .received = entry.kind { note(number, name, at: entry) }
            return name
        case .reply(let isError):
            let outcome = isError ? "failed" : "returned"
            guard let number = entry.command, let command = commands[number] else { return outcome }
            if case .sent = entry.kind { commands[number] = nil }
            let duration = entry.time.microseconds &- command.received.microseconds
            return "\(command.name.map { "\($0) " } ?? "")\(outcome) in \(duration.duration)"
        }
    }

    private mutating func note(_ number: Int, _ name: String?, at entry: Entry) {
        if commands.count >= Self.commandsMax { commands = [:] }
        commands[number] = Command(name: name, received: entry.time)
    }
}

/// What a message is, as far as its first members tell.
private enum Summary {
    case greeting
    case command(String)
    case reply(isError: Bool)
    case event(String)
    case unknown

    private static let telling = ["QMP", "execute", "exec-oob", "return", "error", "event"]

    init(_ message: Bytes) {
        let members = try? JSONScanner.members(of: message, .qemu) { key in
            Self.telling.contains { key.elementsEqual($0.utf8) }
        }
        guard let last = members?.last else {
            self = .unknown
            return
        }
        switch last.key.text {
        case "QMP": self = .greeting
        case "execute", "exec-oob": self = .command(Self.name(last.value))
        case "return": self = .reply(isError: false)
        case "error": self = .reply(isError: true)
        case "event": self = .event(Self.name(last.value))
        default: self = .unknown
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

extension Entry.Place {
    fileprivate var description: String {
        switch self {
        case .monitor: "QEMU"
        case .client(let number): "client \(number)"
        case .proxy: "proxy"
        case .other(let name): readable(name)
        }
    }
}

extension Int64 {
    /// This many millionths with so many decimals (at most six), the rest dropped.
    fileprivate func decimal(places: Int) -> String {
        let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        return (self < 0 ? "-" : "") + "\(whole)." + Recording.padded(fraction, 6).prefix(places)
    }

    /// This many microseconds in the unit that suits them.
    fileprivate var duration: String {
        switch magnitude {
        case ..<1000: "\(self) µs"
        case ..<1_000_000: "\((self * 1000).decimal(places: 3)) ms"
        default: "\(decimal(places: 3)) s"
        }
    }
}

extension String {
    fileprivate func padded(before width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }

    fileprivate func padded(behind width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}

/// A text in which nothing can harm or deceive a terminal: white space of any kind is one space, and characters that
/// cannot be seen are spelled out.
private func readable(_ text: String) -> String {
    readable(Bytes(text: text), nil)
}

private func readable(_ text: Bytes, _ charactersMax: Int?) -> String {
    // No character is longer than four bytes.
    let start = charactersMax.map { text.prefix(4 * $0) } ?? text
    var isCut = start.count < text.count
    var result = ""
    var characters = 0
    var isBehindBreak = false
    for scalar in start.text.unicodeScalars {
        if characters == charactersMax {
            isCut = true
            break
        }
        characters += 1
        if scalar.isBreak {
            if !isBehindBreak { result += " " }
            isBehindBreak = true
        } else if scalar != " " || !isBehindBreak {
            if scalar.isVisible {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            }
            isBehindBreak = false
        }
    }
    return isCut ? "\(result)… (\(text.count) bytes)" : result
}

extension Unicode.Scalar {
    /// White space other than a mere space.
    fileprivate var isBreak: Bool {
        value < 0x7F ? (0x09...0x0D).contains(value) : properties.isWhitespace
    }

    fileprivate var isVisible: Bool {
        if (0x20..<0x7F).contains(value) { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: return false
        default: return true
        }
    }
}
