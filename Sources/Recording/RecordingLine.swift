internal import QMP

/// One line of a recording, taken apart as far as its members go.
struct RecordingLine {
    /// What keeps it from being what it should be.
    struct Malformed: Error {
        let text: String
    }

    private let bytes: Bytes
    private let members: [JSONScanner.Member]

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

    /// The header that it is, `nil` if it is none.
    func header() throws(Malformed) -> RecordingHeader? {
        guard self["qmp-recording"] != nil else { return nil }
        var header = RecordingHeader(
            started: try string("started") ?? "",
            proxy: try string("proxy") ?? "",
            monitor: try string("monitor") ?? "",
            previous: try string("previous")
        )
        header.format = try integer("qmp-recording")
        return header
    }

    /// The entry that it is.
    func entry() throws(Malformed) -> Entry {
        let kind = try needed("is")
        let place = Entry.Place(name: try needed("at"))
        let time = try time()
        let command = self["command"] == nil ? nil : try integer("command")
        let descriptors = self["fds"] == nil ? 0 : try integer("fds")
        let isSent = kind == "sent"
        let content: Entry.Kind
        switch kind {
        case "opened": content = .opened(peer: try needed("peer"))
        case "closed": content = .closed(reason: try needed("reason"))
        case "received", "sent":
            let isCommand = command != nil
            let bytes = try self.content(at: place, isMessage: isSent || isCommand)
            content = isSent ? .sent(bytes) : .received(bytes)
        case "gap": content = .gap(entries: try integer("entries"))
        default: content = .other(kind: kind, line: bytes)
        }
        return Entry(time: time, place: place, kind: content, command: command, descriptors: descriptors)
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
        let text: Bytes
        if let characters = try unescaped("text") {
            text = characters
        } else if let base64 = try unescaped("base64") {
            guard let bytes = Base64.decoded(base64) else { throw Malformed(text: "\"base64\" is none") }
            text = bytes
        } else {
            throw Malformed(text: "neither \"message\" nor \"text\" nor \"base64\"")
        }
        let error = try string("error")
        let isWhole = isMessage || (place == .monitor && JSONScanner.isObject(text, .qemu))
        return error == nil && isWhole ? .message(SplicedMessage(text), .dialect) : .invalid(text, error: error)
    }

    /// Seconds; as a double they are exact to the microsecond for 126 years.
    private func time() throws(Malformed) -> Instant {
        guard let value = self["t"], let seconds = Double(value.text), seconds.magnitude < 4e9 else {
            throw Malformed(text: "\"t\" is no time")
        }
        return Instant(microseconds: Int64((seconds * 1_000_000).rounded()))
    }

    private func integer(_ name: String) throws(Malformed) -> Int {
        guard let value = self[name], let number = Int(value.text), number >= 0 else {
            throw Malformed(text: "\"\(name)\" is no number")
        }
        return number
    }

    private func needed(_ name: String) throws(Malformed) -> String {
        guard let string = try string(name) else { throw Malformed(text: "\"\(name)\" is missing") }
        return string
    }

    private func string(_ name: String) throws(Malformed) -> String? {
        try unescaped(name)?.text
    }

    /// What a string says; `nil` if there is none, or `null` in its place.
    private func unescaped(_ name: String) throws(Malformed) -> Bytes? {
        guard let value = self[name], value.first != UInt8(ascii: "n") else { return nil }
        guard value.first == UInt8(ascii: "\""), let text = JSONString.unescaped(value.dropFirst().dropLast()) else {
            throw Malformed(text: "\"\(name)\" is no string")
        }
        return text
    }

    /// The value of a member; of several the last one counts, as everywhere.
    private subscript(name: String) -> Bytes? {
        members.last { $0.key.elementsEqual(name.utf8) }?.value
    }
}

extension Entry.Place {
    /// The place that is written so.
    fileprivate init(name: String) {
        let number = name.hasPrefix("client ") ? Int(name.dropFirst(7)) : nil
        switch name {
        case "monitor": self = .monitor
        case "proxy": self = .proxy
        default:
            if let number, "client \(number)" == name {
                self = .client(number)
            } else {
                self = .other(name)
            }
        }
    }
}
