internal import QMP

/// Writes a ``ReplayPlan`` from the lines of one connection to QEMU.
struct ReplayAuthor {
    /// QEMU takes no more descriptors of one message (chardev/char-socket.c, `TCP_MAX_FDS`).
    private static let descriptorsMax = 16

    private let lines: ArraySlice<PlayableRecording.Line>
    /// Events that are not waited for.
    private let ignored: [Glob]
    /// The numbers of the commands that are played, and the replies to them.
    private var replies: [Int: ReplayPlan.Reply?] = [:]
    /// What plugins have put in the place of what clients said.
    private var replacements: [Int: Bytes] = [:]
    private(set) var commands: [ReplayPlan.Command] = []
    private(set) var steps: [ReplayPlan.Step] = []
    private(set) var notes: [String] = []

    private var indices: [Int: Int] = [:]
    /// The numbers of commands that are not played, for a reason that is noted.
    private var leftOut: Set<Int> = []
    private var clients: [Int: (isOpen: Bool, hasNegotiated: Bool)] = [:]
    /// Clients that did something after they had left.
    private var returned: Set<Int> = []
    private var awaited: [ReplayPlan.Awaited] = []
    private var eventCounts: [String: Int] = [:]
    private var hasAskedMonitor = false
    /// When the step before was.
    private var stepped: Instant?
    /// When the last of what is awaited, or else the step before, was.
    private var settled: Instant?

    init(_ lines: ArraySlice<PlayableRecording.Line>, ignoringEvents ignored: [Glob]) {
        self.lines = lines
        self.ignored = ignored
    }

    mutating func write() {
        findReplies()
        for line in lines { take(line) }
        if let last = lines.last { step(.end, client: 0, last) }
        noteUnsaid()
    }

    /// Notes what reached the monitor, but stands nowhere, or not readably, as a client's.
    private mutating func noteUnsaid() {
        var seen: Set<Int> = []
        for line in lines where line.entry.isCommandSent {
            guard let number = line.entry.command else { continue }
            let isReused = !seen.insert(number).inserted
            guard isReused || (indices[number] == nil && !leftOut.contains(number)) else { continue }
            let name = line.entry.commandName ?? "a command"
            notes.append("\(line.place): \(name) reached QEMU, but what the client said is not recorded: left out")
        }
    }

    /// Finds what reached the monitor, or is a client's negotiation that succeeded, and what was replied first.
    private mutating func findReplies() {
        var negotiations: Set<Int> = []
        for line in lines {
            guard let number = line.entry.command else { continue }
            if line.entry.isCommandSent {
                // Of commands with the same number only the first counts.
                if replies[number] == nil { replies[number] = .some(nil) }
            } else if case (.client, .received(.message(let message, _))) = (line.entry.place, line.entry.kind),
                Message(only: message.whole)?.nameOfCommand == ReplayPlan.negotiation
            {
                negotiations.insert(number)
            } else if case .verdict(_, .message(let message, _)) = line.entry.kind,
                Message(only: message.whole)?.nameOfCommand.isEmpty == false
            {
                replacements[number] = message.whole
            } else if let content = line.entry.said {
                let reply = ReplayPlan.Reply(
                    message: content.message,
                    redacted: line.entry.redacted,
                    place: line.place
                )
                if case .some(nil) = replies[number] {
                    replies[number] = reply
                } else if negotiations.remove(number) != nil, content.isSuccess {
                    replies[number] = reply
                }
            }
        }
    }

    private mutating func take(_ line: PlayableRecording.Line) {
        let entry = line.entry
        if entry.isCommandSent { hasAskedMonitor = true }
        switch (entry.place, entry.kind) {
        case (.client(let client), .opened): open(client, line)
        case (.client(let client), .closed):
            guard clients[client]?.isOpen == true else { return }
            clients[client]?.isOpen = false
            step(.close, client: client, line)
        case (.client(let client), .received(.message(let message, _))):
            guard let number = entry.command, indices[number] == nil else { return }
            let bytes = replacements[number] ?? message.whole
            if let parsed = Message(only: bytes) {
                if replies[number] != nil { say(parsed, bytes, number, client, line) }
            } else {
                notes.append("\(line.place): left out: QEMU would not take this for one message")
                leftOut.insert(number)
            }
        default: if let content = entry.said { expect(content, line) }
        }
    }

