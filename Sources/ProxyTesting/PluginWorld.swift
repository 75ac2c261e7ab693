internal import PluginKit
internal import ProxyCore
internal import QMP

/// What surrounds a plugin, as far as it has to do with it: what it has begun, and what is to be told of that.
///
/// It keeps to the engine's rules, so that what the plugin is told next is something that it may be told.
struct PluginWorld {
    /// A client's command that the plugin holds.
    struct Held {
        let command: ClientCommand
        let isOwn: Bool
        let until: Duration
        let late: LatePolicy
    }

    /// A command of the plugin's own that is not answered.
    struct Execution {
        let tag: Tag
        let monitor: MonitorID
        let until: Duration
    }

    /// A second monitor.
    struct Second {
        let name: String
        var isReady = false
    }

    var now = Duration.zero
    var held: [Tag: Held] = [:]
    var timers: [Tag: Duration] = [:]
    var executions: [Execution] = []
    var stores: [(tag: Tag, value: JSONValue)] = []
    var programs: [Tag] = []
    var seconds: [Second] = []
    var isReady = false
    /// Commands that are at the monitor.
    var atMonitor: [ClientCommand] = []
    /// What was stored last.
    var stored: JSONValue?
    /// What it is told before anything else happens.
    var due: [PluginCall] = []
    /// What it did and may not do.
    var faults: [String] = []
    let limits = ProxyLimits()
    private let ownPrefix: String
    private let ownCommands: [String]
    private let executes: Bool

    init(of type: any Plugin.Type) {
        ownPrefix = "__org.qmp-proxy_\(type.name)-"
        ownCommands = type.commands
        executes = type.executes
    }

    /// Does what the plugin wants done after a call.
    mutating func take(_ response: PluginRun.Response, to call: PluginCall) {
        switch (call, response.verdict) {
        case (.command(let command), .command(let verdict)?): take(verdict, on: command)
        case (.ownCommand(let name, let command), .ownCommand(let verdict)?): take(verdict, on: command, named: name)
        case (.event(_, from: .own), .event(.replace(let value))?) where value["event"]?.string == nil:
            faults.append("replaces an event by what is none: \(value.written().text)")
        default: break
        }
        for effect in response.effects { take(effect) }
    }

    // MARK: - Verdicts

    private mutating func take(_ verdict: CommandVerdict, on command: ClientCommand) {
        switch verdict {
        case .forward: passOn(command)
        case .replace(let other): replace(command, by: other)
        case .answer(.success) where command.command.name?.hasPrefix(ownPrefix) ?? false:
            faults.append("answers \(command.command.name ?? "") before the plugins behind it were asked")
        case .answer: break
        case .hold(let tag, let limit, let late): hold(command, tag, limit, late)
        }
    }

    private mutating func take(_ verdict: OwnCommandVerdict, on command: ClientCommand, named name: String) {
        switch verdict {
        case .answer(.failure(let error)) where error.errorClass == .commandNotFound:
            faults.append("declares the command \(name), and says that there is none")
        case .answer: break
        case .hold(let tag, let limit): hold(command, tag, limit, .closed, isOwn: true)
        }
    }

    private mutating func hold(
        _ command: ClientCommand,
        _ tag: Tag,
        _ limit: Duration,
        _ late: LatePolicy,
        isOwn: Bool = false
    ) {
        if limit <= .zero || limit > limits.holdTimeMax {
            faults.append("holds a command with a limit that is not between nothing and 10 minutes")
        }
        guard held[tag] == nil else {
            faults.append("holds a command by the tag \(tag), by which it holds one already")
            return
        }
        let until = now + min(max(limit, .zero), limits.holdTimeMax)
        held[tag] = Held(command: command, isOwn: isOwn, until: until, late: late)
    }

    private mutating func replace(_ command: ClientCommand, by other: Command) {
        guard other.isOutOfBand == command.command.isOutOfBand else {
            faults.append("replaces an in-band command by an out-of-band one, or the other way round")
            return
        }
        var command = command
        command.command = other
        passOn(command)
    }

