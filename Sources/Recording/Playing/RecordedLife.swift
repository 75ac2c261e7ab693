internal import QMP

/// What is recorded of one QEMU, from its greeting to its end.
///
/// What it said on its own, its events, hangs on what went before: on the last command that was sent to it, or the last
/// reply it gave. So each belongs to a range of ``events``.
struct RecordedLife: Sendable {
    /// A command, as QEMU was asked.
    struct Command: Sendable {
        let name: String
        let isOutOfBand: Bool
        let arguments: JSONValue
        /// Pointers into the command to values that were taken out.
        let redacted: [String]
        let place: PlayableRecording.Place
        let sentAt: Instant
        /// Where it stands among all that was sent and said.
        let order: Int
        /// The events behind it and before anything else.
        var events: Range<Int>
        var reply: Reply?
    }

    /// What QEMU replied.
    struct Reply: Sendable {
        let bytes: Bytes
        let time: Instant
        let order: Int
        /// The events behind it and before anything else.
        var events: Range<Int>
    }

    /// What QEMU said on its own.
    struct Event: Sendable {
        let bytes: Bytes
        let time: Instant
        let order: Int
    }

    let greeting: Greeting
    let beganAt: Instant
    /// What came before the first command.
    var startEvents = 0..<0
    var commands: [Command] = []
    var events: [Event] = []
    /// When QEMU closed the connection; `nil` if it did not, as far as is recorded.
    var endedAt: Instant?
    /// The commands of each name, in the order in which they were sent.
    var byName: [String: [Int]] = [:]
    /// How much was sent and said.
    private var count = 0
    /// What the next event hangs on.
    private(set) var anchor = Anchor.start

    /// What something that QEMU did on its own hangs on.
    enum Anchor: Sendable, Equatable {
        case start
        case sent(Int)
        case reply(Int)
    }

    init(greeting: Greeting, at time: Instant) {
        self.greeting = greeting
        beganAt = time
    }

    // MARK: - Reading

    /// A command was sent; says which it is.
    mutating func append(
        _ name: String,
        _ message: Message,
        _ line: PlayableRecording.Line,
        at time: Instant
    ) -> Int {
        let index = commands.count
        commands.append(
            Command(
                name: name,
                isOutOfBand: message["exec-oob"] != nil,
                arguments: message["arguments"].map(message.value(of:)) ?? .object([]),
                redacted: line.entry.redacted,
                place: line.place,
                sentAt: time,
                order: nextOrder(),
                events: noEvents
            )
        )
        byName[name, default: []].append(index)
        anchor = .sent(index)
        return index
    }

    /// A command was replied to.
    mutating func append(reply bytes: Bytes, to command: Int, at time: Instant) {
        guard commands[command].reply == nil else { return }
        commands[command].reply = Reply(bytes: bytes, time: time, order: nextOrder(), events: noEvents)
        anchor = .reply(command)
    }

    /// QEMU said something on its own.
    mutating func append(event bytes: Bytes, at time: Instant) {
        events.append(Event(bytes: bytes, time: time, order: nextOrder()))
        switch anchor {
        case .start: startEvents = 0..<events.count
        case .sent(let command): commands[command].events = commands[command].events.lowerBound..<events.count
        case .reply(let command):
            guard let events = commands[command].reply?.events else { return }
            commands[command].reply?.events = events.lowerBound..<self.events.count
        }
    }

    /// Whether a command that was sent later, and waited for the same one to be over, has a reply.
    func hasReply(behind command: Int) -> Bool {
        commands[(command + 1)...].contains { $0.reply != nil && $0.isOutOfBand == commands[command].isOutOfBand }
    }

    private var noEvents: Range<Int> { events.count..<events.count }

    private mutating func nextOrder() -> Int {
        count += 1
        return count
    }
}
