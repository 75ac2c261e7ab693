internal import ProxyCore
internal import QMP
internal import Recording

/// Something that a simulation may come to see; each must be seen in some seed, or the simulation tests less than it
/// seems to.
public enum SimulatorSight: String, Sendable, CaseIterable {
    case answer, outOfBandAnswer, lostAnswer, status, event, tooLarge, bareID, lateReply
    case descriptorsSent, descriptorsClosed, clientPaused, clientClosed, clientGone, acceptingPaused
    case monitorDied, monitorDropped, monitorUnreachable, clientsClosedByDeath, halfCloseAnswered, closingTimeOver,
        recordingLacked
    case stoppedInTheMiddle, stoppedAfterCalm, fullFlight
    case commandHeld, heldReleased, heldTooLong, heldOfTheGone, tagTakenTwice
    case executed, executionAnswered, executionTimedOut, executionLost
    case secondMonitorOpened, secondMonitorAnswered
    case askedInVain, valueStored, programLine, pluginsHaveAnotherTurn
}

extension Simulator {
    /// How a run ended.
    public struct Outcome: Sendable {
        /// The first promise that was broken, if any.
        public let failure: Failure?
        /// A hash of all that the engine asked for, in order.
        public let actionsHash: UInt64
        /// How many things happened.
        public let steps: Int
        /// What was seen, and how often.
        public let seen: [SimulatorSight: Int]
    }

    /// A broken promise, with what went before it.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The seed.
        public let seed: UInt64
        /// The step at which it was seen.
        public let step: Int
        /// The promise, and how it was broken.
        public let invariant: String
        /// What happened last, a line each.
        public let transcript: [String]

        /// Everything, to be read by a person, and how to see it again.
        public var description: String {
            """
            seed \(seed), step \(step): \(invariant)
            \(transcript.joined(separator: "\n"))
            SIMULATION_FIRST_SEED=\(seed) SIMULATION_SEEDS=1 swift test --filter SimulationTests
            """
        }
    }

    static func time(_ instant: Instant) -> String {
        let digits = String(instant.microseconds % 1_000_000)
        return "\(instant.microseconds / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
    }
}

/// What happened last in a simulation.
struct SimulatorTranscript {
    enum Entry {
        case happened(String)
        case event(ProxyEvent)
        case action(ProxyAction)
    }

    private var entries: [(time: Instant, entry: Entry)] = []
    private static let most = 40

    mutating func append(_ entry: Entry, at time: Instant) {
        if entries.count >= 4 * Self.most { entries.removeFirst(entries.count - Self.most) }
        entries.append((time, entry))
    }

    var lines: [String] {
        entries.suffix(Self.most).map { "\(Simulator.time($0.time)) \($0.entry.description)" }
    }
}

extension SimulatorTranscript.Entry: CustomStringConvertible {
    var description: String {
        switch self {
        case .happened(let text): "* \(text)"
        case .event(let event): "> \(event.line)"
        case .action(let action): "    < \(action.line)"
        }
    }
}

extension ProxyEvent {
    /// The event on one line.
    fileprivate var line: String {
        switch self {
        case .received(let endpoint, let bytes, let descriptors):
            "\(endpoint.name) says \(bytes.shown)\(descriptors.shown)"
        case .ended(let endpoint): "\(endpoint.name) has ended"
        case .closed(let endpoint, let reason): "\(endpoint.name) is gone: \(reason)"
        case .unsent(let endpoint, let bytes, let beyond): "unsent to \(endpoint.name): \(bytes), beyond \(beyond)"
        default: "\(self)"
        }
    }
}

extension ProxyAction {
    /// The action on one line.
    fileprivate var line: String {
        switch self {
        case .send(let endpoint, let message, let descriptors):
            "send \(endpoint.name) \(message.joined.shown)\(descriptors.shown)"
        case .closeDescriptors(let descriptors): "close descriptors\(descriptors.shown)"
        case .pauseReading(let endpoint): "pause \(endpoint.name)"
        case .resumeReading(let endpoint): "resume \(endpoint.name)"
        case .finish(let endpoint): "finish \(endpoint.name)"
        case .close(let endpoint): "close \(endpoint.name)"
        case .setTimer(let timer, let time): "set \(timer) at \(Simulator.time(time))"
        case .log(let level, let text): "log \(level): \(text.prefix(150))"
        case .record: "record"
        default: "\(self)"
        }
    }
}

extension Endpoint {
    var name: String {
        switch self {
        case .monitor: "monitor"
        case .client(let number): "client \(number)"
        case .secondMonitor(let number): "second monitor \(number)"
        }
    }
}

extension Bytes {
    /// The bytes as a line of text, the middle left out when it is long.
    var shown: String {
        guard count > 300 else { return String(reflecting: text) }
        return "\(String(reflecting: prefix(200).text)) … \(String(reflecting: suffix(60).text)) (\(count) bytes)"
    }
}

extension [DescriptorToken] {
    /// The descriptors' numbers, if there are any.
    fileprivate var shown: String {
        isEmpty ? "" : " [fds\(map { " \($0.number)" }.joined())]"
    }
}
