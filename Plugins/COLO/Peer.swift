internal import PluginKit
internal import QMP

/// What is known of the peer by its proxy, which is asked again and again: the heartbeat.
struct Peer: Sendable {
    static let name = "peer"
    private static let tag: Tag = "heartbeat"
    private static let query = Command("__org.qmp-proxy_colo-query-status")

    /// Where its proxy is; `nil` if there is no heartbeat.
    let address: String?
    /// After which silence it is held for lost.
    let silenceMax: Duration
    /// What it has told last; `nil` if it never did, or has no such plugin.
    private(set) var told: Told?
    /// When it last answered.
    private(set) var lastHeard: Duration?
    /// Whether it answers that it has no such plugin.
    private(set) var isForeign = false
    /// Why there is no connection.
    private(set) var trouble: String?
    private var isReady = false
    private var isAsked = false
    /// When it was asked last.
    private var askedAt: Duration = .zero
    /// When it was asked what it has told last: nothing of that is known to be older.
    private(set) var toldSince: Duration = .zero
    private var lastReached: Duration = .zero

    /// The part of its status that this side goes by.
    struct Told: Sendable, Equatable {
        /// Its state's name.
        let state: String
        /// Its role's name.
        let role: String
        /// Its epoch.
        let epoch: Int
        /// How long its QEMU has said nothing.
        let silence: Duration
        /// Whether its QEMU answers out of band all the same.
        let isBlocked: Bool
        /// Whether it wants a secondary.
        let seeks: Bool
        /// Whether its QEMU is ready to be the secondary.
        let isReady: Bool
        /// Milliseconds between its checkpoints.
        let checkpointDelay: Int?
        /// Whether it was decided that it goes on, and it is at it.
        let isDecided: Bool

        /// A status; `nil` if the value is none.
        init?(_ value: JSONValue) {
            guard let state = value["state"]?.string, let epoch = value["epoch"]?.integer else { return nil }
            self.state = state
            self.epoch = COLOLimits.epoch(epoch)
            role = value["role"]?.string ?? ""
            let silent = value["qemu"]?["silent-seconds"]?.double ?? 0
            silence = .seconds(min(max(silent, COLOLimits.silence.lowerBound), COLOLimits.silence.upperBound))
            isBlocked = value["qemu"]?["blocked"] == .bool(true)
            seeks = value["seeks"] == .bool(true)
            isReady = value["ready"] == .bool(true)
            checkpointDelay = value["checkpoint-delay"]?.integer.map(Int.init)
                .flatMap { COLOLimits.checkpointDelay.contains($0) ? $0 : nil }
            isDecided = value["decided"] == .bool(true)
        }

        /// Whether it goes on without this side.
        var goesOnAlone: Bool { isDecided || ["failing-over", "alone", "resyncing"].contains(state) }

        /// Whether it takes a new partner, which may be this side.
        var isResyncing: Bool { state == "resyncing" }

        /// Whether it is in a pair, or about to be.
        var isInPair: Bool { ["pairing", "resyncing", "paired", "suspecting", "deciding"].contains(state) }
    }

    init(_ settings: COLOSettings) {
        address = settings.peer
        silenceMax = settings.silenceMax
    }

    /// Whether it has not been heard of for too long; never so without a heartbeat.
    func isLost(_ now: Duration) -> Bool {
        address != nil && now - (lastHeard ?? .zero) >= silenceMax
    }

    /// Whether it may still answer for the first time.
    func isAwaited(_ now: Duration) -> Bool {
        address != nil && lastHeard == nil && !isLost(now)
    }

    /// What it has told, unless that is too long ago.
    func tells(_ now: Duration) -> Told? {
        isLost(now) ? nil : told
    }

    /// Takes so much time as not passed.
    mutating func forgive(_ time: Duration, _ now: Duration) {
        lastHeard = lastHeard.map { min(now, $0 + time) }
    }

    /// Connects.
    mutating func started(_ context: inout PluginContext) {
        guard let address else { return }
        lastReached = context.now
        context.connect(monitor: Self.name, at: address)
    }

    mutating func changed(to phase: MonitorPhase) {
        isReady = false
        switch phase {
        case .ready:
            isReady = true
            trouble = nil
        case .unreachable(let reason), .gone(let reason): trouble = reason
        case .silent: trouble = nil
        }
    }

    /// Asks, unless it still has to answer; tries another connection when this one has been of no use for long.
    mutating func ask(_ context: inout PluginContext) {
        guard let address else { return }
        if context.now - max(lastHeard ?? .zero, lastReached) >= max(silenceMax, COLOLimits.reconnect) {
            (isReady, isAsked) = (false, false)
            lastReached = context.now
            context.disconnect(monitor: Self.name)
            context.connect(monitor: Self.name, at: address)
        }
        guard isReady, !isAsked else { return }
        isAsked = true
        askedAt = context.now
        context.execute(Self.query, on: .second(Self.name), tag: Self.tag, timeout: COLOLimits.answer)
    }

    /// Takes an outcome; whether it is heard of.
    mutating func answered(_ tag: Tag, with outcome: Outcome, _ now: Duration) -> Bool {
        guard tag == Self.tag else { return false }
        isAsked = false
        guard case .answered(let answer) = outcome else { return false }
        lastHeard = now
        toldSince = askedAt
        (told, isForeign) = (nil, false)
        switch answer {
        case .success(let value): told = Told(value)
        case .failure(let error):
            isForeign = error.errorClass == .commandNotFound
            trouble = error.description.text
        }
        return true
    }
}
