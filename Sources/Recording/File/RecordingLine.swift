internal import QMP

/// One line of a recording, taken apart as far as its members go.
struct RecordingLine {
    /// What keeps it from being what it should be.
    struct Malformed: Error {
        let text: String
    }

    let bytes: Bytes
    let members: [JSONScanner.Member]

    /// Takes a line without its end.
    init(_ bytes: Bytes) throws(Malformed) {
        guard bytes.isUTF8 else { throw Malformed(text: "not UTF-8") }
        self.bytes = bytes
        do throws(JSONScanner.Malformed) {
            members = try JSONScanner.members(of: bytes, .strict)
        } catch {
            throw Malformed(text: "no JSON: \(error.text)")
        }
    }

    /// The entry that it is.
    func entry() throws(Malformed) -> Entry {
        let kind = try needed("is")
        let place = Entry.Place(name: try needed("at"))
        var entry = Entry(time: try time() ?? .zero, place: place, kind: .other(kind: kind, line: bytes))
        guard self["t"] != nil else { throw Malformed(text: "\"t\" is no time") }
        let own = try take(kind, into: &entry)
        if case .other = entry.kind { return entry }
        entry.command = self["command"] == nil ? nil : try integer("command")
        entry.descriptors = self["fds"] == nil ? 0 : try integer("fds")
        entry.plugin = try string("plugin")
        entry.redacted = try strings("redacted")
        entry.unknownMembers = unknownMembers(besides: Self.common + own)
        return entry
    }

    private static let common: [StaticString] = ["t", "at", "is", "command", "fds", "plugin", "redacted"]
    private static let ofContent: [StaticString] = ["message", "text", "base64", "same-as", "id", "bytes", "error"]

    /// Reads what is special to a kind; returns the names of its members.
    private func take(_ kind: String, into entry: inout Entry) throws(Malformed) -> [StaticString] {
        switch kind {
        case "received":
            entry.kind = .received(try content(at: entry.place, isMessage: self["command"] != nil))
            return Self.ofContent
        case "sent":
            entry.kind = .sent(try content(at: entry.place, isMessage: true))
            return Self.ofContent
        case "opened":
            entry.kind = .opened(peer: try needed("peer"))
            return ["peer"]
        case "closed":
            entry.kind = .closed(reason: try needed("reason"))
            return ["reason"]
        case "verdict":
            let hasContent = self["message"] != nil || self["text"] != nil || self["base64"] != nil
            let content = hasContent ? try content(at: entry.place, isMessage: true) : nil
            entry.kind = .verdict(try needed("verdict"), content)
            return ["verdict"] + Self.ofContent
        case "mark":
            entry.kind = .mark(text: try needed("text"), epoch: self["epoch"] == nil ? nil : try integer("epoch"))
            return ["text", "epoch"]
        case "gap":
            entry.kind = .gap(entries: try integer("entries"))
            return ["entries"]
        default: return []
        }
    }

    /// What came in or went out.
    ///
    /// Of text that is no embedded message only this tells whether it is one all the same: what is sent, or has a
    /// command's number, is one unless it was answered with an error; so is a whole object from the monitor. The rest
    /// are bytes left over at a disconnect and such as QEMU passes over.
    private func content(at place: Entry.Place, isMessage: Bool) throws(Malformed) -> Entry.Content {
        if let message = self["message"] {
            guard message.first == UInt8(ascii: "{") else { throw Malformed(text: "\"message\" is no object") }
            return .message(SplicedMessage(message), .json)
        }
        if try string("same-as") == "monitor" { return .sameAsMonitor(id: self["id"]) }
        let text: Bytes
        if let characters = try unescaped("text") {
            text = characters
        } else if let base64 = try unescaped("base64") {
            guard let bytes = Base64.decoded(base64) else { throw Malformed(text: "\"base64\" is none") }
            text = bytes
        } else if self["bytes"] != nil {
            return .withheld(bytes: try integer("bytes"), error: try string("error"))
        } else {
            throw Malformed(text: "neither \"message\" nor \"text\" nor \"base64\"")
        }
        let error = try string("error")
        let isWhole = isMessage || (place == .monitor && JSONScanner.isObject(text, .qemu))
        return error == nil && isWhole ? .message(SplicedMessage(text), .dialect) : .invalid(text, error: error)
    }
}

// MARK: - Members

extension RecordingLine {
    /// Seconds, `nil` if there are none.
    func time() throws(Malformed) -> Instant? {
        guard let value = self["t"] else { return nil }
        guard let time = Double(value.text).flatMap({ Instant(seconds: $0) }) else {
            throw Malformed(text: "\"t\" is no time")
        }
        return time
    }

    func integer(_ name: StaticString) throws(Malformed) -> Int {
        guard let value = self[name], let number = Int(value.text), number >= 0 else {
            throw Malformed(text: "\"\(name)\" is no number")
        }
        return number
    }

    func needed(_ name: StaticString) throws(Malformed) -> String {
        guard let string = try string(name) else { throw Malformed(text: "\"\(name)\" is missing") }
        return string
    }

    func string(_ name: StaticString) throws(Malformed) -> String? {
        try unescaped(name)?.text
    }

    /// The strings of an array; none if there is no such member.
    func strings(_ name: StaticString) throws(Malformed) -> [String] {
        guard let value = self[name] else { return [] }
        guard let elements = (try? JSONValue(parsing: value))?.array else {
            throw Malformed(text: "\"\(name)\" is no array")
        }
        return elements.compactMap(\.string)
    }

    /// What a string says; `nil` if there is none, or `null` in its place.
    func unescaped(_ name: StaticString) throws(Malformed) -> Bytes? {
        guard let value = self[name], value.first != UInt8(ascii: "n") else { return nil }
        guard value.first == UInt8(ascii: "\""), let text = JSONString.unescaped(value.dropFirst().dropLast()) else {
            throw Malformed(text: "\"\(name)\" is no string")
        }
        return text
    }

    /// All members but those, as they are written.
    func unknownMembers(besides known: [StaticString]) -> [UInt8] {
        var unknown: [UInt8] = []
        for member in members where !known.contains(where: { member.key.equals($0) }) {
            if !unknown.isEmpty { unknown += ", ".utf8 }
            unknown += bytes[member.key.startIndex - 1..<member.value.endIndex]
        }
        return unknown
    }

    /// The value of a member; of several the last one counts, as everywhere.
    subscript(name: StaticString) -> Bytes? {
        members.last { $0.key.equals(name) }?.value
    }
}

extension Bytes {
    /// Whether the bytes are those of a text.
    fileprivate func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount
            && elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension Entry.Place {
    /// The place that is written so.
    fileprivate init(name: String) {
        switch name {
        case "monitor": self = .monitor
        case "proxy": self = .proxy
        default:
            if name.hasPrefix("client "), let number = Int(name.dropFirst(7)), "client \(number)" == name {
                self = .client(number)
            } else if name.hasPrefix("plugin ") {
                self = .plugin(String(name.dropFirst(7)))
            } else if name.hasPrefix("monitor ") {
                self = .secondMonitor(String(name.dropFirst(8)))
            } else {
                self = .other(name)
            }
        }
    }
}
