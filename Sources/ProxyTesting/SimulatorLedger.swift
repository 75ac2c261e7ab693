internal import ProxyCore
internal import QMP
internal import Recording

/// What is known of one client from outside the engine: what it was told and must be told.
struct SimulatorLedger {
    var isGreeted = false
    var isNegotiated = false
    /// The next event it must get, counted from the first one of all.
    var nextEvent = 0
    /// Its documents that are not answered, in the order of their answers.
    var inBand: [SimulatorExpectation] = []
    /// Those whose answers may overtake.
    var outOfBand: [SimulatorExpectation] = []
    /// How many of its bytes the engine has.
    var delivered = 0
    /// How many of its bytes belong to documents that were sent or answered.
    var settled = 0
    var isPaused = false
    var hasEnded = false
    /// Whether the engine has finished or closed it.
    var isClosing = false
    /// Whether the engine has closed it at once.
    var isClosed = false
    var isGone = false
    /// What the engine was last told.
    var unsent = (bytes: 0, beyondCurrent: 0)
    var mustBeClosed = false
    var isClosingTimeOver = false

    /// The in-band documents that the engine has whole.
    var complete: ArraySlice<SimulatorExpectation> { inBand.prefix { $0.end <= delivered } }

    var completeOutOfBand: [SimulatorExpectation] { outOfBand.filter { $0.end <= delivered } }

    /// Bytes of in-band documents that wait to be sent, and of out-of-band ones that are not answered.
    var waitingBytes: Int {
        let inBand = complete.filter { $0.isForwarded && $0.state == .waiting }
        return (inBand + completeOutOfBand.filter(\.isForwarded)).reduce(0) { $0 + $1.bytes.count }
    }

    /// Bytes that the engine holds for the client, at most.
    ///
    /// A number or word ends with a byte behind it; out-of-band documents count until they are answered, and answers of
    /// the proxy's own until those before them are there.
    var heldMax: Int {
        let outOfBand = completeOutOfBand.reduce(0) { $0 + $1.bytes.count }
        let answers = complete.filter { !$0.isForwarded || $0.mayBeRefused }.reduce(0) { $0 + $1.answerBytesMax }
        return delivered - settled + 1 + outOfBand + answers
    }

    /// Whether the client is not to be read from, by the rules.
    func isToBePaused(_ limits: ProxyLimits) -> Bool {
        guard isGreeted else { return true }
        let unanswered = complete.count + completeOutOfBand.count
        return unsent.bytes >= limits.unsentBytesBeforePause || unanswered >= limits.waitingMax
            || waitingBytes >= limits.waitingBytesMax
    }

    /// Whether an answer of the proxy's own waits behind others.
    ///
    /// Its size, too, can be why the client is not read from.
    var holdsAnswers: Bool { complete.contains { !$0.isForwarded } }

    /// Whether all it has said whole is answered.
    var isAnswered: Bool { complete.isEmpty && completeOutOfBand.isEmpty }

    /// Finds the document with a number and changes it.
    mutating func update(_ serial: Int, _ change: (inout SimulatorExpectation) -> Void) {
        if let index = inBand.firstIndex(where: { $0.serial == serial }) {
            change(&inBand[index])
        } else if let index = outOfBand.firstIndex(where: { $0.serial == serial }) {
            change(&outOfBand[index])
        }
    }

    /// The document with a number.
    func document(_ serial: Int) -> SimulatorExpectation? {
        inBand.first { $0.serial == serial } ?? outOfBand.first { $0.serial == serial }
    }

    /// The next document to go to the monitor in order.
    var nextToSend: SimulatorExpectation? {
        for document in inBand where document.isForwarded && document.state == .waiting {
            // Nothing passes one that is held.
            if document.held != nil || document.mayBeRefused { return nil }
            if !document.mayBeTooLarge { return document }
        }
        return nil
    }

    /// Whether the next document to go, as far as is known, must be alone in flight for its descriptors.
    var mayHaveToBeAlone: Bool {
        guard isUncertain else {
            return nextToSend.map { !$0.descriptors.isEmpty && $0.end <= delivered } ?? false
        }
        return complete.contains { $0.isForwarded && $0.state == .waiting && !$0.descriptors.isEmpty }
    }

    /// Whether it has a command that waits to be sent, and nothing else than other commands is in its way.
    var isWaitingForSure: Bool {
        guard !isPaused, !isClosing, !isGone, !isUncertain, let next = nextToSend else { return false }
        return next.end <= delivered
    }

    /// Whether a document may be sent now: nothing before it waits, as far as is known.
    func mayBeNext(_ serial: Int) -> Bool {
        for document in inBand where document.isForwarded && document.state == .waiting {
            if document.serial == serial { return true }
            if document.held != nil || !(document.mayBeTooLarge || document.mayBeRefused) { return false }
        }
        return false
    }

    /// Whether it cannot be known from outside what waits to be sent: something may have been refused for its size.
    var isUncertain: Bool {
        complete.contains { ($0.mayBeTooLarge || $0.mayBeRefused) && $0.state == .waiting }
    }

    /// Notes that what the engine has and has not sent may be refused.
    mutating func monitorIsAway() {
        for index in inBand.indices where inBand[index].end <= delivered && inBand[index].state == .waiting {
            inBand[index].mayBeRefused = true
        }
    }
}
