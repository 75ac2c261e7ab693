internal import QMP

extension Statistics {
    /// Tables for people; nothing in them can harm a terminal.
    public var text: [UInt8] {
        var text: [UInt8] = []
        let size = "\(Self.counted(entries, "entry", "entries")), \(bytes.grouped) bytes, \(duration.duration)"
        let lost = gaps == 0 ? "" : " with \(Self.counted(entriesLost, "entry", "entries")) lost"
        text += "\(size), \(Self.counted(segments, "segment")), \(Self.counted(gaps, "gap"))\(lost)\n".utf8
        Table("COMMAND", ["COUNT", "FAILED", "P50", "P90", "P99", "MAX"]).append(
            commandRows(commands.sorted.sorted { $0.value.count > $1.value.count }),
            to: &text
        )
        for (title, tally) in [("EVENT", events), ("ERROR", errors)] {
            let rows = tally.sorted.sorted { $0.value > $1.value }.map { ($0.key, [$0.value.grouped]) }
            let rest = tally.others.map { [("(others)", [$0.grouped])] } ?? []
            Table(title, ["COUNT"]).append(rows + rest, to: &text)
        }
        Table("CLIENT", ["COMMANDS", "FROM", "TO"]).append(clientRows, to: &text)
        return text
    }

    private func commandRows(_ named: [(key: String, value: Command)]) -> [(String, [String])] {
        let rest = commands.others.map { [(key: "(others)", value: $0)] } ?? []
        return (named + rest).map { name, command in
            let latencies = command.latencies
            let times = [0.5, 0.9, 0.99].map { latencies.quantile($0) } + [latencies.count > 0 ? latencies.max : nil]
            return (name, [command.count.grouped, command.failed.grouped] + times.map { $0?.duration ?? "-" })
        }
    }

    private var clientRows: [(String, [String])] {
        let named = clients.sorted.map { ("\($0.key.number)\($0.value.peer.map { ": \($0)" } ?? "")", $0.value) }
        return (named + (clients.others.map { [("(others)", $0)] } ?? [])).map { name, client in
            var times: [[UInt8]] = [[], []]
            RecordingEncoder.append(seconds: client.first, to: &times[0])
            RecordingEncoder.append(seconds: client.last, to: &times[1])
            return (name, [client.commands.grouped] + times.map { $0[...].text })
        }
    }

    /// What a check has to say, such as `12,345 entries in 2 segments, 3 clients, 0 gaps`.
    public var summary: String {
        let clients = clients.values.count
        return Self.counted(entries, "entry", "entries") + " in " + Self.counted(segments, "segment") + ", "
            + Self.counted(clients, "client") + ", " + Self.counted(gaps, "gap")
    }

    /// Whether entries were lost.
    public var hasGaps: Bool {
        gaps > 0
    }

    private static func counted(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number.grouped) \(number == 1 ? one : many ?? one + "s")"
    }
}

/// Columns under their titles: the first one to the left, all others to the right.
private struct Table {
    /// Names are cut behind so many characters; no name of QEMU's is as long.
    private static let nameCharactersMax = 60

    let title: String
    let columns: [String]

    init(_ title: String, _ columns: [String]) {
        self.title = title
        self.columns = columns
    }

    /// Appends an empty line and the table, unless it has no rows.
    func append(_ rows: [(String, [String])], to text: inout [UInt8]) {
        guard !rows.isEmpty else { return }
        let all = [(title, columns)] + rows
        let names = all.map { name, _ in
            var shown: [UInt8] = []
            Readable.append(Bytes(text: name), charactersMax: Self.nameCharactersMax, to: &shown)
            return shown[...].text
        }
        let nameWidth = names.map(\.unicodeScalars.count).max() ?? 0
        let widths = columns.indices.map { column in all.map { $0.1[column].unicodeScalars.count }.max() ?? 0 }
        text.append(UInt8(ascii: "\n"))
        for (name, row) in zip(names, all) {
            text += name.utf8
            text += repeatElement(UInt8(ascii: " "), count: nameWidth - name.unicodeScalars.count)
            for (cell, width) in zip(row.1, widths) {
                text += repeatElement(UInt8(ascii: " "), count: 2 + width - cell.unicodeScalars.count)
                text += cell.utf8
            }
            text.append(UInt8(ascii: "\n"))
        }
    }
}

extension Int64 {
    /// So many microseconds, in words.
    fileprivate var duration: String {
        var text: [UInt8] = []
        text.append(duration: self)
        return text[...].text
    }
}

extension Int {
    /// With commas between thousands.
    public var grouped: String {
        var digits = String(magnitude)
        var end = digits.count - 3
        while end > 0 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: end))
            end -= 3
        }
        return self < 0 ? "-" + digits : digits
    }
}
