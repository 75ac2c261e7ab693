internal import QMP

/// What a recording comes to: counted entry by entry, in bounded memory.
public struct Statistics: Sendable {
    /// One command's.
    struct Command: Sendable {
        var count = 0
        var failed = 0
        var latencies = LatencyHistogram()
    }

    /// One client's.
    struct Client: Sendable {
        var peer: String?
        var commands = 0
        var first: Instant
        var last: Instant
    }

    /// A client; each recording numbers them anew.
    struct ClientKey: Hashable, Comparable {
        let recording: Int
        let number: Int

        static func < (one: ClientKey, other: ClientKey) -> Bool {
            (one.recording, one.number) < (other.recording, other.number)
        }
    }

    private(set) var commands = Tally<String, Command>()
    private(set) var events = Tally<String, Int>()
    private(set) var errors = Tally<String, Int>()
    private(set) var clients = Tally<ClientKey, Client>()
    private(set) var entries = 0
    private(set) var bytes = 0
    private(set) var segments = 0
    private(set) var gaps = 0
    private(set) var entriesLost = 0
    /// Replies with the number of a command that is not in the recording.
    public private(set) var repliesWithoutCommand = 0
    /// How long the recordings last, one behind the other, in microseconds.
    private(set) var duration: Int64 = 0
    private var recorded: RecordingHeader.Key?
    private var recording = 0
    private var latest: Instant?

    /// Nothing yet.
    public init() {}

    /// Takes a header, whose line has so many bytes, its end included.
    public mutating func take(_ header: RecordingHeader, bytes count: Int) {
        segments += 1
        bytes += count
        if header.key != recorded || header.begins == .zero {
            latest = header.begins
            recorded = header.key
            recording += 1
        }
        for client in header.clients { note(client.number, client.peer, at: header.begins) }
    }

    /// Takes an entry and what it is; its line has so many bytes, its end included.
    public mutating func take(_ entry: Entry, _ meaning: Meaning, bytes count: Int) {
        entries += 1
        bytes += count
        duration += max(0, entry.time.microseconds &- (latest ?? entry.time).microseconds)
        latest = entry.time
        if case .client(let number) = entry.place { note(number, entry.peer, at: entry.time) }
        if case .gap(let lost) = entry.kind {
            gaps += 1
            entriesLost &+= lost
        }
        take(meaning, of: entry)
    }

    private mutating func take(_ meaning: Meaning, of entry: Entry) {
        switch meaning.subject {
        case .command(let name, _):
            let isPlugins = meaning.client == nil && entry.place.isMonitor
            guard entry.command != nil, isPlugins || entry.isFromClient else { return }
            commands.update(name, Command()) { $0.count += 1 }
            if let client = meaning.client { note(client, nil, at: entry.time) { $0.commands += 1 } }
        case .event(let name) where entry.place == .monitor: events.update(name, 0) { $0 += 1 }
        case .reply(let outcome): take(outcome, meaning, of: entry)
        default: break
        }
    }

    private mutating func take(_ outcome: Meaning.Outcome?, _ meaning: Meaning, of entry: Entry) {
        if entry.command != nil, meaning.command == nil { repliesWithoutCommand += 1 }
        guard meaning.endsCommand || (meaning.command == nil && entry.isToClient) else { return }
        if case .failed(let errorClass, _) = outcome { errors.update(errorClass, 0) { $0 += 1 } }
        guard let name = meaning.command?.name else { return }
        commands.update(name, Command()) { command in
            if case .failed = outcome { command.failed += 1 }
            if let latency = meaning.latency { command.latencies.add(microseconds: latency) }
        }
    }

    private mutating func note(
        _ client: Int,
        _ peer: String?,
        at time: Instant,
        change: (inout Client) -> Void = { _ in }
    ) {
        clients.update(ClientKey(recording: recording, number: client), Client(first: time, last: time)) {
            $0.peer = peer ?? $0.peer
            $0.last = max($0.last, time)
            change(&$0)
        }
    }
}

extension Entry {
    fileprivate var peer: String? {
        if case .opened(let peer) = kind { peer } else { nil }
    }

    fileprivate var isFromClient: Bool {
        if case .client = place, case .received = kind { true } else { false }
    }

    fileprivate var isToClient: Bool {
        if case .client = place, case .sent = kind { true } else { false }
    }
}
