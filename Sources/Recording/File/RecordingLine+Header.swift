internal import QMP

extension RecordingLine {
    private static let known: [StaticString] = [
        "qmp-recording", "started", "proxy", "monitor", "previous", "t", "greeting", "clients", "commands",
    ]

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
        header.begins = try time() ?? .zero
        header.greeting = self["greeting"]?.first == UInt8(ascii: "{") ? self["greeting"] : try unescaped("greeting")
        header.clients = try elements("clients").compactMap { client in
            guard let number = client["client"]?.count else { return nil }
            return RecordingHeader.Client(number: number, peer: client["peer"]?.string ?? "")
        }
        header.commands = try elements("commands").compactMap { command in
            guard let number = command["command"]?.count else { return nil }
            return RecordingHeader.Command(
                number: number,
                client: command["client"]?.count,
                name: command["execute"]?.string,
                asked: command["t"]?.double.flatMap { Instant(seconds: $0) }
            )
        }
        header.unknownMembers = unknownMembers(besides: Self.known)
        return header
    }

    private func elements(_ name: StaticString) throws(Malformed) -> [JSONValue] {
        guard let value = self[name] else { return [] }
        guard let array = (try? JSONValue(parsing: value))?.array else {
            throw Malformed(text: "\"\(name)\" is no array")
        }
        return array
    }
}

extension JSONValue {
    /// A number of something.
    fileprivate var count: Int? {
        integer.flatMap { Int(exactly: $0) }
    }
}