    private mutating func open(_ client: Int, _ line: PlayableRecording.Line) {
        guard clients[client]?.isOpen != true else { return }
        if clients[client] != nil {
            notes.append("\(line.place): client \(client) had left; it connects anew here")
            returned.insert(client)
        }
        clients[client] = (isOpen: true, hasNegotiated: false)
        step(.open, client: client, line)
    }

    private mutating func say(
        _ message: Message,
        _ bytes: Bytes,
        _ number: Int,
        _ client: Int,
        _ line: PlayableRecording.Line
    ) {
        let name = message.nameOfCommand
        open(client, line)
        let isNegotiation = name == ReplayPlan.negotiation
        if !isNegotiation, clients[client]?.hasNegotiated == false { negotiate(client, line) }
        clients[client]?.hasNegotiated = true
        let descriptors = max(0, min(line.entry.descriptors, Self.descriptorsMax))
        if descriptors < line.entry.descriptors {
            notes.append("\(line.place): of \(line.entry.descriptors) descriptors QEMU takes \(descriptors)")
        }
        let command = ReplayPlan.Command(
            client: client,
            name: name,
            bytes: bytes,
            descriptors: descriptors,
            isRedacted: !line.entry.redacted.isEmpty || message.isRedacted,
            place: line.place,
            reply: replies[number] ?? nil
        )
        indices[number] = commands.count
        step(.say(commands.count), client: client, line)
        commands.append(command)
    }

    /// A client whose command reached the monitor had negotiated, though that is not in the recording.
    private mutating func negotiate(_ client: Int, _ line: PlayableRecording.Line) {
        let speaksOutOfBand = lines.contains { line in
            guard line.entry.place == .client(client), case .received(.message(let message, _)) = line.entry.kind,
                case .command(_, isOutOfBand: true) = MessageSummary(message.whole)
            else { return false }
            return true
        }
        let arguments = speaksOutOfBand ? #", "arguments": {"enable": ["oob"]}"# : ""
        if !returned.contains(client) {
            let text = "client \(client) had negotiated before what is played begins; it negotiates here"
            notes.append("\(line.place): \(text)")
        }
        let command = ReplayPlan.Command(
            client: client,
            name: ReplayPlan.negotiation,
            bytes: Bytes(text: "{\"execute\": \"\(ReplayPlan.negotiation)\"\(arguments)}"),
            descriptors: 0,
            isRedacted: false,
            place: line.place,
            reply: nil
        )
        step(.say(commands.count), client: client, line)
        commands.append(command)
    }

    /// A reply to what is played, or an event behind the first command, is waited for.
    private mutating func expect(_ content: Entry.Content, _ line: PlayableRecording.Line) {
        let kind: ReplayPlan.Awaited.Kind
        if let number = line.entry.command {
            guard let index = indices[number], commands[index].reply?.place == line.place else { return }
            kind = .reply(index)
        } else {
            guard hasAskedMonitor, line.entry.place == .monitor, let name = content.eventName,
                !ignored.contains(where: { $0.matches(name) })
            else { return }
            eventCounts[name, default: 0] += 1
            kind = .events(name, count: eventCounts[name, default: 0])
        }
        let delay = Self.delay(from: stepped, to: line.entry.time)
        awaited.append(ReplayPlan.Awaited(kind: kind, delay: delay, place: line.place))
        settled = line.entry.time
    }

    private mutating func step(_ action: ReplayPlan.Step.Action, client: Int, _ line: PlayableRecording.Line) {
        let delay = action == .end ? .zero : Self.delay(from: settled, to: line.entry.time)
        steps.append(
            ReplayPlan.Step(action: action, client: client, awaited: awaited, delay: delay, place: line.place)
        )
        awaited = []
        (stepped, settled) = (line.entry.time, line.entry.time)
    }

    /// None where time goes back, as it may in a recording edited by hand.
    private static func delay(from past: Instant?, to time: Instant) -> Duration {
        past.map { max(.zero, $0.duration(to: time)) } ?? .zero
    }
}

extension Entry.Content {
    /// What was said, if that is known.
    var message: Bytes? {
        if case .message(let message, _) = self { message.whole } else { nil }
    }

    /// Whether it is a reply that returns something.
    fileprivate var isSuccess: Bool {
        message.map { MessageSummary($0) == .reply(isError: false) } ?? true
    }

    /// The event's name, if it is one.
    var eventName: String? {
        guard let message, case .event(let name) = MessageSummary(message) else { return nil }
        return name
    }
}
