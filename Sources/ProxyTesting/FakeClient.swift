internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// A client that says all kinds of things, and knows what must be answered.
struct FakeClient {
    /// What is the same for all clients of a world.
    struct Surroundings {
        let world: SimulatedWorld
        let offersOutOfBand: Bool
        let isPretty: Bool
        /// The number of the last descriptor.
        var descriptors = 0

        var limits: Limits { world.settings.limits.documents }

        /// The reply to a command that is answered so.
        func reply(_ answer: Answer, id: JSONValue?) -> Bytes {
            switch answer {
            case .success(let value): Reply.success(value, id: id, isPretty: isPretty)
            case .failure(let error): Reply.failure(error, id: id, isPretty: isPretty)
            }
        }
    }

    let number: Int
    var wire: SimulatorWire
    var ledger = SimulatorLedger()
    var isAccepted = false
    var burstsLeft: Int
    var isWriteScheduled = false
    var isStalled = false
    /// Whether it has negotiated by all it has written so far.
    private(set) var isNegotiated = false
    private(set) var hasOutOfBand = false
    private var serial = 0
    /// Descriptors it has sent that none of its commands has taken.
    private var pending: [DescriptorToken] = []
    private let neverNegotiates: Bool
    /// Descriptors it gave to the kernel, and at which byte.
    private(set) var sets: [DescriptorToken] = []

    init(number: Int, _ surroundings: Surroundings, _ generator: inout SeededGenerator) {
        self.number = number
        let world = surroundings.world
        let isSmall = world.has(.smallKernelBuffers)
        wire = SimulatorWire(kernelMax: isSmall ? generator.int(1...600) : generator.int(10000...200000))
        burstsLeft = generator.int(1...world.burstsMax)
        neverNegotiates = world.has(.neverNegotiating) && generator.chance(40)
    }

    // MARK: - Writing

    /// Writes some documents at once.
    mutating func write(_ surroundings: inout Surroundings, _ generator: inout SeededGenerator, at now: Instant) {
        burstsLeft -= 1
        var count = generator.int(1...surroundings.world.burstMax)
        if surroundings.world.has(.floods), generator.chance(15) { count *= 8 }
        for _ in 0..<count {
            serial += 1
            let tag = SimulatorTag(client: number, serial: serial)
            var author = SimulatedAuthor(surroundings: surroundings, generator: generator, tag: tag)
            author.isNegotiated = isNegotiated
            author.hasOutOfBand = hasOutOfBand
            let speech = author.speech(neverNegotiates: neverNegotiates)
            generator = author.generator
            write(speech, &surroundings, &generator, at: now)
        }
        let isLast = burstsLeft == 0
        if isLast, generator.chance(15) {
            wire.incoming.append(Bytes(text: generator.pick(["{\"execute\": \"stop\"", "{", "[1, ", "'x"])))
        }
    }

    private mutating func write(
        _ speech: SimulatedSpeech,
        _ surroundings: inout Surroundings,
        _ generator: inout SeededGenerator,
        at now: Instant
    ) {
        let start = wire.incoming.end
        var bytes = speech.bytes
        if speech.descriptors > 0, !bytes.isEmpty {
            let set = (1...speech.descriptors).map { DescriptorToken(surroundings.descriptors + $0) }
            surroundings.descriptors += set.count
            let place = bytes.startIndex + generator.int(0...speech.descriptorsPlaceMax)
            wire.incoming.append(bytes[..<place])
            wire.incoming.append(bytes[place...], descriptors: set)
            pending = surroundings.world.settings.passesDescriptors ? set : []
            bytes = []
        }
        wire.incoming.append(bytes)
        for (end, expectation) in speech.expectations {
            var expectation = expectation
            expectation.end = start + end
            expectation.writtenAt = now
            if expectation.negotiates {
                isNegotiated = true
                hasOutOfBand = speech.enablesOutOfBand
            }
            expectation = withDescriptors(expectation, surroundings)
            if let chain = surroundings.world.chain, expectation.isCommand {
                let asked = SimulatedChain.Asked(bytes: expectation.bytes, isOutOfBand: expectation.isOutOfBand)
                expectation.meet(chain.fate(of: asked), surroundings)
            }
            if expectation.isOutOfBand {
                ledger.outOfBand.append(expectation)
            } else {
                ledger.inBand.append(expectation)
            }
        }
    }

    /// A command that takes descriptors gets those that came last, and its answer depends on them.
    private mutating func withDescriptors(
        _ expectation: SimulatorExpectation,
        _ surroundings: Surroundings
    ) -> SimulatorExpectation {
        guard expectation.isForwarded, !expectation.isOutOfBand,
            let value = try? JSONValue(parsing: expectation.bytes), FakeMonitor.takesDescriptor(value)
        else { return expectation }
        var result = SimulatorExpectation(
            serial: expectation.serial,
            bytes: expectation.bytes,
            id: expectation.id,
            answer: .exactly(
                FakeMonitor.answer(
                    to: value,
                    id: value["id"],
                    descriptor: pending.first?.number,
                    hasOutOfBand: hasOutOfBand,
                    isPretty: surroundings.isPretty
                )
            )
        )
        result.isForwarded = true
        result.end = expectation.end
        result.writtenAt = expectation.writtenAt
        result.descriptors = pending
        pending = []
        return result
    }
}
