import PluginKit
import QMP
import Recording

/// A QEMU of the pair at its monitor: greets, negotiates, takes commands one after the other, and out-of-band ones at
/// once; may be killed, frozen, and blocked by a peer that is.
///
/// What it has and says of that is ``ModelQEMU``'s; what hangs on the other QEMU is in `PairQEMU+Commands.swift`.
final class PairQEMU {
    /// What becomes of a command.
    struct Effect {
        var answer: Answer? = .success(.object([]))
        var before: [MonitorEvent] = []
        var after: [MonitorEvent] = []
    }

    /// A resync.
    struct Job {
        let id: String
        let target: PairQEMU
        var offset = 0
        var isReady = false
        /// Whether it is asked to end.
        var isCancelled = false
        var isForced = false
        var isYanked = false
        static let length = 16_842_752
    }

    let host: PairHost
    unowned let world: PairWorld
    /// Which process it is.
    let thread: Int64
    let model: ModelQEMU
    private(set) var isDead = false
    private(set) var isFrozen = false
    var capabilities: Set<String> = []
    var lastMode = "none"
    var migrationError: String?
    var job: Job?
    /// Whose disk the replication node writes to, and whether that connection was broken by a yank.
    var nbd: PairQEMU?
    var isNBDYanked = false
    /// The pair that it is of, or was last.
    var session: PairSession?
    private var wire: PairWire?
    private var decoder = FrameDecoder()
    private var isNegotiated = false
    private var queue: [Command] = []
    private var running: Command?
    /// Whose connection the running command waits for.
    private var blockedBy: PairQEMU?
    private var deferred: [() -> Void] = []

    init(host: PairHost, isPrimary: Bool) {
        self.host = host
        world = host.world
        world.processes += 1
        thread = 4000 + world.processes
        var facts = ModelQEMU.Facts()
        facts.runState = isPrimary ? "prelaunch" : "inmigrate"
        facts.objects = isPrimary ? ["m0", "redire0", "redire1", "iothread1", "comp0"] : ["f1", "f2", "rew0"]
        facts.chardevs =
            isPrimary
            ? ["mirror0", "compare1", "compare0", "compare0-0", "compare_out", "compare_out0"] : ["red0", "red1"]
        model = ModelQEMU(facts)
    }

    var isUp: Bool { !isDead && !isFrozen }
    var isInCOLO: Bool { model.facts.mode != "none" }

    /// Whether what is sent to another QEMU is not answered for ever.
    func isStuck(with other: PairQEMU) -> Bool { !world.isLinked || (other.isFrozen && !other.isDead) }

    // MARK: - Life

    /// It is killed, or quits.
    func die(_ how: String) {
        guard !isDead else { return }
        world.happened("\(host.name): QEMU \(how)")
        isDead = true
        session?.died(self)
        wire?.close(from: 1)
        wire = nil
        deferred = []
    }

    /// It is stopped, or goes on.
    func freeze(_ isFrozen: Bool) {
        guard !isDead, self.isFrozen != isFrozen else { return }
        world.happened("\(host.name): QEMU is \(isFrozen ? "frozen" : "thawed")")
        self.isFrozen = isFrozen
        let acts = deferred
        deferred = []
        for act in acts { act() }
    }

    /// Lets something happen in it, later if it is frozen then.
    func after(milliseconds: ClosedRange<Int>, _ act: @escaping () -> Void) {
        world.after(milliseconds: milliseconds) { [self] in
            if isDead { return }
            if isFrozen { deferred.append(act) } else { act() }
        }
    }

    /// What is looked after by asking again and again.
    func tick() {
        guard isUp else { return }
        if let blockedBy, running != nil, !isStuck(with: blockedBy) || isNBDYanked { unblock() }
        tickJob()
    }

    // MARK: - The connection

    /// The proxy connects; there is no other client.
    func connected(_ wire: PairWire) {
        self.wire = wire
        decoder = FrameDecoder()
        isNegotiated = false
        queue = []
        after(milliseconds: 0...1) { [self] in
            guard self.wire === wire else { return }
            let version = #"{"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "simulated"}"#
            wire.send(Bytes(text: #"{"QMP": {"version": \#(version), "capabilities": ["oob"]}}"# + "\r\n"), to: 0)
        }
    }

    /// Something comes from the proxy, or the proxy is gone.
    func received(_ bytes: Bytes?) {
        guard !isDead else { return }
        guard !isFrozen else { return deferred.append { self.received(bytes) } }
        guard let bytes else {
            wire = nil
            isNegotiated = false
            return
        }
        decoder.append(bytes)
        while let frame = decoder.next() {
            guard case .message(let message) = frame, let command = try? Command(parsing: message.bytes) else {
                return world.violated("upstream", "\(host.name): no command, but \(frame)")
            }
            take(command)
        }
    }

    private func take(_ command: Command) {
        guard isNegotiated else {
            isNegotiated = true
            return reply(.success(.object([])), to: command)
        }
        if command.isOutOfBand {
            return after(milliseconds: 0...1) { [self] in
                world.check(command, at: self)
                reply(outOfBand(command), to: command)
            }
        }
        queue.append(command)
        runNext()
    }

    private func runNext() {
        guard running == nil, !queue.isEmpty else { return }
        let command = queue.removeFirst()
        running = command
        after(milliseconds: 0...3) { [self] in
            world.check(command, at: self)
            if let peer = blocker(of: command), isStuck(with: peer) {
                world.saw(.blocked)
                world.happened("\(host.name): \(command.name ?? "") blocks")
                blockedBy = peer
                return
            }
            perform(command)
        }
    }

    private func unblock() {
        guard let command = running else { return }
        blockedBy = nil
        perform(command)
    }

    private func perform(_ command: Command) {
        let effect = effect(of: command)
        for event in effect.before { tell(event) }
        if let answer = effect.answer { reply(answer, to: command) }
        for event in effect.after { tell(event) }
        running = nil
        if !isDead { runNext() }
    }

    private func reply(_ answer: Answer, to command: Command) {
        if !command.isQuery {
            world.happened("\(host.name): \(command.message.bytes.text.prefix(200)) -> \(answer.shown)")
        }
        let bytes =
            switch answer {
            case .success(let value): Reply.success(value, id: command.id, isPretty: false)
            case .failure(let error): Reply.failure(error, id: command.id, isPretty: false)
            }
        wire?.send(bytes, to: 0)
    }

    /// Says an event, if anybody listens.
    func tell(_ event: MonitorEvent) {
        guard !isDead, isNegotiated else { return }
        let isCheckpoint = ["STOP", "RESUME"].contains(event.name)
        if !isCheckpoint { world.happened("\(host.name): \(event.bytes.text)") }
        let time = world.now.microseconds
        let stamp: JSONValue = .object([
            JSONValue.Member("seconds", .integer(time / 1_000_000)),
            JSONValue.Member("microseconds", .integer(time % 1_000_000)),
        ])
        let members = [JSONValue.Member("timestamp", stamp)] + (event.value.object ?? [])
        wire?.send(JSONValue.object(members).written() + [0x0D, 0x0A], to: 0)
    }
}

extension Command {
    /// Whether it changes nothing.
    var isQuery: Bool { name?.hasPrefix("query-") ?? false || name == "qom-list" }
}

extension Answer {
    /// The answer on one line.
    fileprivate var shown: String {
        switch self {
        case .success(let value): value.written().text
        case .failure(let error): error.description.text
        }
    }
}
