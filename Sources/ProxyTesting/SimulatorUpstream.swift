internal import ProxyCore
internal import QMP
internal import Recording

/// What is known, from outside the engine, of the connection to the monitor.
struct SimulatorUpstream {
    /// A command that the engine has sent and for whose reply it waits.
    struct Flight {
        let tag: SimulatorTag
        let isOutOfBand: Bool
        let hasDescriptors: Bool
    }

    /// Something the monitor has said, up to which byte of its output.
    struct Said {
        let end: Int
        let output: FakeMonitor.Output
    }

    var connection = 0
    /// The greeting, once the engine has it.
    var greeting: Bytes?
    var isNegotiationSent = false
    /// Whether commands may be sent.
    var isReady = false
    var becameReadyAt = Instant.zero
    /// Whether the engine has closed the connection or must not use it any more.
    var isClosing = false
    /// In-band commands that may be in flight.
    var limit = 7
    var flights: [Int: Flight] = [:]
    var said: [Said] = []
    /// All events the engine has heard.
    var events: [Bytes] = []
    /// The numbers that were used.
    var lastNumber = 0
    var numbers: Set<Int> = []
    var attempts = 0
    var isConnecting = false
    /// The pause before the next attempt, by the rules.
    var reconnectDelay = Duration.zero

    var inBandInFlight: Int { flights.values.count { !$0.isOutOfBand } }

    /// In-band commands of plugins.
    var executionsInFlight: Int {
        flights.values.count { !$0.isOutOfBand && $0.tag.client >= SimulatedJudgement.firstTag }
    }

    var hasBarrier: Bool { flights.values.contains { $0.hasDescriptors } }

    /// The connection is gone.
    mutating func reset() {
        greeting = nil
        isNegotiationSent = false
        isReady = false
        isClosing = false
        flights = [:]
        said = []
    }
}
