internal import QMP

extension RecordingEncoder {
    /// Appends a header's line.
    public static func append(_ header: RecordingHeader, to line: inout [UInt8]) {
        line.append(#"{"qmp-recording": "#)
        line.append(decimal: header.format)
        append(#", "started": "#, header.started, to: &line)
        append(#", "proxy": "#, header.proxy, to: &line)
        append(#", "monitor": "#, header.monitor, to: &line)
        if let previous = header.previous {
            append(#", "previous": "#, previous, to: &line)
        } else {
            line.append(#", "previous": null"#)
        }
        if header.begins != .zero {
            line.append(#", "t": "#)
            append(seconds: header.begins, to: &line)
        }
        if let greeting = header.greeting { append(greeting: greeting, to: &line) }
        append(#", "clients": ["#, header.clients, to: &line) { client, line in
            line.append(#"{"client": "#)
            line.append(decimal: client.number)
            append(#", "peer": "#, client.peer, to: &line)
        }
        append(#", "commands": ["#, header.commands, to: &line) { command, line in
            line.append(#"{"command": "#)
            line.append(decimal: command.number)
            if let client = command.client {
                line.append(#", "client": "#)
                line.append(decimal: client)
            }
            if let name = command.name { append(#", "execute": "#, name, to: &line) }
            if let asked = command.asked {
                line.append(#", "t": "#)
                append(seconds: asked, to: &line)
            }
        }
        append(unknownMembers: header.unknownMembers, to: &line)
        line.append("}\n")
    }

    /// As it is, or as a string where it is no JSON on one line, as with `pretty=on`.
    private static func append(greeting: Bytes, to line: inout [UInt8]) {
        line.append(#", "greeting": "#)
        if !greeting.contains(0x0A), greeting.isUTF8, JSONScanner.isObject(greeting, .strict) {
            line += greeting
        } else {
            JSONString.append(greeting, to: &line)
        }
    }

    private static func append<Element>(
        _ start: StaticString,
        _ elements: [Element],
        to line: inout [UInt8],
        element: (Element, inout [UInt8]) -> Void
    ) {
        guard !elements.isEmpty else { return }
        line.append(start)
        for (index, each) in elements.enumerated() {
            if index > 0 { line.append(", ") }
            element(each, &line)
            line.append("}")
        }
        line.append("]")
    }
}
