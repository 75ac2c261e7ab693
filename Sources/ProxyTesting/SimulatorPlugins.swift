internal import PluginKit
internal import ProxyCore
internal import QMP

/// What is known, from outside the engine, of the plugins: what they have begun, and what they must be told.
struct SimulatorPlugins {
    /// A command of a plugin's own that is not answered.
    struct Execution {
        enum State {
            /// The plugin has asked for it.
            case announced
            /// The engine has given it a number, and it waits for its turn.
            case waiting(Int)
            /// It is at the monitor.
            case sent(Int)
        }

        let own: SimulatedJudgement.OwnCommand
        /// Whether it overtakes; a monitor without `oob` gets it in its turn.
        let isOutOfBand: Bool
        var state = State.announced

        var isOnSecond: Bool { own.monitor != .own }

        var number: Int? {
            switch state {
            case .announced: nil
            case .waiting(let number), .sent(let number): number
            }
        }

        /// Whether it waits to be sent.
        var isWaiting: Bool { if case .waiting = state { true } else { false } }
    }

    /// A program that a plugin has started, as the shell knows it.
    struct Program {
        let place: Int
        let tag: Tag
        let reads: Bool
        /// What it has not read, in bytes.
        var unsent = 0
    }

    /// Commands that are held: whose they are.
    var held: [ProxyTimer: SimulatorTag] = [:]
    /// Whose command a plugin has decided to hold just now, by the recording.
    var toBeHeld: SimulatorTag?
    /// The clients' commands by the engine's numbers, as far as they are recorded.
    var numbers: [Int: SimulatorTag] = [:]
    /// A release that must be done next.
    var releasing: ProxyTimer?
    /// What was asked for and not done yet, and may be refused.
    var announced: SimulatorReport?
    var refusable: Set<SimulatorReport> = []
    /// By tag.
    var executions: [SimulatorTag: Execution] = [:]
    /// By the engine's numbers.
    var accepted: [Int: SimulatorTag] = [:]
    var programs: [Int: Program] = [:]
    var seconds: [Int: SimulatorSecondMonitor] = [:]
    var stores: [Int: Tag] = [:]
    /// What plugins have stored before the proxy was started.
    var restored: [Int: JSONValue] = [:]
    /// What must be told before the turn is over.
    var due: [SimulatorReport: Int] = [:]
    /// Clients of whom something held was dropped.
    var gone: Set<Int> = []
    /// Plugins that ask so often for what is refused that they are not told any more.
    var flooded: Set<Int> = []
    /// Whether plugins know that the monitor cannot be reached.
    var isTroubleTold = false
    /// Whether the proxy ends though plugins are not done.
    var areCutOff = false
    /// Whether the last in-band command to the monitor was a plugin's.
    var cameLast = false

    mutating func mustBeTold(_ place: Int, _ tag: Tag, _ rest: String) {
        due[SimulatorReport(place, .told, tag, rest), default: 0] += 1
    }

    /// An execution's command has come to something; nothing more may come of it.
    mutating func settle(_ number: Int, _ rest: String) {
        guard let tag = accepted.removeValue(forKey: number) else { return }
        executions[tag] = nil
        mustBeTold(tag.client - SimulatedJudgement.firstTag, Tag(SimulatedPlugin.executionTag, tag.serial), rest)
    }

    /// Those that wait for their turn, the next one first.
    func waiting(onSecond: Bool = false) -> [(number: Int, isOutOfBand: Bool)] {
        executions.values.filter { $0.isWaiting && $0.isOnSecond == onSecond }.compactMap { execution in
            execution.number.map { ($0, execution.isOutOfBand) }
        }.sorted { $0.number < $1.number }
    }
}
