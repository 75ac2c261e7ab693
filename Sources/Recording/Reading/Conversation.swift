internal import QMP

/// Follows a recording and says what each of its entries is: which command a reply belongs to, whose that was, how long
/// it took.
public struct Conversation: Sendable {
    /// Commands whose replies are awaited at most; beyond them all are forgotten, and their replies lack name and time.
    ///
    /// 65,536: all that 1,024 clients may have waiting.
    private static let commandsMax = 1 << 16

    /// Clients known to be connected at most; beyond them all are forgotten, which costs memory for commands only.
    private static let clientsMax = 1 << 16

    private var recording: RecordingHeader.Key?
    private var commands: [Int: Meaning.Command] = [:]
    private var clients: Set<Int> = []
    /// Unanswered commands of earlier recordings, and those given up because they were too many.
    private var forgotten = 0

    /// A conversation that begins with a recording's first line.
    public init() {}

    /// How many commands nobody has replied to so far.
    public var unanswered: Int {
        forgotten + commands.values.count { $0.outcome == nil }
    }

    /// Takes a header; a segment that goes on from the one before keeps the commands, any other begins anew.
    public mutating func take(_ header: RecordingHeader) {
        if header.key != recording || header.begins == .zero {
            forgotten = unanswered
            commands = [:]
            recording = header.key
        }
        clients = Set(header.clients.map(\.number))
        for command in header.commands where commands[command.number] == nil {
            note(Meaning.Command(name: command.name, client: command.client, asked: command.asked), command.number)
        }
    }

    /// Takes an entry and says what it is.
    public mutating func take(_ entry: Entry) -> Meaning {
        var meaning = Meaning()
        switch entry.kind {
        case .received(let content), .sent(let content): meaning.subject = subject(of: content, in: entry)
        case .opened: if case .client(let number) = entry.place { open(number) }
        case .closed: if case .client(let number) = entry.place { clients.remove(number) }
        case .verdict("replace", let content?): replace(by: content, in: entry)
        case .verdict, .mark, .gap, .other: break
        }
        if let number = entry.command { join(number, entry, &meaning) }
        meaning.client = meaning.command?.client
        if case .client(let number) = entry.place { meaning.client = number }
        meaning.plugin = entry.plugin ?? meaning.command?.plugin
        if case .plugin(let name) = entry.place { meaning.plugin = name }
        return meaning
    }

    /// Joins an entry to its command: a client asks for one, or one is sent that nobody asked for, or it is replied to.
    private mutating func join(_ number: Int, _ entry: Entry, _ meaning: inout Meaning) {
        meaning.command = commands[number]
        switch (entry.place, entry.kind) {
        case (.client(let client), .received):
            open(client)
            meaning.command = begin(number, client, entry, meaning.subject)
        case (.monitor, .sent) where meaning.command == nil, (.secondMonitor, .sent) where meaning.command == nil:
            meaning.command = begin(number, nil, entry, meaning.subject)
        case (.monitor, .received), (.secondMonitor, .received), (.client, .sent): end(number, entry, &meaning)
        default: break
        }
    }

    private mutating func begin(
        _ number: Int,
        _ client: Int?,
        _ entry: Entry,
        _ subject: Meaning.Subject?
    ) -> Meaning.Command {
        var command = Meaning.Command(client: client, plugin: entry.plugin, asked: entry.time)
        if case .command(let name, let isOutOfBand) = subject {
            command.name = name
            command.isOutOfBand = isOutOfBand
        }
        note(command, number)
        return command
    }

    /// A plugin puts another command in a client's place, or other words for a reply or an event.
    private mutating func replace(by content: Entry.Content, in entry: Entry) {
        guard let number = entry.command, case .command(let name, _) = subject(of: content, in: entry) else { return }
        commands[number]?.replacement = name
    }

    private mutating func note(_ command: Meaning.Command, _ number: Int) {
        if commands.count >= Self.commandsMax {
            forgotten = unanswered
            commands = [:]
        }
        commands[number] = command
    }

    /// A reply ends its command when the client has it, or the monitor gave it and nobody waits.
    private mutating func end(_ number: Int, _ entry: Entry, _ meaning: inout Meaning) {
        guard let command = meaning.command, case .reply(let outcome) = meaning.subject else { return }
        let isWaitedFor = entry.place == .monitor && command.client.map { clients.contains($0) } ?? false
        meaning.endsCommand = !isWaitedFor
        meaning.latency = command.asked.map { entry.time.microseconds &- $0.microseconds }
        if isWaitedFor {
            commands[number]?.outcome = outcome
        } else {
            commands[number] = nil
        }
    }

    private mutating func open(_ client: Int) {
        if clients.count >= Self.clientsMax { clients = [] }
        clients.insert(client)
    }

    private func subject(of content: Entry.Content, in entry: Entry) -> Meaning.Subject {
        switch content {
        case .invalid, .withheld: return .invalid
        case .sameAsMonitor: return .reply(entry.command.flatMap { commands[$0]?.outcome })
        case .message(let message, _):
            let bytes = message.whole
            switch MessageSummary(bytes) {
            case .greeting: return .greeting
            case .command(let name, let isOutOfBand): return .command(name: name, isOutOfBand: isOutOfBand)
            case .reply(isError: false): return .reply(.returned)
            case .reply(isError: true): return .reply(Self.failure(in: bytes))
            case .event(let name): return .event(name: name)
            case .unknown: return .message
            }
        }
    }

    private static func failure(in reply: Bytes) -> Meaning.Outcome {
        let error = (try? JSONValue(parsing: reply))?["error"]
        return .failed(class: error?["class"]?.string ?? "", description: error?["desc"]?.string ?? "")
    }
}
