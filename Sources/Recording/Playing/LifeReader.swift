internal import QMP

/// Makes lives of a recording's lines.
///
/// A connection that the proxy closed, or of which no end is recorded, is not QEMU's end: its life goes on with the
/// connection that is recorded next.
struct LifeReader {
    /// Why the proxy's own end of a connection was closed, as `Libevent` says it.
    static let closedByUs = "closed by us"

    private(set) var lives: [RecordedLife] = []
    /// When the first client had negotiated.
    private(set) var firstNegotiated: Instant?
    private let client: Int?
    /// Whether that client is in the recording at all.
    private var hasSeenClient = false
    private var isAlive = false
    /// By how much the clock of the run under way is behind that of the first one.
    private var clockOffset = Duration.zero
    /// The clients that asked for commands, and which command of the life that is, by the proxy's numbers.
    private var askers: [Int: Int] = [:]
    private var commands: [Int: Int] = [:]
    /// Negotiations that clients asked for.
    private var negotiations: Set<Int> = []

    init(_ recording: PlayableRecording, client: Int?) throws(Unplayable) {
        self.client = client
        guard let first = recording.runs.first else { throw Unplayable("there is no recording") }
        for run in recording.runs { try take(run, after: first) }
        guard !lives.isEmpty else {
            let last = first.lines.last?.place ?? first.place
            throw Unplayable("\(last): no greeting of QEMU's up to here, there is nothing to play")
        }
        guard client == nil || hasSeenClient else {
            throw Unplayable("\(first.place): there is no client \(client ?? 0) in this recording")
        }
    }

    private mutating func take(
        _ run: PlayableRecording.Run,
        after first: PlayableRecording.Run
    ) throws(Unplayable) {
        askers = [:]
        commands = [:]
        negotiations = []
        if let zero = first.header.startedMicrosecondsSince1970, let start = run.header.startedMicrosecondsSince1970 {
            clockOffset = .microseconds(start - zero)
        }
        for client in run.header.clients { note(client.number) }
        for command in run.header.commands {
            guard let client = command.client else { continue }
            note(client)
            askers[command.number] = client
        }
        if let greeting = run.header.greeting {
            try begin(with: greeting, run.place, at: run.header.begins + clockOffset)
        }
        for line in run.lines { try take(line) }
    }

    private mutating func note(_ number: Int) {
        if number == client { hasSeenClient = true }
    }

    private mutating func take(_ line: PlayableRecording.Line) throws(Unplayable) {
        let entry = line.entry
        let time = entry.time + clockOffset
        switch (entry.place, entry.kind) {
        case (.client(let number), .opened): note(number)
        case (.client(let number), .received(let content)):
            note(number)
            if let command = entry.command { asked(command, by: number, content) }
        case (.client, .sent(.message(let message, _))):
            if firstNegotiated == nil, let command = entry.command, negotiations.remove(command) != nil,
                MessageSummary(message.whole) == .reply(isError: false)
            {
                firstNegotiated = time
            }
        case (.monitor, .sent(.message(let message, _))): sent(message.whole, line, at: time)
        case (.monitor, .received(.message(let message, _))): try received(message.whole, line, at: time)
        case (.monitor, .closed(let reason)): closed(reason, at: time)
        default: break
        }
    }

    private mutating func asked(_ command: Int, by client: Int, _ content: Entry.Content) {
        if self.client != nil { askers[command] = client }
        guard firstNegotiated == nil, case .message(let message, _) = content else { return }
        if case .command("qmp_capabilities", _) = MessageSummary(message.whole) { negotiations.insert(command) }
    }

    private mutating func begin(
        with message: Bytes,
        _ place: PlayableRecording.Place,
        at time: Instant
    ) throws(Unplayable) {
        guard !isAlive else { return }
        guard let message = MonitorMessage(recorded: message), case .greeting = message.kind,
            let greeting = Greeting(message)
        else { throw Unplayable("\(place): QEMU writes no greeting so, it cannot be played") }
        isAlive = true
        commands = [:]
        // What went on goes on.
        if lives.last.map({ $0.endedAt != nil }) ?? true { lives.append(RecordedLife(greeting: greeting, at: time)) }
    }

    /// The proxy's own negotiation has no number; what QEMU answered for its envelope has no name.
    private mutating func sent(_ message: Bytes, _ line: PlayableRecording.Line, at time: Instant) {
        var decoder = FrameDecoder()
        decoder.append(message)
        guard isAlive, let number = line.entry.command, client == nil || askers[number] == client,
            case .message(let message) = decoder.next(), let name = try? message.commandName(allowsOutOfBand: true)
        else { return }
        commands[number] = lives[lives.count - 1].append(name, message, line, at: time)
    }

    private mutating func received(
        _ message: Bytes,
        _ line: PlayableRecording.Line,
        at time: Instant
    ) throws(Unplayable) {
        guard let number = line.entry.command else {
            switch MessageSummary(message) {
            case .greeting: try begin(with: message, line.place, at: time)
            case .event where isAlive:
                guard case .event = MonitorMessage(recorded: message)?.kind else {
                    throw Unplayable("\(line.place): QEMU writes no event so, it cannot be played")
                }
                lives[lives.count - 1].append(event: message, at: time)
            case .event, .reply, .command, .unknown: break
            }
            return
        }
        guard isAlive, let command = commands.removeValue(forKey: number) else { return }
        lives[lives.count - 1].append(reply: message, to: command, at: time)
    }

    private mutating func closed(_ reason: String, at time: Instant) {
        guard isAlive else { return }
        isAlive = false
        if reason != Self.closedByUs { lives[lives.count - 1].endedAt = time }
    }
}
