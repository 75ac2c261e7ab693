import PluginKit
import QMP

// What the guide shows (Sources/PluginKit/PluginKit.docc/WritingAPlugin.md), word for word.

/// Refuses commands by their names.
struct RefusePlugin: Plugin {
    static let name = "refuse"
    static let executes = false

    private let names: [Glob]
    private let reason: String
    private var refused = 0

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("commands", "reason")
        let wanted = "names of commands, such as [quit, system_*]"
        guard let names = try settings.values("commands", wanted: wanted, read: { Glob($0) }) else {
            throw settings.missing("commands", wanted: wanted)
        }
        self.names = names
        reason = try settings.text("reason") ?? "it is refused here"
    }

    var state: JSONValue { .object([JSONValue.Member("refused", .integer(Int64(refused)))]) }

    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard let name = command.command.name, names.contains(where: { $0.matches(name) }) else { return .forward }
        refused += 1
        return .answer(.failure(ProtocolError(.generic, "\(name): \(reason)")))
    }
}

/// Lets clients see and do less.
struct DiscreetPlugin: Plugin {
    static let name = "discreet"
    static let executes = false

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only()
    }

    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard command.command.name == "quit", !command.command.isOutOfBand else { return .forward }
        return .replace(Command("system_powerdown"))
    }

    mutating func reply(
        _ reply: MonitorReply,
        to command: ClientCommand,
        _ context: inout PluginContext
    ) -> ReplyVerdict {
        command.command.name == "query-name" ? .replace(.success(.object([]))) : .forward
    }

    mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        event.name == "RTC_CHANGE" ? .drop : .deliver
    }
}

/// Has somebody say yes or no to each `quit`.
struct ApprovePlugin: Plugin {
    static let name = "approve"
    static let executes = false
    static let commands = ["query-waiting", "yes", "no"]

    /// The numbers of the commands that wait.
    private var waiting: [Int] = []

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only()
    }

    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard command.command.name == "quit" else { return .forward }
        waiting.append(command.number)
        context.log(.info, "client \(command.client.number) wants to quit: yes or no?")
        return .hold(Tag("quit", command.number), limit: .seconds(300), late: .closed)
    }

    mutating func ownCommand(
        _ name: String,
        _ command: ClientCommand,
        _ context: inout PluginContext
    ) -> OwnCommandVerdict {
        if name == "query-waiting" { return .answer(.success(.array(waiting.map { .integer(Int64($0)) }))) }
        guard !waiting.isEmpty else { return .answer(.failure(ProtocolError(.generic, "Nothing waits"))) }
        let number = waiting.removeFirst()
        context.mark("client \(command.client.number) says \(name) to command \(number)")
        let refusal = ProtocolError(.generic, "Somebody has said no")
        context.release(Tag("quit", number), as: name == "yes" ? .forward : .answer(.failure(refusal)))
        return .answer(.success(.object([])))
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        // Nobody has said anything in time, or the client has left: there is nothing to release any more.
        if tag.name == "quit" { waiting.removeAll { $0 == tag.number } }
    }
}

/// Asks QEMU now and then how it is, and notes when it does not say.
struct WatchPlugin: Plugin {
    static let name = "watch"

    private let interval: Duration
    private var isSilent = false

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("interval")
        interval = try settings.duration("interval", in: .seconds(1) ... .seconds(3600)) ?? .seconds(10)
    }

    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext) {
        guard monitor == .own else { return }
        if case .ready = phase { context.setTimer("ask", after: interval) } else { context.cancelTimer("ask") }
    }

    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        guard tag == "ask" else { return }
        context.execute(Command("query-status"), tag: "status", timeout: .seconds(5))
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        guard tag == "status" else { return }
        switch outcome {
        case .timedOut where !isSilent:
            isSilent = true
            context.mark("QEMU is silent")
            context.log(.error, "QEMU has not answered query-status in 5 s")
        case .answered where isSilent:
            isSilent = false
            context.mark("QEMU answers again")
        // The timer is set when it is there again.
        case .monitorLost: return
        default: break
        }
        context.setTimer("ask", after: interval)
    }
}

/// Counts how often the proxy was started.
struct StartsPlugin: Plugin {
    static let name = "starts"
    static let executes = false

    private var starts: Int64 = 0

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only()
    }

    var state: JSONValue { .object([JSONValue.Member("starts", .integer(starts))]) }

    mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        starts = (restored?["starts"]?.integer ?? 0) + 1
        context.store(state, tag: "starts")
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        guard tag == "starts", case .notStored(let reason) = outcome else { return }
        context.log(.warning, "the next start will be counted as this one: \(reason)")
    }
}

/// Tells a program of the guest's end, and notes what it says to that.
struct NotifyPlugin: Plugin {
    static let name = "notify"
    static let executes = false

    private let program: [String]

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("program")
        guard let program = try settings.texts("program") else {
            throw settings.missing("program", wanted: "a program and its arguments")
        }
        self.program = program
    }

    mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        context.start(program: program, tag: "program")
    }

    mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        if event.name == "SHUTDOWN" { context.write(event.value.written(), to: "program") }
        return .deliver
    }

    mutating func line(_ line: Bytes, from program: Tag, _ context: inout PluginContext) {
        if program == "program" { context.mark("it says \(line.text)") }
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        guard tag == "program" else { return }
        switch outcome {
        case .ended: context.setTimer("restart", after: .seconds(10))
        // It does not read, or does not run.
        case .refused(let reason): context.log(.warning, "an event is lost: \(reason)")
        default: break
        }
    }

    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        if tag == "restart" { context.start(program: program, tag: "program") }
    }
}

/// Knows how the QEMU of another proxy is.
struct PeerPlugin: Plugin {
    static let name = "peer"
    static let executes = false

    private let address: String
    private(set) var state = JSONValue.null

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("address")
        guard let address = try settings.text("address") else {
            throw settings.missing("address", wanted: "unix:PATH or tcp:HOST:PORT")
        }
        self.address = address
    }

    mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        context.connect(monitor: "peer", at: address)
    }

    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext) {
        guard monitor == .second("peer") else { return }
        state = .null
        if case .ready = phase { context.execute(Command("query-status"), on: monitor, tag: "status") }
    }

    mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        if monitor == .second("peer"), event.name == "STOP" { context.mark("the peer has stopped") }
        return .deliver
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        if tag == "status", case .answered(.success(let status)) = outcome { state = status }
    }
}
