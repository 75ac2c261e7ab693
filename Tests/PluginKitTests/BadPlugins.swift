import PluginKit
import QMP
import Synchronization

/// A plugin that does one thing that no plugin may do.
protocol BadPlugin: Plugin {
    init()
}

extension BadPlugin {
    static var name: String { "bad" }

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("token")
        self.init()
    }
}

/// Counts where its copies count, too.
struct SharingPlugin: BadPlugin {
    final class Counter: Sendable {
        let commands = Mutex(0)
    }

    private let counter = Counter()

    var state: JSONValue { .integer(Int64(counter.commands.withLock { $0 })) }

    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        counter.commands.withLock { $0 += 1 }
        return .forward
    }
}

/// Rolls dice.
struct RandomPlugin: BadPlugin {
    private let number = UInt64.random(in: 0...UInt64.max)

    var state: JSONValue { .unsigned(number) }
}

/// Asks again for what is refused.
struct InsistingPlugin: BadPlugin {
    mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        context.execute(Command("query-status"), tag: "status")
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        if tag == "status" { context.execute(Command("query-status"), tag: "status") }
    }
}

/// Starts a program again at once when it cannot be started.
struct RestartingPlugin: BadPlugin {
    mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        context.start(program: ["no-such-program"], tag: "program")
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        if tag == "program", case .ended = outcome { context.start(program: ["no-such-program"], tag: "program") }
    }
}

/// Sets a timer that does not let anything happen in between.
struct SpinningPlugin: BadPlugin {
    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        if tag == "poll" { context.setTimer("poll", after: .zero) }
    }

    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext) {
        context.setTimer("poll", after: .zero)
    }
}

/// Takes any timer for its own.
struct CarelessPlugin: BadPlugin {
    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        context.setTimer("poll", after: .seconds(1))
    }
}

/// Holds what it releases at once, and then once more.
struct ReleasingTwicePlugin: BadPlugin {
    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard command.command.name == "quit" else { return .forward }
        let tag = Tag("quit", command.number)
        context.release(tag, as: .forward)
        context.release(tag, as: .forward)
        return .hold(tag, limit: .seconds(1), late: .closed)
    }
}

/// Holds for an hour.
struct PatientPlugin: BadPlugin {
    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard command.command.name == "quit" else { return .forward }
        return .hold(Tag("quit", command.number), limit: .seconds(3600), late: .closed)
    }
}

/// Holds all commands by the same tag.
struct OneTagPlugin: BadPlugin {
    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        command.command.name == "quit" ? .hold("quit", limit: .seconds(600), late: .closed) : .forward
    }
}

/// Lets only pass what it knows.
struct RefusingPlugin: BadPlugin {
    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        command.command.name == "stop" ? .forward : .answer(.failure(ProtocolError(.generic, "no")))
    }
}

/// Lets only events pass that it knows.
struct DroppingPlugin: BadPlugin {
    mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        event.name == "STOP" ? .deliver : .drop
    }
}

/// Puts a command in the place of another that overtakes all others.
struct ReplacingPlugin: BadPlugin {
    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        command.command.name == "quit" ? .replace(Command("yank", isOutOfBand: true)) : .forward
    }
}

/// Says that it executes nothing, and does.
struct LyingPlugin: BadPlugin {
    static let executes = false

    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext) {
        if case .ready = phase { context.execute(Command("stop"), tag: "stop") }
    }
}

/// Answers its own command before anybody else is asked.
struct HastyPlugin: BadPlugin {
    static let commands = ["ask"]

    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        command.command.name == "__org.qmp-proxy_bad-ask" ? .answer(.success(.null)) : .forward
    }
}

/// Does not answer a command that it declares.
struct SilentPlugin: BadPlugin {
    static let commands = ["ask"]
}

/// Has a name that no command can have.
struct MisnamedPlugin: BadPlugin {
    static let name = "Bad_Plugin"
}

/// Takes whatever is set.
struct CredulousPlugin: BadPlugin {
    init() {}
    init(settings: PluginSettings) {}
}

/// Tells its token.
struct LeakingPlugin: BadPlugin {
    private var token = ""

    init() {}

    init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("token")
        token = try settings.secret("token") ?? ""
    }

    var state: JSONValue { .object([JSONValue.Member("headers", .array([.string("Bearer \(token)")]))]) }
}
