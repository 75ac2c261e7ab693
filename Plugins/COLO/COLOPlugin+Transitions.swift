internal import PluginKit
internal import QMP

/// From one state into another: marked in the recording, kept over a restart, told to a person who is needed.
extension COLOPlugin {
    /// Goes into a state.
    ///
    /// - Parameters:
    ///   - next: the state.
    ///   - reason: what people read.
    ///   - isKept: whether it is what a proxy that is started again goes on from.
    ///   - context: how to have things done.
    mutating func move(
        to next: PairState,
        because reason: String,
        isKept: Bool = true,
        _ context: inout PluginContext
    ) {
        let text = "\(pair.name) -> \(next.name): \(reason)"
        pair = next
        since = context.now
        context.mark(text, epoch: epoch)
        context.log(.info, "epoch \(epoch): \(text)")
        if isKept { keep(&context) }
    }

    /// Keeps what a proxy that is started again goes on from.
    mutating func keep(intent: JSONValue? = nil, tag: Tag = "kept", _ context: inout PluginContext) {
        // A step that is about to be taken is kept until the runbook is over.
        let value = Memory(self, intent: intent ?? (work == nil ? nil : kept["intent"])).value
        guard value != kept || intent != nil else { return }
        kept = value
        context.store(value, tag: tag)
    }

    mutating func sayNotStored(_ reason: String, _ context: inout PluginContext) {
        guard !hasSaidNotStored else { return }
        hasSaidNotStored = true
        context.log(.warning, "a proxy that is started again will not know what was under way: \(reason)")
    }

    /// Says something to a person, who is needed.
    mutating func call(_ text: String, _ context: inout PluginContext) {
        context.log(.error, text)
        notifiers.call(state: pair.name, text, &context)
    }
}

/// What is kept over a restart of the proxy.
struct Memory: Sendable, Equatable {
    /// The state's name.
    let state: String
    /// Why it was so.
    let why: String?
    let epoch: Int
    /// Whether the peer counted from the same number.
    let isEpochShared: Bool
    /// Whether the pair was broken for good.
    let isBroken: Bool
    /// Whether the peer had gone on alone.
    let hasPeerGoneOn: Bool
    /// Whether it was decided that this side goes on.
    let isDecided: Bool
    /// Which QEMU it was: another one has nothing to do with what was under way.
    let identity: Int64?
    /// The step of a runbook that was about to be taken.
    let intent: JSONValue?

    init(_ plugin: borrowing COLOPlugin, intent: JSONValue?) {
        state = plugin.pair.name
        why =
            switch plugin.pair {
            case .suspecting(_, .remembered(let why)), .deciding(_, .remembered(let why)): why
            default: plugin.pair.why
            }
        epoch = plugin.epoch
        isEpochShared = plugin.isEpochShared
        isBroken = plugin.pair.isBroken
        hasPeerGoneOn = plugin.hasPeerGoneOn
        isDecided = plugin.isDecided
        identity = plugin.own.identity
        self.intent = intent
    }

    init(_ value: JSONValue) {
        state = value["state"]?.string ?? ""
        why = value["why"]?.string
        epoch = COLOLimits.epoch(value["epoch"]?.integer ?? 0)
        isEpochShared = value["shared"] == .bool(true)
        isBroken = value["broken"] == .bool(true)
        hasPeerGoneOn = value["peer-goes-on"] == .bool(true)
        isDecided = value["decided"] == .bool(true)
        identity = value["qemu"]?.integer
        intent = value["intent"]
    }

    /// Whether COLO ran.
    var wasPaired: Bool { ["paired", "suspecting", "deciding"].contains(state) }

    var value: JSONValue {
        .members([
            "state": .string(state), "why": why.map(JSONValue.string), "epoch": .integer(Int64(epoch)),
            "shared": isEpochShared ? .bool(true) : nil, "broken": isBroken ? .bool(true) : nil,
            "peer-goes-on": hasPeerGoneOn ? .bool(true) : nil, "decided": isDecided ? .bool(true) : nil,
            "qemu": identity.map(JSONValue.integer), "intent": intent,
        ])
    }
}

extension PairState {
    /// Whether COLO has ended here, or is known to be of no use, and nothing is decided.
    fileprivate var isBroken: Bool {
        switch self {
        case .suspecting(_, let suspicion), .deciding(_, let suspicion): suspicion.isFinal
        case .idle, .pairing, .paired, .failingOver, .alone, .resyncing, .lost, .failed: false
        }
    }
}

/// The programs that call a person.
struct Notifiers: Sendable {
    private static let program = "notify"
    private static let limitTimer = "notify-limit"

    private var command: [String]?
    private var runs = 0
    private var running: Set<Int> = []

    init(command: [String]? = nil) {
        self.command = command
    }

    /// Starts one; it gets the state and the text as arguments.
    mutating func call(state: String, _ text: String, _ context: inout PluginContext) {
        guard let command, running.count < COLOLimits.notifiersMax else { return }
        runs += 1
        running.insert(runs)
        context.start(program: command + [state, text], tag: Tag(Self.program, runs))
        context.setTimer(Tag(Self.limitTimer, runs), after: COLOLimits.notify)
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        guard tag.name == Self.program, running.remove(tag.number) != nil else { return }
        context.cancelTimer(Tag(Self.limitTimer, tag.number))
        if outcome != .ended(.exited(status: 0)) {
            let what = if case .ended(let end) = outcome { "\(end)" } else { "could not be started" }
            context.log(.error, "the notify program \(what)")
        }
    }

    func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        guard tag.name == Self.limitTimer, running.contains(tag.number) else { return }
        context.stop(program: Tag(Self.program, tag.number))
    }
}