    /// A command gets to whoever executes it, other plugins having nothing against it.
    private mutating func passOn(_ command: ClientCommand) {
        let name = command.command.name ?? ""
        if name.hasPrefix(ownPrefix), ownCommands.contains(String(name.dropFirst(ownPrefix.count))) {
            guard !command.command.isOutOfBand else { return }
            due.append(.ownCommand(String(name.dropFirst(ownPrefix.count)), command))
        } else if !name.hasPrefix("__org.qmp-proxy_"), isReady {
            atMonitor.append(command)
        }
    }

    private mutating func release(_ tag: Tag, as verdict: CommandVerdict) {
        guard let held = held[tag] else {
            faults.append("releases \(tag), by which it holds no command")
            return refuse(tag, "no command is held by that tag: it was released, was late or is gone")
        }
        if case .hold = verdict {
            faults.append("holds \(tag), which it has held already, once more")
            return refuse(tag, "a held command cannot be held again")
        }
        self.held[tag] = nil
        switch verdict {
        case .answer, .hold: break
        case .forward, .replace:
            guard !held.isOwn else { return faults.append("releases \(tag), a command of its own, unanswered") }
            if case .replace(let other) = verdict { return replace(held.command, by: other) }
            passOn(held.command)
        }
    }

    // MARK: - Effects

    private mutating func take(_ effect: PluginEffect) {
        switch effect {
        case .execute(_, let monitor, let tag, let timeout): execute(on: monitor, tag, timeout)
        case .connect(let name, _):
            guard !seconds.contains(where: { $0.name == name }), seconds.count < limits.possessionsMax else {
                return refuse(Tag(name), "a monitor of that name is there already")
            }
            seconds.append(Second(name: name))
        case .disconnect(let name):
            guard let index = seconds.firstIndex(where: { $0.name == name }) else {
                return refuse(Tag(name), "no such monitor")
            }
            seconds.remove(at: index)
            loseExecutions(on: .second(name))
        case .setTimer(let tag, let duration):
            guard timers[tag] != nil || timers.count < limits.possessionsMax else {
                return refuse(tag, "\(limits.possessionsMax) timers are the most allowed")
            }
            timers[tag] = now + max(duration, .zero)
        case .cancelTimer(let tag): timers[tag] = nil
        case .store(let value, let tag):
            guard stores.count < limits.possessionsMax else {
                return due.append(.answered(tag, .notStored(reason: "too many values are being stored")))
            }
            stores.append((tag, value))
        case .start(let arguments, let tag):
            guard !programs.contains(tag), !arguments.isEmpty, programs.count < limits.possessionsMax else {
                return refuse(tag, "a program of that tag runs")
            }
            programs.append(tag)
        case .write(_, let tag), .stop(let tag):
            if !programs.contains(tag) { refuse(tag, "no such program") }
        case .release(let tag, let verdict): release(tag, as: verdict)
        case .mark, .log: break
        }
    }

    private mutating func execute(on monitor: MonitorID, _ tag: Tag, _ timeout: Duration) {
        if timeout <= .zero || timeout > limits.executionTimeMax {
            faults.append("executes a command with a time limit that is not between nothing and 10 minutes")
        }
        if monitor == .own, !executes { faults.append("executes a command, and has said that it executes none") }
        let isReady =
            switch monitor {
            case .own: isReady
            case .second(let name): seconds.contains { $0.name == name && $0.isReady }
            }
        guard isReady else { return refuse(tag, "the \(monitor) is not connected") }
        guard executions.count < limits.executionsMax else {
            return refuse(tag, "\(limits.executionsMax) commands of its own are unanswered")
        }
        let until = now + min(max(timeout, .zero), limits.executionTimeMax)
        executions.append(Execution(tag: tag, monitor: monitor, until: until))
    }

    private mutating func refuse(_ tag: Tag, _ reason: String) {
        due.append(.answered(tag, .refused(reason: reason)))
    }

    mutating func loseExecutions(on monitor: MonitorID) {
        for execution in executions where execution.monitor == monitor {
            due.append(.answered(execution.tag, .monitorLost))
        }
        executions.removeAll { $0.monitor == monitor }
    }

    /// A held command goes on without the plugin, or not at all.
    mutating func late(_ tag: Tag) {
        guard let held = held.removeValue(forKey: tag) else { return }
        if held.late == .open { passOn(held.command) }
    }
}
