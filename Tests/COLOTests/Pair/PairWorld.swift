import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording

/// Two hosts, each with a QEMU and the proxy that ships before it, whose plugin keeps the pair alive while everything
/// goes wrong; and somebody who looks whether it keeps its promises.
///
/// A seed decides everything. First there is trouble, then all is mended and the operator answers, and then the pair
/// must come to rest. Time moves only from one happening to the next.
final class PairWorld {
    /// Changes what a proxy asks for before it is done: a fault put in on purpose, to see that it is found.
    typealias Tampering = (PairProxy, ProxyEvent, inout [ProxyAction]) -> Void
    /// Makes the plugin of a host.
    typealias MakePlugin = (_ host: Int, PairSettings) -> any Plugin

    let seed: UInt64
    var generator: SeededGenerator
    let settings: PairSettings
    let makePlugin: MakePlugin
    let tampering: Tampering?
    private let isTraced: Bool

    private(set) var now = Instant.zero
    private var isAtRest = false
    private var agenda: [(time: Instant, act: () -> Void)] = []
    private(set) var hosts: [PairHost] = []
    /// Whether the QEMUs reach each other.
    private(set) var isLinked = true
    /// Whether the proxies do.
    private(set) var reachesProxies = true
    /// Bytes on their way, so that they go on when the link is mended.
    var wires: [PairWire] = []
    /// What heartbeats take longer.
    var heartbeatDelay = Duration.zero
    /// The pair of QEMUs that is, or was last.
    var session: PairSession?
    var sessions = 0
    var processes: Int64 = 0
    var isCalm = false
    var calmSince = Instant.zero
    var failsToStore = false
    var failsToFence = false
    private(set) var failure: String?
    private var transcript: [String] = []
    /// How many lines were told.
    private(set) var lines = 0
    var seen: Set<PairSight> = []

    /// A world that has not begun yet.
    init(seed: UInt64, isTraced: Bool = false, tampering: Tampering? = nil, plugin: @escaping MakePlugin) {
        self.seed = seed
        self.isTraced = isTraced
        self.tampering = tampering
        makePlugin = plugin
        var generator = SeededGenerator(seed: seed)
        settings = PairSettings(&generator)
        self.generator = generator
        hosts = [PairHost(index: 0, world: self), PairHost(index: 1, world: self)]
    }

    /// Lets everything happen.
    ///
    /// - Returns: the first promise that was broken, with what went before it.
    func run() -> String? {
        begin()
        var steps = 0
        while failure == nil, !isAtRest, !agenda.isEmpty {
            let next = agenda.removeLast()
            now = max(now, next.time)
            next.act()
            steps += 1
            if steps > Self.stepsMax { violated("livelock", "more than \(Self.stepsMax) steps") }
        }
        return failure
    }

    private static let stepsMax = 2_000_000
    private static let linesMax = 60

    private func begin() {
        happened("seed \(seed): \(settings)")
        hosts[0].startQEMU(isPrimary: true)
        hosts[1].startQEMU(isPrimary: false)
        for host in hosts { after(milliseconds: 0...500) { host.startProxy() } }
        tick()
        beginTrouble()
    }

    /// What is looked after by asking again and again: checkpoints, sockets, what blocks a monitor.
    private func tick() {
        for host in hosts { host.qemu?.tick() }
        session?.tick()
        checkTime()
        after(.milliseconds(20)) { [unowned self] in tick() }
    }

    // MARK: - Time

    /// Lets something happen later.
    func after(_ duration: Duration, _ act: @escaping () -> Void) {
        let time = now + duration
        var (low, high) = (0, agenda.count)
        while low < high {
            let middle = (low + high) / 2
            if agenda[middle].time > time { low = middle + 1 } else { high = middle }
        }
        agenda.insert((time, act), at: low)
    }

    /// Lets something happen some time from now.
    func after(milliseconds: ClosedRange<Int>, _ act: @escaping () -> Void) {
        after(.microseconds(generator.int(milliseconds.lowerBound * 1000...milliseconds.upperBound * 1000)), act)
    }

