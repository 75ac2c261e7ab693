internal import PluginKit

/// Decides who goes on alone: is asked, and answers, now or later.
///
/// It is asked before the first step of a failover, since that already lets go what colo-compare has held. Several
/// sides may be asked at the same time; at most one may be told to go on.
protocol Arbiter: Sendable {
    /// What it waits for, for people; `nil` while it waits for nothing.
    var waitsFor: String? { get }

    /// The pair is broken, or a person has a wish: may be asked again before it has answered.
    mutating func asked(_ question: Question, _ context: inout PluginContext) -> Decision?

    /// Something that it has begun has come to something; what is not its own is passed over.
    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) -> Decision?

    /// A timer's time has come; what is not its own is passed over.
    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) -> Decision?

    /// The pair has come right by itself; `false` if that is too late.
    mutating func withdraw(_ context: inout PluginContext) -> Bool

    /// The peer goes on: what was begun against it is ended.
    mutating func giveUp(_ context: inout PluginContext)
}

/// What an arbiter is asked.
struct Question: Sendable, Equatable {
    /// The side that asks.
    let role: PairState.Role
    /// The pair's epoch: the next one is whose side goes on.
    let epoch: Int
    /// What is wrong.
    let why: String
    /// Whether a person wants this side to go on.
    let isOrdered: Bool
}

/// What an arbiter answers.
enum Decision: Sendable, Equatable {
    /// This side goes on alone.
    case goOn
    /// The other one does.
    case standDown(why: String)
}

extension Arbiter {
    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) -> Decision? { nil }
    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) -> Decision? { nil }
    mutating func withdraw(_ context: inout PluginContext) -> Bool { true }
    mutating func giveUp(_ context: inout PluginContext) {}
}
