import Foundation
import QMP
import Recording
import Testing

/// A proxy that is killed in the midst of its work: what anybody got from it is in the recording.
@Suite(.onWorkbench, .showingLogs)
struct CrashTests {
    private static let commands = [
        #"{"execute": "query-name", "id": 1}"#, #"{"execute": "query-version"}"#, "{'execute': 'no-such-command'}",
        // Its reply is long enough to be written once.
        #"{"execute": "query-commands", "id": {"a": [2]}}"#, #"{"execute": "qom-list", "id": "x"}"#,
        #"{"execute": "__org.qmp-proxy_mark", "arguments": {"text": "here"}}"#,
    ]

    /// 200 kills in all, four at a time.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func losesNothingThatAnybodyGot(seed: UInt64) throws {
        var chance = SplitMix64(seed: seed)
        let qemu = try QEMU()
        for round in 1...50 {
            let path = Workbench.current.path("\(seed)-\(round).qmprec")
            let proxy = try Proxy(qemu, monitor: 0, "--record", path)
            let got = try loadAndKill(proxy, after: Int(chance.next() % 400), &chance)
            let recording = try RecordedReplies(path) { recording in
                got.allSatisfy { recording.replies[$0.client, default: []].starts(with: $0.lines) }
            }
            for (client, lines) in got {
                let recorded = recording.replies[client, default: []].prefix(lines.count)
                #expect(Array(recorded) == lines, "round \(round), client \(client)")
            }
            // Its end is whole, too: what was handed over is written by whoever outlives the proxy.
            #expect(recording.torn == "", "round \(round)")
            #expect(recording.outOfOrder == [], "round \(round)")
        }
    }

    /// Three clients keep some commands under way until so many replies have come; then the proxy is killed.
    private func loadAndKill(
        _ proxy: Proxy,
        after count: Int,
        _ chance: inout SplitMix64
    ) throws -> [(client: Int, lines: [String])] {
        let clients = try (0..<3).map { _ in try proxy.connect() }
        var lines: [[String]] = []
        for client in clients {
            lines.append([try client.readLine()])
            try client.send(RawClient.negotiation)
            for _ in 0..<20 { try client.send(Self.commands[Int(chance.next() % 6)]) }
        }
        for index in 0..<count {
            let client = clients[index % 3]
            lines[index % 3].append(try client.readLine())
            try client.send(Self.commands[Int(chance.next() % 6)])
        }
        proxy.process.signal(SIGKILL)
        for (index, client) in clients.enumerated() {
            // Of the last one the kernel may have got only a part.
            lines[index] += try client.readToEnd().components(separatedBy: "\r\n").dropLast().map { "\($0)\r\n" }
        }
        try proxy.process.waitForEnd()
        return lines.enumerated().map { ($0.offset + 1, $0.element.map { String($0.dropLast()) }) }
    }
}

/// What a recording says each client was sent.
private struct RecordedReplies {
    /// By client, in order, without line ends.
    var replies: [Int: [String]] = [:]
    /// What stands behind the last whole line.
    var torn = ""
    /// Entries that lack the one before them: a command's first, or the command before.
    var outOfOrder: [String] = []
    /// What the monitor answered, by command; empty for one that was seen and is not answered.
    private var commands: [Int: Bytes] = [:]

    /// Reads it again until it holds what is wanted, or time is up.
    init(_ path: String, until isComplete: (Self) -> Bool) throws {
        _ = try Deadline(in: .seconds(5)).waits {
            self = try Self([UInt8](Data(contentsOf: URL(filePath: path)))[...])
            return isComplete(self) && torn == ""
        }
    }

    private init(_ bytes: Bytes) throws {
        // Whoever writes the rest may not have begun.
        guard !bytes.isEmpty else { return }
        var decoder = RecordingDecoder()
        decoder.append(bytes)
        while let item = try decoder.next() {
            switch item.content {
            case .entry(let entry): take(entry, item.bytes.text)
            case .header: break
            case .comment, .unreadable, .note, .flaw: outOfOrder.append("\(item)")
            }
        }
        torn = try decoder.finish()?.bytes.text ?? ""
    }

    private mutating func take(_ entry: Entry, _ line: String) {
        if let number = entry.command {
            // Only what a client said may stand first.
            if case (.client, .received) = (entry.place, entry.kind) {
                if number > 1, commands[number - 1] == nil { outOfOrder.append(line) }
                commands[number] = []
            } else if commands[number] == nil {
                outOfOrder.append(line)
            }
        }
        switch (entry.place, entry.kind) {
        case (.monitor, .received(.message(let message, _))):
            if let number = entry.command { commands[number] = message.joined }
        case (.client(let client), .sent(.message(let message, _))):
            replies[client, default: []].append(message.joined.text)
        case (.client(let client), .sent(.sameAsMonitor(let id))):
            let reply = entry.command.flatMap { commands[$0] }?.text ?? ""
            let number = entry.command ?? 0
            let own = id.map { reply.replacing("[\(number), \($0.text)]", with: $0.text) }
            replies[client, default: []].append(own ?? reply.replacing(", \"id\": [\(number)]", with: ""))
        default: break
        }
    }
}
