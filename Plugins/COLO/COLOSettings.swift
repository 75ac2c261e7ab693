internal import PluginKit
internal import QMP

/// What an operator sets for one side of a pair.
struct COLOSettings: Sendable {
    /// Which side this QEMU is before the first pairing.
    enum Side: String, CaseIterable, Sendable {
        /// By the run state: a QEMU that waits for a migration is the secondary.
        case auto
        /// It never prepares itself as a secondary.
        case primary
        /// It never begins as a primary.
        case secondary
    }

    /// Who decides which side goes on alone.
    enum Decider: String, CaseIterable, Sendable {
        /// A person, by the command `failover`.
        case `operator`
        /// A program that fences the peer.
        case command
        /// Nobody: this side goes on at once, as the other one may, too. For tests.
        case none
    }

    /// Who begins something.
    enum Beginner: String, CaseIterable, Sendable {
        /// A person, by a command.
        case `operator`
        /// The plugin, when the peer is ready.
        case auto
    }

    /// What a primary does while it is not decided who goes on.
    enum OnSuspicion: String, CaseIterable, Sendable {
        /// The guest runs on; what it sends is held by colo-compare, but for what that does not know.
        case run
        /// The guest is stopped, so that nothing leaves it at all.
        case stop
    }

    /// Which kind of COLO the pair runs.
    enum Mode: String, CaseIterable, Sendable {
        /// With network filters (docs/COLO-FT.txt).
        case continuous
        /// Without: a checkpoint comes by time alone.
        case periodic
    }

    let side: Side
    /// Where the peer's proxy is; `nil` if there is no heartbeat.
    let peer: String?
    /// How often own QEMU and the peer's proxy are asked.
    let interval: Duration
    /// After which silence either is held for dead.
    let silenceMax: Duration
    let decider: Decider
    /// What fences the peer.
    let fence: [String]?
    /// What calls a person.
    let notify: [String]?
    let onSuspicion: OnSuspicion
    let start: Beginner
    let resume: Beginner
    let mode: Mode

    init(_ settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only(
            [
                "role", "peer", "heartbeat-interval", "heartbeat-misses", "arbiter", "fence", "notify",
                "on-suspicion", "start", "resume", "mode", "runbooks",
            ] + RunbookVariables.keys
        )
        side = try settings.choice("role", of: Side.self) ?? .auto
        peer = try settings.text("peer", wanted: "an address of the peer's proxy, such as tcp:10.0.0.2:7700")
        interval = try settings.duration("heartbeat-interval", in: COLOLimits.interval) ?? COLOLimits.intervalUsual
        let misses = try settings.number("heartbeat-misses", in: COLOLimits.misses) ?? COLOLimits.missesUsual
        silenceMax = interval * misses
        decider = try settings.choice("arbiter", of: Decider.self) ?? .operator
        fence = try Self.program("fence", in: settings)
        guard (fence != nil) == (decider == .command) else {
            throw fence == nil
                ? settings.missing("fence", wanted: "the program that fences the peer, for arbiter: command")
                : settings.invalid("fence", wanted: "arbiter: command with it")
        }
        notify = try Self.program("notify", in: settings)
        onSuspicion = try settings.choice("on-suspicion", of: OnSuspicion.self) ?? .run
        start = try settings.choice("start", of: Beginner.self) ?? .operator
        resume = try settings.choice("resume", of: Beginner.self) ?? .auto
        mode = try settings.choice("mode", of: Mode.self) ?? .continuous
    }

    /// A program that arguments can be put behind: those of a line for the shell begin with `$0`.
    private static func program(
        _ key: String,
        in settings: PluginSettings
    ) throws(PluginSettings.Invalid) -> [String]? {
        let program = try settings.program(key)
        if case .text = settings.value(key) { return program.map { $0 + [key] } }
        return program
    }
}
