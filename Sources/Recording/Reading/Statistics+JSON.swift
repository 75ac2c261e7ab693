internal import QMP

extension Statistics {
    /// One object on one line, with its end.
    public var json: [UInt8] {
        var line: [UInt8] = []
        line += "{\"entries\": \(entries), \"bytes\": \(bytes), \"segments\": \(segments)".utf8
        line.append(", \"seconds\": ")
        RecordingEncoder.append(seconds: Instant(microseconds: duration), to: &line)
        line += ", \"gaps\": \(gaps), \"entries-lost\": \(entriesLost)".utf8
        append("commands", commands, to: &line) { command, line in
            line += "{\"count\": \(command.count), \"failed\": \(command.failed)".utf8
            if let median = command.latencies.quantile(0.5) {
                let (tail, end) = (command.latencies.quantile(0.9) ?? 0, command.latencies.quantile(0.99) ?? 0)
                line += ", \"microseconds\": {\"p50\": \(median), \"p90\": \(tail), \"p99\": \(end)".utf8
                line += ", \"max\": \(command.latencies.max)}".utf8
            }
            line.append("}")
        }
        append("events", events, to: &line) { $1.append(decimal: $0) }
        append("errors", errors, to: &line) { $1.append(decimal: $0) }
        appendClients(to: &line)
        line.append("}\n")
        return line
    }

    /// An object with a member a name; the rest, if there is one, is beside it.
    private func append<Value>(
        _ name: String,
        _ tally: Tally<String, Value>,
        to line: inout [UInt8],
        value: (Value, inout [UInt8]) -> Void
    ) {
        line += ", \"\(name)\": {".utf8
        for (index, element) in tally.sorted.enumerated() {
            RecordingEncoder.append(index == 0 ? "" : ", ", element.key, to: &line)
            line.append(": ")
            value(element.value, &line)
        }
        line.append("}")
        guard let others = tally.others else { return }
        line += ", \"other-\(name)\": ".utf8
        value(others, &line)
    }

    private func appendClients(to line: inout [UInt8]) {
        line.append(", \"clients\": [")
        for (index, (key, client)) in clients.sorted.enumerated() {
            line += "\(index == 0 ? "" : ", "){\"client\": \(key.number)".utf8
            if let peer = client.peer { RecordingEncoder.append(", \"peer\": ", peer, to: &line) }
            line += ", \"commands\": \(client.commands), \"from\": ".utf8
            RecordingEncoder.append(seconds: client.first, to: &line)
            line.append(", \"to\": ")
            RecordingEncoder.append(seconds: client.last, to: &line)
            line.append("}")
        }
        line.append("]")
        if let others = clients.others { line += ", \"other-clients\": {\"commands\": \(others.commands)}".utf8 }
    }
}
