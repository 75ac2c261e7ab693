internal import PluginKit
internal import QMP

/// What is known of own QEMU, and how it is asked.
struct OwnMonitor: Sendable {
    /// What is asked in one go, in this order.
    enum Query: String, CaseIterable {
        /// Which process it is: the thread of its first processor, no other process has that at the same time.
        case identity = "query-cpus-fast"
        /// Whether COLO runs.
        case colo = "query-colo-status"
        /// The time between checkpoints, which is a parameter of migration.
        case parameters = "query-migrate-parameters"
        /// The run state, such as `inmigrate`.
        case status = "query-status"
        /// The objects: whether filter-rewriter is there, which a secondary of before keeps.
        case objects = "qom-list"
    }

    private static let tagName = "own"
    private static let probeTag: Tag = "own-probe"

    private(set) var isReady = false
    /// When it last said something.
    var lastHeard: Duration = .zero
    /// When it last went on after a checkpoint.
    var lastCheckpoint: Duration?
    /// Whether QEMU has left COLO, which it only says once, and still is to be failed over.
    var hasExited = false
    /// Whether it has been there since the proxy was started: else nothing is known of its silence.
    private(set) var isMet = false
    /// When it last answered out of band, which it is asked only when it is silent: then it is not frozen, but waits.
    private(set) var lastOutOfBand: Duration?
    private var isProbed = false
    /// COLO's mode; `nil` for none.
    private(set) var mode: PairState.Role?
    /// Whether COLO has been here before.
    private(set) var hasBeenInCOLO = false
    /// The run state (qapi/run-state.json, `RunState`).
    private(set) var runState = ""
    /// The objects below `/objects`.
    private(set) var objects: Set<String> = []
    /// The thread of the first processor; `nil` while it is not known.
    private(set) var identity: Int64?
    /// Milliseconds between checkpoints; `nil` while they are not known.
    private(set) var checkpointDelay: Int?
    /// What is still to be asked, the first of it under way.
    private var agenda: [Query] = []
    /// When the round under way was begun.
    private(set) var askedAt: Duration = .zero
    /// Whether all of it is known of this connection.
    private(set) var isKnown = false
    /// Whether the next round asks for all of it.
    private var wantsAll = true
    /// Whether the round under way does.
    private var asksAll = false

    /// Whether QEMU waits for a migration, as a secondary does.
    var isIncoming: Bool { runState == "inmigrate" }

    mutating func opened() {
        self = OwnMonitor()
        (isReady, isMet) = (true, true)
    }

    mutating func gone() {
        let (heard, isMet) = (lastHeard, isMet)
        self = OwnMonitor()
        (lastHeard, self.isMet) = (heard, isMet)
    }

    /// Takes so much time as not passed.
    mutating func forgive(_ time: Duration, _ now: Duration) {
        lastHeard = min(now, lastHeard + time)
        lastCheckpoint = lastCheckpoint.map { min(now, $0 + time) }
    }

    /// Has the next round be a whole one.
    ///
    /// One that is under way does not count: what it was told may be old.
    mutating func askAll() {
        (wantsAll, asksAll) = (true, false)
    }

    /// Begins a round of questions unless one is under way: a short one while COLO runs.
    mutating func ask(_ context: inout PluginContext) {
        guard isReady, agenda.isEmpty else { return }
        askedAt = context.now
        asksAll = wantsAll
        agenda = asksAll ? Query.allCases : mode != nil ? [.colo] : [.colo, .status, .objects]
        askNext(&context)
    }

    /// Asks something out of band.
    mutating func probe(_ context: inout PluginContext) {
        guard isReady, !isProbed else { return }
        isProbed = true
        let query = Command("query-yank", isOutOfBand: true)
        context.execute(query, tag: Self.probeTag, timeout: RunbookLimits.outOfBandReply)
    }

    /// Takes an outcome; whether the round is over, and all of it known.
    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) -> Bool {
        if tag == Self.probeTag {
            isProbed = false
            if case .answered(.success) = outcome { lastOutOfBand = context.now }
            return false
        }
        guard tag.name == Self.tagName, let query = agenda.first else { return false }
        switch outcome {
        case .answered(let answer):
            lastHeard = context.now
            if case .success(let value) = answer { take(value, of: query) }
            agenda.removeFirst()
            askNext(&context)
            guard agenda.isEmpty else { return false }
            if asksAll { (isKnown, wantsAll) = (true, false) }
            return isKnown && !wantsAll
        default:
            agenda = []
            return false
        }
    }

    private func askNext(_ context: inout PluginContext) {
        guard let query = agenda.first else { return }
        let tag = Tag(Self.tagName)
        let command =
            switch query {
            case .identity: Command("query-cpus-fast")
            case .colo: Command("query-colo-status")
            case .parameters: Command("query-migrate-parameters")
            case .status: Command("query-status")
            case .objects: try? Command("qom-list", [JSONValue.Member("path", .string("/objects"))])
            }
        if let command { context.execute(command, tag: tag, timeout: COLOLimits.answer) }
    }

    private mutating func take(_ value: JSONValue, of query: Query) {
        switch query {
        case .identity: identity = value.array?.first?["thread-id"]?.integer
        case .colo:
            mode = value["mode"]?.string.flatMap(PairState.Role.init(rawValue:))
            if mode == nil { hasExited = false }
            hasBeenInCOLO = ["primary", "secondary"].contains(value["last-mode"]?.string)
        case .parameters: checkpointDelay = value["x-checkpoint-delay"]?.integer.map(Int.init)
        case .status: runState = value["status"]?.string ?? ""
        case .objects: objects = Set((value.array ?? []).compactMap { $0["name"]?.string })
        }
    }
}
