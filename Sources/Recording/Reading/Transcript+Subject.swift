internal import QMP

extension Transcript {
    /// What an entry is, in words.
    func appendSubject(_ entry: Entry, _ meaning: Meaning, to line: inout [UInt8]) {
        switch entry.kind {
        case .opened(let peer): Readable.append("opened: \(peer)", to: &line)
        case .closed(let reason): Readable.append("closed: \(reason)", to: &line)
        case .gap(1): line.append("gap: 1 entry was lost")
        case .gap(let entries): Readable.append("gap: \(entries) entries were lost", to: &line)
        case .mark(let text, let epoch):
            Readable.append("mark: \(text)", to: &line)
            guard let epoch else { return }
            line.append("  epoch ")
            line.append(decimal: epoch)
        case .verdict(let verdict, _):
            let name = meaning.command?.name.map { " on \($0)" } ?? ""
            Readable.append("verdict\(name): \(verdict)", to: &line)
        case .other(let kind, _): Readable.append(kind, to: &line)
        case .received(let content), .sent(let content):
            var meaning = meaning
            // QEMU replies to what it was asked, the client is told of what it has asked.
            if entry.place == .monitor, let name = meaning.command?.replacement { meaning.command?.name = name }
            append(content, meaning, to: &line)
        }
    }

    private func append(_ content: Entry.Content, _ meaning: Meaning, to line: inout [UInt8]) {
        switch meaning.subject {
        case .greeting:
            line.append("greeting")
            if case .message(let message, _) = content { append(greeting: message.whole, to: &line) }
        case .event(let name):
            line.append("event ")
            Readable.append(name, to: &line)
        case .command(let name, let isOutOfBand):
            Readable.append(name, to: &line)
            if isOutOfBand { line.append(" out of band") }
        case .reply(let outcome): append(outcome, content, meaning, to: &line)
        case .invalid: append(invalid: content, to: &line)
        case .message, nil: line.append("message")
        }
    }

    private func append(greeting: Bytes, to line: inout [UInt8]) {
        let version = (try? JSONValue(parsing: greeting))?["QMP"]?["version"]
        let numbers = ["major", "minor", "micro"].compactMap { version?["qemu"]?[$0]?.integer }
        guard numbers.count == 3 else { return }
        line += " of QEMU \(numbers.map { String($0) }.joined(separator: "."))".utf8
        if let package = version?["package"]?.string, !package.isEmpty { Readable.append(" (\(package))", to: &line) }
    }

    private func append(
        _ outcome: Meaning.Outcome?,
        _ content: Entry.Content,
        _ meaning: Meaning,
        to line: inout [UInt8]
    ) {
        if let name = meaning.command?.name {
            Readable.append(name, to: &line)
            line.append(" ")
        }
        switch outcome {
        case .returned: line.append("returned")
        case .failed: line.append("failed")
        case nil: line.append("answered")
        }
        if let latency = meaning.latency {
            line.append(" in ")
            line.append(duration: latency)
        }
        if case .sameAsMonitor = content { line.append(", as QEMU said") }
        guard case .failed(let errorClass, let description) = outcome else { return }
        for text in [errorClass, description] where !text.isEmpty { Readable.append(": \(text)", to: &line) }
    }

    private func append(invalid content: Entry.Content, to line: inout [UInt8]) {
        line.append("invalid, ")
        guard let error = content.error else { return line.append("not answered") }
        Readable.append("answered with: \(error)", to: &line)
    }
}

extension Entry {
    /// What is shown of an entry as it was read.
    var message: Bytes {
        switch kind {
        case .received(let content), .sent(let content), .verdict(_, let content?): content.shown
        case .other(_, let line): line
        case .opened, .closed, .verdict, .mark, .gap: []
        }
    }
}

extension Entry.Content {
    fileprivate var error: String? {
        switch self {
        case .invalid(_, let error), .withheld(_, let error): error
        case .message, .sameAsMonitor: nil
        }
    }

    fileprivate var shown: Bytes {
        switch self {
        case .message(let message, _): message.whole
        case .invalid(let bytes, _): bytes
        case .withheld(let count, _): Bytes(text: "(\(count) bytes that may hold a secret)")
        case .sameAsMonitor(let id): id.map { Bytes(text: "id ") + $0 } ?? []
        }
    }
}

extension Entry.Place {
    /// Appends a place's name, for people.
    func append(to line: inout [UInt8]) {
        switch self {
        case .monitor: line.append("QEMU")
        case .client(let number):
            line.append("client ")
            line.append(decimal: number)
        case .proxy: line.append("proxy")
        case .plugin(let name): Readable.append("plugin \(name)", to: &line)
        case .secondMonitor(let name): Readable.append("monitor \(name)", to: &line)
        case .other(let name): Readable.append(name, to: &line)
        }
    }
}

extension [UInt8] {
    /// So many microseconds in the unit that suits them, with three decimals, the rest dropped.
    mutating func append(duration microseconds: Int64) {
        let parts: UInt64 =
            switch microseconds.magnitude {
            case ..<1000: 1
            case ..<1_000_000: 1000
            default: 1_000_000
            }
        let (whole, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: parts)
        if microseconds < 0 { append("-") }
        append(decimal: Int(whole))
        guard parts > 1 else { return append(" µs") }
        append(".")
        append(decimal: Int(fraction * 1000 / parts), width: 3)
        append(parts == 1000 ? " ms" : " s")
    }
}