    /// How long ago something was, in seconds.
    func seconds(since time: Instant) -> Double { now.seconds(since: time) }

    // MARK: - The link

    /// Cuts the link between the hosts, or mends it: for QEMUs, for proxies, or for both.
    func link(_ isUp: Bool, qemus: Bool = true, proxies: Bool = true) {
        let whose = [qemus ? "QEMUs" : nil, proxies ? "proxies" : nil].compactMap(\.self).joined(separator: " and ")
        happened("the link of \(whose) is \(isUp ? "mended" : "cut")")
        if qemus { isLinked = isUp }
        if proxies { reachesProxies = isUp }
        guard reachesProxies else { return }
        wires.removeAll(where: \.isDone)
        for wire in wires { wire.flush() }
    }

    // MARK: - What is told

    /// Ends the world: it is at rest.
    func rest() {
        isAtRest = true
    }

    /// Notes that something was seen.
    func saw(_ sight: PairSight) {
        seen.insert(sight)
    }

    /// Notes something for whoever reads of a failure.
    func happened(_ text: @autoclosure () -> String) {
        let line = "\(now.microseconds / 1000) ms \(text().prefix(220))"
        if isTraced { print(line) }
        transcript.append(line)
        lines += 1
        if transcript.count > 4 * Self.linesMax { transcript.removeFirst(3 * Self.linesMax) }
    }

    /// Notes that a promise is broken; the first one counts.
    func violated(_ invariant: String, _ what: String) {
        guard failure == nil else { return }
        failure = """
            \(invariant): \(what)
            seed \(seed): \(settings)
            \(transcript.suffix(Self.linesMax).joined(separator: "\n"))
            COLO_FIRST_SEED=\(seed) COLO_SEEDS=1 COLO_TRACE=1 swift test --filter PairTests
            """
    }
}

/// What a world is like, by its seed.
struct PairSettings: CustomStringConvertible {
    /// Who decides.
    enum Arbiter: String, CaseIterable {
        case `operator`, command, none
    }

    let arbiter: Arbiter
    /// In milliseconds.
    let checkpointDelay: Int
    let startsByItself: Bool
    let resumesByItself: Bool
    let stopsOnSuspicion: Bool
    /// In milliseconds; two seconds of silence are too long in any case.
    let heartbeatInterval: Int
    /// What goes wrong, and how often in all.
    let troubles: [PairTrouble]
    let count: Int

    init(_ generator: inout SeededGenerator) {
        arbiter = generator.pick([.operator, .operator, .command, .none])
        checkpointDelay = generator.pick([500, 2000, 2000, 20_000])
        startsByItself = generator.chance(50)
        resumesByItself = generator.chance(75)
        stopsOnSuspicion = generator.chance(25)
        heartbeatInterval = generator.pick([250, 500])
        let isFew = generator.chance(50)
        troubles =
            generator.chance(20)
            ? PairTrouble.ofProxies : PairTrouble.allCases.filter { _ in generator.chance(isFew ? 25 : 70) }
        count = troubles.isEmpty ? 0 : generator.int(1...8)
    }

    /// Whether nothing happens to QEMU and to what lies between the two.
    var sparesThePair: Bool { troubles.allSatisfy(PairTrouble.ofProxies.contains) }

    var description: String {
        let troubles = troubles.map(\.rawValue).joined(separator: " ")
        let who = [startsByItself, resumesByItself].map { $0 ? "auto" : "operator" }
        return """
            arbiter \(arbiter), delay \(checkpointDelay), start \(who[0]), resume \(who[1]), \
            on suspicion \(stopsOnSuspicion ? "stop" : "run"), \(count) of: \(troubles)
            """
    }
}

/// Something that a simulation may come to see; each must be seen in some seed, or it tests less than it seems to.
enum PairSight: String, CaseIterable {
    case paired, deciding, named, namedWhilePaired, renamed, fenced, fenceFailed, notified, alone, resumed, lost
    case blocked, checkpointInterrupted, proxyRestartedInRunbook, storeFailed, settledPaired
}
