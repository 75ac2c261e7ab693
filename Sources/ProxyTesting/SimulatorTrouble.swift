internal import ProxyCore
internal import QMP

/// A kind of trouble that a simulated world may have; each seed has some of them.
public enum SimulatorTrouble: String, Sendable, CaseIterable {
    // QEMU's.
    case monitorDies, monitorDropsConnections, monitorIsAwayAtFirst, monitorIsSilent, monitorStalls, monitorIsSlow
    case monitorIsNone, monitorHasNoOutOfBand, monitorIsPretty, events
    // What clients say.
    case outOfBand, brokenDocuments, limitDocuments, negotiationTrouble, statusQueries, strangeIDs, descriptors
    case strangeDescriptors, outOfBandDescriptors, floods, largeReplies, neverNegotiating, earlyWords
    // What clients do.
    case clientsStall, clientsLeave, clientsHalfClose
    // The kernel's and the shell's ways.
    case smallKernelBuffers, lateReports, lateCloses, longDelays, unnoticedHangUps, recordingTrouble
    // How the proxy is set up and used.
    case smallLimits, fewClients, stopsInTheMiddle, plugins, rudePlugins

    /// In how many of a hundred seeds it occurs.
    var weight: Int {
        switch self {
        case .plugins: 60
        case .outOfBand, .events, .descriptors, .strangeIDs: 70
        case .brokenDocuments, .smallLimits, .clientsLeave, .statusQueries, .lateCloses: 50
        case .monitorIsSlow, .limitDocuments: 45
        case .monitorDies, .clientsHalfClose, .floods, .strangeDescriptors, .smallKernelBuffers, .clientsStall: 45
        case .negotiationTrouble, .lateReports, .unnoticedHangUps, .earlyWords, .monitorStalls, .longDelays,
            .rudePlugins:
            35
        case .monitorDropsConnections, .monitorIsAwayAtFirst, .monitorIsSilent, .largeReplies: 30
        case .monitorHasNoOutOfBand, .monitorIsPretty, .outOfBandDescriptors, .stopsInTheMiddle: 25
        case .neverNegotiating, .fewClients: 20
        case .monitorIsNone, .recordingTrouble: 10
        }
    }
}

/// What a seed's world is like.
struct SimulatedWorld {
    private(set) var troubles: Set<SimulatorTrouble> = []
    private(set) var settings: EngineSettings
    /// What the plugins decide; `nil` if there are none.
    private(set) var chain: SimulatedChain?
    let clients: Int
    /// How often a client writes, and how many documents at once at most.
    let burstsMax: Int
    let burstMax: Int
    /// Bytes read at once at most, and how long anything takes at most, in microseconds.
    let chunkMax: Int
    let delayMax: Int

    /// - Parameters:
    ///   - generator: decides everything.
    ///   - switchedOff: what must not occur.
    init(_ generator: inout SeededGenerator, without switchedOff: Set<SimulatorTrouble>) {
        for trouble in SimulatorTrouble.allCases where trouble != .plugins && trouble != .rudePlugins {
            let occurs = generator.chance(trouble.weight)
            if occurs, !switchedOff.contains(trouble) { troubles.insert(trouble) }
        }
        settings = EngineSettings(name: "vm0", monitorAddress: "unix:/qemu", version: "0", nonce: "ours")
        settings.keepsClients = generator.chance(45)
        settings.waitsForMonitor = generator.chance(20)
        settings.passesDescriptors = generator.chance(85)
        settings.recording = generator.chance(50) ? "r" : nil
        settings.needsRecording = settings.recording != nil && generator.chance(30)
        clients = generator.int(2...12)
        chunkMax = generator.pick([5, 50, 500, 4000])
        burstsMax = chunkMax < 10 ? 2 : generator.int(2...4)
        burstMax = chunkMax < 10 ? 3 : generator.int(2...6)
        delayMax = generator.pick([20, 300, 3000])
        if troubles.contains(.smallLimits) { makeLimitsSmall(&generator) }
        if troubles.contains(.fewClients) { settings.limits.clientsMax = generator.int(1...4) }
        addPlugins(from: generator, without: switchedOff)
    }

    func has(_ trouble: SimulatorTrouble) -> Bool {
        troubles.contains(trouble)
    }

    /// What is drawn for plugins is drawn aside, so that a world without them is the same as if there never were any.
    private mutating func addPlugins(from generator: SeededGenerator, without switchedOff: Set<SimulatorTrouble>) {
        var copy = generator
        var generator = SeededGenerator(seed: copy.next())
        for trouble in [.plugins, .rudePlugins] as [SimulatorTrouble] {
            let occurs = generator.chance(trouble.weight)
            if occurs, !switchedOff.contains(trouble) { troubles.insert(trouble) }
        }
        guard troubles.contains(.plugins) else { return }
        let isRude = troubles.contains(.rudePlugins)
        let judgements = (0..<generator.int(1...3)).map { place in
            SimulatedJudgement(
                place: place,
                seed: generator.next(),
                isRude: isRude && generator.chance(60),
                delayMax: delayMax
            )
        }
        chain = SimulatedChain(judgements: judgements)
        // What rude ones hold twice by a tag is known from what is recorded only.
        settings.isWatched = isRude || generator.chance(30)
        if troubles.contains(.smallLimits) { makePluginLimitsSmall(&generator) }
    }

    private mutating func makePluginLimitsSmall(_ generator: inout SeededGenerator) {
        settings.limits.holdTimeMax = .milliseconds(generator.pick([1, 50, 5000]))
        settings.limits.executionTimeMax = .milliseconds(generator.pick([1, 50, 5000]))
        settings.limits.executionsMax = generator.int(1...6)
        settings.limits.possessionsMax = generator.int(1...6)
        settings.limits.programUnsentBytesMax = generator.pick([10, 30, 1000])
        settings.limits.pluginStepsMax = generator.pick([1, 5, 50, 1000])
        settings.limits.pluginCallsMax = generator.pick([2, 10, 100])
    }

    private mutating func makeLimitsSmall(_ generator: inout SeededGenerator) {
        var limits = ProxyLimits()
        limits.inBandInFlightMax = generator.int(1...7)
        limits.waitingMax = generator.int(2...8)
        limits.waitingBytesMax = generator.pick([1, 200, 600, 2000])
        limits.inputBytesOfAllMax = generator.pick([2000, 6000, 1 << 20])
        limits.unsentBytesBeforePause = generator.int(50...1000)
        limits.unsentBytesMax = generator.pick([500, 2000, 8000, 1 << 20])
        limits.unsentBytesOfAllMax = generator.pick([3000, 10000, 1 << 20])
        limits.documents.nestingMax = generator.int(8...20)
        limits.documents.tokensMax = generator.int(100...200)
        limits.documents.tokenBytesMax = generator.int(1000...3000)
        settings.limits = limits
    }
}
