internal import PluginKit
internal import QMP
internal import Recording

/// The plugins in their order, and what is known of each from outside.
struct PluginChain {
    /// What a plugin is called for, besides verdicts.
    enum Call {
        case started
        case monitorChanged(MonitorID, MonitorPhase)
        case answered(Tag, Outcome)
        case line(Bytes, Tag)
        case timerFired(Tag)
    }

    /// What was counted of a plugin since the engine was made.
    struct Counts {
        var replaced = 0
        var answered = 0
        var held = 0
        var repliesReplaced = 0
        var eventsReplaced = 0
        var eventsDropped = 0
        var executed = 0
        var late = 0
        var refused = 0
    }

    /// One plugin.
    struct Place {
        var instance: PluginInstance
        var restored: JSONValue?
        var counts = Counts()
        /// What it has begun and is not done.
        var timers: Set<Tag> = []
        var programs: [Tag: Int] = [:]
        var secondMonitors: [String: Int] = [:]
        var executions = 0
        var held = 0
        var stores = 0
        /// Whether it was said that it is told no more refusals.
        var isFlooded = false
        /// The reasons for which something was refused, so that each is a warning once.
        var refusals: Set<String> = []
        /// How long was last waited for a second monitor of that name, which it has given up since.
        var formerDelays: [String: Duration] = [:]

        var name: String { instance.name }
    }

    var places: [Place]
    /// What plugins have asked for and is not done yet, call by call.
    var wishes: [(place: Int, effects: [PluginEffect])] = []
    /// What plugins are to be told yet.
    var calls: [(place: Int, call: Call)] = []
    /// Whether there is to be another turn for what there was no time for.
    var hasAnotherTurn = false
    private let monitor: String
    private let version: String

    init(_ plugins: [PluginInstance], monitor: String, version: String) {
        places = plugins.map { Place(instance: $0) }
        keepsPlace = plugins.contains { type(of: $0.plugin).executes }
        self.monitor = monitor
        self.version = version
    }

    /// Whether the proxy is about to end.
    var isStopping = false

    var isEmpty: Bool { places.isEmpty }

    /// Whether a place in flight is kept for plugins.
    let keepsPlace: Bool

    /// Whether something is to be done or told.
    var hasWork: Bool { !wishes.isEmpty || !calls.isEmpty }

    /// The plugin that answers a command of that name, and the command's name with it.
    func owner(of command: Substring) -> (place: Int, name: String)? {
        for (place, plugin) in places.enumerated() {
            let type = type(of: plugin.instance.plugin)
            guard command.hasPrefix(type.name), command.dropFirst(type.name.count).hasPrefix("-") else { continue }
            let name = String(command.dropFirst(type.name.count + 1))
            if type.commands.contains(name) { return (place, name) }
        }
        return nil
    }

    // MARK: - Verdicts

    mutating func verdict(on command: ClientCommand, at place: Int, _ now: Instant) -> CommandVerdict {
        call(place, now) { $0.command(command, &$1) }
    }

    mutating func answer(_ name: String, _ command: ClientCommand, at place: Int, _ now: Instant) -> OwnCommandVerdict {
        call(place, now) { $0.ownCommand(name, command, &$1) }
    }

    mutating func verdict(on reply: MonitorReply, to: ClientCommand, at place: Int, _ now: Instant) -> ReplyVerdict {
        call(place, now) { $0.reply(reply, to: to, &$1) }
    }

    mutating func verdict(on event: MonitorEvent, from: MonitorID, at place: Int, _ now: Instant) -> EventVerdict {
        call(place, now) { $0.event(event, from: from, &$1) }
    }

    // MARK: - Calls

    /// Has a plugin told something once there is time.
    mutating func tell(_ place: Int, _ call: Call) {
        calls.append((place, call))
    }

    /// Has all plugins told something once there is time.
    mutating func tellAll(_ call: Call) {
        for place in places.indices { tell(place, call) }
    }

    /// Does not tell that a timer has fired which is set anew, or cancelled, before that was told.
    mutating func forgetFired(_ tag: Tag, of place: Int) {
        calls.removeAll { waiting in
            guard waiting.place == place, case .timerFired(tag) = waiting.call else { return false }
            return true
        }
    }

    mutating func make(_ what: Call, to place: Int, _ now: Instant) {
        let restored = places[place].restored
        call(place, now) { plugin, context in
            switch what {
            case .started: plugin.started(restored: restored, &context)
            case .monitorChanged(let monitor, let phase): plugin.monitorChanged(monitor, to: phase, &context)
            case .answered(let tag, let outcome): plugin.answered(tag, with: outcome, &context)
            case .line(let line, let program): plugin.line(line, from: program, &context)
            case .timerFired(let tag): plugin.timerFired(tag, &context)
            }
        }
    }

    private mutating func call<Result>(
        _ place: Int,
        _ now: Instant,
        _ body: (inout any Plugin, inout PluginContext) -> Result
    ) -> Result {
        var context = PluginContext(
            plugin: places[place].name,
            monitor: monitor,
            version: version,
            now: .microseconds(now.microseconds),
            isStopping: isStopping
        )
        let result = body(&places[place].instance.plugin, &context)
        if !context.effects.isEmpty { wishes.append((place, context.effects)) }
        return result
    }
}
