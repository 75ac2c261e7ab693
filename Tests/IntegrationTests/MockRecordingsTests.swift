import Foundation
import QMP
import Recording
import Testing

/// Each recording in `Recordings/` plays QEMU, and clients hear what the recorded ones heard.
@Suite(.onWorkbench, .showingLogs)
struct MockRecordingsTests {
    private static let names =
        ((try? FileManager.default.contentsOfDirectory(atPath: RecordedSession.folder)) ?? ["no recordings"]).sorted()

    @Test(arguments: Self.names)
    func eachRecordedClientHearsTheSameBytes(_ name: String) throws {
        let path = "\(RecordedSession.folder)/\(name)"
        var players = Players(try RecordedSession(path), mock: try MockQEMU(path))
        try players.play()
        #expect(players.heard == players.expected)
        #expect(players.eventsHeard == players.eventsExpected)
        // Of a pair's recordings most have no client.
        let hasClients = players.hasClients && name != "damaged.qmprec"
        #expect(players.heard.isEmpty != hasClients)
    }

    /// Asks what a file lists, compares what comes with what it lists, and prints how many were the same.
    private static let script = """
        import asyncio, json, sys
        from qemu.qmp import ExecuteError, QMPClient

        async def main(path, listing):
            client = QMPClient("test")
            await client.connect(path)
            equal = 0
            for command, reply in json.load(open(listing)):
                try:
                    answer = {"return": await client.execute_msg(client.make_execute_msg(
                        command.get("execute", command.get("exec-oob")), command.get("arguments"),
                        oob="exec-oob" in command))}
                except ExecuteError as error:
                    answer = {"error": {"class": error.error_class, "desc": str(error)}}
                if answer == reply:
                    equal += 1
                else:
                    print(command, answer, reply)
            print(equal)
            try:
                await client.disconnect()
            except EOFError:
                pass  # The last command was quit.

        asyncio.run(main(*sys.argv[1:]))
        """

    @Test(arguments: Self.names)
    func theClientOfPyPIsLibraryHearsTheSame(_ name: String) throws {
        let python = try PythonEnvironment.shared()
        let path = "\(RecordedSession.folder)/\(name)"
        let session = try RecordedSession(path)
        let mock = try MockQEMU(path)
        let talk = session.entries.compactMap { entry -> [Any]? in
            guard case .client = entry.place, case .received = entry.kind, entry.redacted != ["/execute"],
                session.reachedMonitor(entry), let command = object(session.text(entry)),
                var reply = object(session.reply(to: entry))
            else { return nil }
            reply["id"] = nil
            return [command, reply]
        }
        let listing = Workbench.current.newPath("talk")
        try JSONSerialization.data(withJSONObject: talk).write(to: URL(filePath: listing))
        #expect(try python.run(script: Self.script, mock.addresses[0].path, listing) == "\(talk.count)\n")
    }

    private func object(_ text: String?) -> [String: Any]? {
        text.flatMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    }
}

/// Clients that say what those of a recording said.
private struct Players {
    private let session: RecordedSession
    private let mock: MockQEMU
    private var clients: [Int: RawClient] = [:]
    private var negotiated: Set<Int> = []
    private var said: [Int: Entry] = [:]
    /// Replies by client; those to out-of-band commands have no place in the order of the others.
    private var replies: [Int: [String]] = [:]
    private var inBand: [Int: [String]] = [:]
    private var outOfBand: [Int: [String]] = [:]
    private(set) var eventsHeard: [Int: [String]] = [:]
    private(set) var eventsExpected: [Int: [String]] = [:]

    init(_ session: RecordedSession, mock: MockQEMU) {
        self.session = session
        self.mock = mock
    }

    var hasClients: Bool {
        session.entries.contains { if case .client = $0.place { true } else { false } }
    }

    /// What clients should hear, in-band and out-of-band.
    var expected: [Int: [[String]]] { inBand.keyed { [$1, outOfBand[$0, default: []].sorted()] } }

    /// What they heard.
    var heard: [Int: [[String]]] {
        replies.keyed { client, replies in
            let overtaking = outOfBand[client, default: []]
            return [replies.filter { !overtaking.contains($0) }, replies.filter(overtaking.contains).sorted()]
        }
    }

    mutating func play() throws {
        for entry in session.entries {
            if session.isEvent(entry), let text = session.text(entry) {
                for client in negotiated { eventsExpected[client, default: []].append(text) }
            }
            guard case .client(let number) = entry.place else { continue }
            switch entry.kind {
            case .opened where clients[number] == nil: try open(number)
            case .received(let content): try say(content, entry, client: number)
            case .sent: try hear(entry, client: number)
            case .closed: try close(number)
            default: break
            }
        }
        for number in clients.keys.sorted() { try close(number) }
    }

    private mutating func open(_ number: Int) throws {
        clients[number] = try mock.connect()
        eventsHeard[number] = []
        eventsExpected[number] = []
    }

    private mutating func say(_ content: Entry.Content, _ entry: Entry, client: Int) throws {
        let bytes: Bytes
        switch content {
        // Who asked for what is left out of the recording cannot ask for it again.
        case .message(let message, _) where !entry.redacted.contains("/execute"):
            // How the proxy is does not depend on what was recorded, and a mock has no plugins.
            let text = message.joined.text
            guard !text.contains("__org.qmp-proxy_query-status"), !text.contains("__org.qmp-proxy_colo-") else {
                return
            }
            bytes = message.joined
        case .invalid(let invalid, _): bytes = invalid
        default: return
        }
        if let command = entry.command { said[command] = entry }
        let null = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { Glibc.close(null) }
        let descriptors = [Int32](repeating: null, count: entry.descriptors)
        try clients[client]?.send(Array(bytes) + [0x0A], descriptors: descriptors)
    }

    private mutating func hear(_ entry: Entry, client: Int) throws {
        let isGreeting = entry.command == nil
        let command = entry.command.flatMap { said[$0] }
        guard isGreeting || command != nil, let text = session.text(entry) else { return }
        if command.flatMap(session.text)?.contains("exec-oob") == true, session.reachedMonitor(entry) {
            outOfBand[client, default: []].append(text + "\r\n")
        } else {
            inBand[client, default: []].append(text + "\r\n")
        }
        replies[client, default: []].append(try nextReply(client))
        if command.flatMap(session.text)?.contains("qmp_capabilities") == true { negotiated.insert(client) }
    }

    /// The next message that is no event.
    private mutating func nextReply(_ client: Int) throws -> String {
        while let text = try clients[client]?.readMessage() {
            guard text.hasPrefix("{\"timestamp\"") else { return text }
            eventsHeard[client, default: []].append(String(text.dropLast()))
        }
        throw Failure("client \(client) is not connected")
    }

    private mutating func close(_ number: Int) throws {
        guard let client = clients.removeValue(forKey: number) else { return }
        while eventsHeard[number, default: []].count < eventsExpected[number, default: []].count {
            eventsHeard[number]?.append(String(try client.readMessage().dropLast()))
        }
        negotiated.remove(number)
    }
}

extension [Int: [String]] {
    fileprivate func keyed(_ transform: (Int, [String]) -> [[String]]) -> [Int: [[String]]] {
        [Int: [[String]]](uniqueKeysWithValues: map { ($0.key, transform($0.key, $0.value)) })
    }
}
