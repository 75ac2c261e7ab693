internal import PluginKit
public import ProxyCore
internal import QMP
internal import Recording

/// Drives the engine that ships through a simulated world in which everything may go wrong, and looks all the way
/// whether it keeps its promises.
///
/// A seed decides everything: which kinds of trouble there are, what clients and QEMU say and when, how bytes are cut
/// and delayed, how large limits and the kernel's buffers are. The same seed gives the same run. Time moves only from
/// one event to the next.
///
/// First there is trouble, then calm: QEMU is back, everybody reads, nobody says anything new, and when nothing moves
/// any more, every question must be answered. Then the proxy is asked to stop. In some seeds that happens in the
/// middle.
public struct Simulator {
    /// Changes what the engine asks for before it is done: a fault put in on purpose, to see that it is found.
    public typealias Tampering = (ProxyEvent, inout [ProxyAction]) -> Void

    let seed: UInt64
    var generator: SeededGenerator
    let world: SimulatedWorld
    var engine: ProxyEngine
    let tampering: Tampering?
    let comparesCopies: Bool
    let trace: ((String) -> Void)?

    var now = Instant.zero
    var agenda = SimulatorAgenda()
    var phase = Phase.trouble
    var steps = 0
    var transcript = SimulatorTranscript()
    var hash = SimulatorHash()
    var failure: Failure?
    var seen: [SimulatorSight: Int] = [:]

    /// Events that came while another was handled; they are next.
    var events: [ProxyEvent] = []
    var isHandling = false
    var touched: Set<Int> = []

    var surroundings: FakeClient.Surroundings
    var plugins = SimulatorPlugins()
    var clients: [FakeClient] = []
    var backlog: [Int] = []
    var isAccepting = true
    /// Whether the recording cannot be written, and nobody may be served without it.
    var lacksRecording = false
    var timers: [ProxyTimer: Int] = [:]
    var timerGenerations = 0
    var upstream = SimulatorUpstream()
    var monitor: FakeMonitor
    var monitorWire: SimulatorWire?
    var isMonitorAlive = true
    var isMonitorStalled = false
    var monitorActsLeft: Int
    /// Whether there is still trouble to come.
    var isTroubled = true
    /// Descriptors that the proxy has and has neither sent nor closed.
    var descriptors: Set<DescriptorToken> = []

    enum Phase {
        case trouble, calm, stopping, over
    }

    /// A world that has not begun yet.
    ///
    /// - Parameters:
    ///   - seed: decides everything.
    ///   - switchedOff: trouble that must not occur.
    ///   - comparesCopies: whether each event is given to a copy of the engine, too, which must ask for the same.
    ///   - trace: gets a line for everything that happens, as it happens.
    ///   - tampering: changes what the engine asks for.
    public init(
        seed: UInt64,
        without switchedOff: Set<SimulatorTrouble> = [],
        comparesCopies: Bool = false,
        trace: ((String) -> Void)? = nil,
        tampering: Tampering? = nil
    ) {
        self.seed = seed
        self.comparesCopies = comparesCopies
        self.trace = trace
        self.tampering = tampering
        generator = SeededGenerator(seed: seed)
        world = SimulatedWorld(&generator, without: switchedOff)
        let instances = (world.chain?.judgements ?? []).map {
            PluginInstance(name: $0.name, settings: .null, plugin: SimulatedPlugin($0))
        }
        engine = ProxyEngine(settings: world.settings, plugins: instances)
        let offersOutOfBand = !world.has(.monitorHasNoOutOfBand)
        let isPretty = world.has(.monitorIsPretty)
        monitor = FakeMonitor(offersOutOfBand: offersOutOfBand, isPretty: isPretty, limits: world.settings.limits)
        surroundings = FakeClient.Surroundings(world: world, offersOutOfBand: offersOutOfBand, isPretty: isPretty)
        isMonitorAlive = !world.has(.monitorIsAwayAtFirst)
        monitorActsLeft = generator.int(10...120)
    }

    /// Lets everything happen, until the proxy has stopped or a promise is broken.
    public mutating func run() -> Outcome {
        begin()
        while failure == nil, phase != .over {
            guard let (time, happening) = agenda.next() else {
                nothingMoves()
                continue
            }
            steps += 1
            if steps > Self.stepsMax { violated("livelock", "more than \(Self.stepsMax) steps") }
            now = max(now, time)
            happen(happening)
        }
        return Outcome(failure: failure, actionsHash: hash.value, steps: steps, seen: seen)
    }

    private static let stepsMax = 100_000

    private mutating func begin() {
        let limits = world.settings.limits
        upstream.limit =
            surroundings.offersOutOfBand ? limits.inBandInFlightMax : limits.inBandInFlightWithoutOutOfBandMax
        upstream.reconnectDelay = limits.reconnectDelayMin
        for judgement in world.chain?.judgements ?? [] where generator.chance(30) {
            handle(.restored(plugin: judgement.place, .integer(7)))
        }
        handle(.started)
        for _ in 0..<world.clients { agenda.add(.arrives, at: later(spread: 20)) }
        agenda.add(.monitorActs, at: later(spread: 3))
        if !isMonitorAlive { agenda.add(.monitorStarts, at: later(spread: 100)) }
        if world.has(.recordingTrouble) {
            for _ in 0..<3 { agenda.add(.recordingTroubled, at: later(spread: 20)) }
        }
        if world.has(.stopsInTheMiddle) { agenda.add(.stops, at: later(spread: 30)) }
        let end = Int64(world.delayMax * generator.int(20...200) + generator.pick([0, 200_000, 15_000_000]))
        agenda.add(.calms, at: Instant(microseconds: now.microseconds + end))
    }

    /// The agenda is empty: everything was let run to its end.
    private mutating func nothingMoves() {
        switch phase {
        case .trouble:
            calm()
        case .calm:
            checkCalm()
            if failure == nil { stop() }
        case .stopping:
            violated("stop", "nothing moves any more, and the proxy has not stopped")
        case .over: break
        }
    }

    /// Asks the proxy to stop.
    mutating func stop() {
        guard phase != .stopping else { return }
        phase = .stopping
        let limits = world.settings.limits
        let most = limits.closingTimeMax + limits.stoppingTimeMax + limits.stoppingTimeMax
        agenda.add(.mustHaveStopped, at: now + most + .milliseconds(500))
        handle(.stopRequested)
    }

    // MARK: - Time and chance

    /// Some time from now, as long as things take in this world, or `spread` times as long.
    mutating func later(spread: Int = 1) -> Instant {
        var most = world.delayMax * spread
        if !isTroubled { most = min(most, 100) }
        if world.has(.longDelays), isTroubled, generator.chance(4) { most *= 30 }
        return Instant(microseconds: now.microseconds + Int64(generator.int(0...most)))
    }

    mutating func saw(_ sight: SimulatorSight) {
        seen[sight, default: 0] += 1
    }

    mutating func happened(_ text: @autoclosure () -> String) {
        if let trace {
            trace("\(Self.time(now)) * \(text())")
        }
        transcript.append(.happened(text()), at: now)
    }

    /// Notes that a promise is broken; the first one counts.
    mutating func violated(_ invariant: String, _ what: String) {
        guard failure == nil else { return }
        failure = Failure(seed: seed, step: steps, invariant: "\(invariant): \(what)", transcript: transcript.lines)
    }
}
