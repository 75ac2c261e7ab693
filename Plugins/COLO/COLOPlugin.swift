public import PluginKit
public import QMP

/// Keeps a COLO fault-tolerant pair of virtual machines alive: it sees that replication has ended, has the survivor
/// decided, and has the survivor's QEMU go on alone and take a new partner, without a hand on it.
///
/// There is one such plugin on each side, in the proxy before each QEMU; they ask each other how they are (``Peer``).
/// The states are in ``PairState``, what is sent is in the runbooks (`Runbooks/*.qmp`), who decides is an ``Arbiter``.
public struct COLOPlugin: Plugin {
    /// `colo`.
    public static let name = "colo"
    /// What an operator asks of it.
    public static let commands = OperatorCommand.allCases.map(\.rawValue)

    /// Where an operator's own runbooks are.
    public static let directories = ["runbooks"]

    static let tick: Tag = "tick"
    static let retry: Tag = "retry"

    let settings: COLOSettings
    var runbooks: Runbooks
    var arbiter: any Arbiter
    /// Where this side is, and since when.
    var pair = PairState.idle
    var since: Duration = .zero
    /// When the pair was made, or found.
    var pairedSince: Duration = .zero
    /// The time between checkpoints that is reckoned with.
    var delayReckoned: Duration = .zero
    /// Whether the peer has gone on alone since the pair was made.
    var hasPeerGoneOn = false
    /// Orders the pair's states: it grows with each pairing and with each decision.
    ///
    /// The two sides tell each other theirs; without a third party it proves nothing.
    var epoch = 0
    /// Whether the peer has told the same epoch in this pairing, so that a later one of its says that it has gone on.
    var isEpochShared = false
    /// Whether it was decided that this side goes on, and it has not done so yet.
    var isDecided = false
    var own = OwnMonitor()
    var peer: Peer
    /// When it was last looked how things are.
    var tickedAt: Duration = .zero
    /// The runbook under way.
    var work: Work?
    /// The number of the last runbook's last tag.
    var lastNumber = 0
    /// What was known before the connection to QEMU, until QEMU is looked at.
    var memory: Memory?
    /// What is on the disk, or on its way there.
    var kept: JSONValue = .null
    /// Whether a person, or a setting, wants a partner.
    var seeksPartner = false
    /// Whether a person has asked for a resync that has not begun yet.
    var isResumeOrdered = false
    /// Whether QEMU is prepared to be the secondary.
    var isPrepared = false
    /// The pause after the next failure, and whether it lasts.
    var pause = COLOLimits.pauseMin
    var isPausing = false
    /// What is tried again after the pause.
    var interrupted: Procedure?
    /// The step from which on it is tried again; `nil` for the first.
    var interruptedAt: JSONValue?
    /// What is wrong with runbooks on this QEMU, by file and line.
    var unfit: [String: String] = [:]
    var notifiers = Notifiers()
    /// What operators have asked before QEMU was looked at, by the commands' numbers.
    var early: [Int: EarlyCommand] = [:]
    /// Whether it was said that nothing is kept.
    var hasSaidNotStored = false
    /// Whether it was said that both sides go on.
    var hasSaidSplit = false

    /// A plugin with the settings that README lists.
    public init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        self.settings = try COLOSettings(settings)
        runbooks = try Runbooks(settings)
        peer = Peer(self.settings)
        arbiter =
            switch self.settings.decider {
            case .operator: OperatorArbiter()
            case .command: CommandArbiter(self.settings.fence ?? [])
            case .none: NoArbiter()
            }
        notifiers = Notifiers(command: self.settings.notify)
        seeksPartner = self.settings.start == .auto
    }

    /// The state's name and the epoch.
    public var state: JSONValue {
        .members(["state": .string(pair.name), "epoch": .integer(Int64(epoch)), "why": pair.why.map(JSONValue.string)])
    }

    /// Begins to ask.
    public mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        since = context.now
        own.lastHeard = context.now
        memory = restored.map(Memory.init)
        kept = restored ?? .null
        epoch = memory?.epoch ?? 0
        if settings.decider == .none {
            context.log(.warning, "arbiter: none: both sides may go on alone at the same time; for tests only")
        }
        if settings.peer == nil {
            context.log(.warning, "peer is not set: a frozen or cut-off peer is found by missing checkpoints only")
        }
        peer.started(&context)
        context.setTimer(Self.tick, after: settings.interval)
    }

    /// Looks for what tells that the pair is broken, or whole; clients get all events as they are.
    public mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        guard monitor == .own else { return .deliver }
        own.lastHeard = context.now
        if work != nil { take(work?.run.event(event) ?? [], &context) }
        heard(event, &context)
        return .deliver
    }

    /// Looks at QEMU when it comes.
    public mutating func monitorChanged(
        _ monitor: MonitorID,
        to phase: MonitorPhase,
        _ context: inout PluginContext
    ) {
        guard monitor == .own else { return peer.changed(to: phase) }
        switch phase {
        case .ready(let greeting): monitorReady(greeting, &context)
        case .gone(let reason): monitorGone(reason, &context)
        case .unreachable, .silent: break
        }
    }

    /// Goes on with what is answered.
    public mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        if own.answered(tag, with: outcome, &context) { return looked(&context) }
        if peer.answered(tag, with: outcome, context.now) { return heardOfPeer(&context) }
        if tag == Self.schemaTag { return checkRunbooks(outcome, &context) }
        // It is too late, or the client has gone.
        if tag.name == Self.earlyTag { return early[tag.number] = nil }
        if case .notStored(let reason) = outcome { sayNotStored(reason, &context) }
        notifiers.answered(tag, with: outcome, &context)
        if let decision = arbiter.answered(tag, with: outcome, &context) { decided(decision, &context) }
        if work != nil { take(work?.run.answered(tag, with: outcome) ?? [], &context) }
    }

    /// Asks own QEMU and the peer, and goes on with what takes time.
    public mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        guard !context.isStopping else { return }
        if tag == Self.tick { return ticked(&context) }
        if tag == Self.retry { return tryAgain(&context) }
        notifiers.timerFired(tag, &context)
        if let decision = arbiter.timerFired(tag, &context) { decided(decision, &context) }
        if work != nil { take(work?.run.timerFired(tag) ?? [], &context) }
    }

    private mutating func ticked(_ context: inout PluginContext) {
        own.ask(&context)
        if isSilent(context.now) { own.probe(&context) }
        peer.ask(&context)
        assess(&context)
        seek(&context)
        tickedAt = context.now
        let isAtRest = pair.isRestful && settings.interval < COLOLimits.restfulInterval
        context.setTimer(Self.tick, after: isAtRest ? COLOLimits.restfulInterval : settings.interval)
    }
}
