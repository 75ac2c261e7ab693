internal import PluginKit
internal import QMP

/// A program fences the peer: if it ends with 0, the peer is off and stays off.
///
/// That is sound only where both sides fence first (Pacemaker's rule: no recovery before fencing has succeeded): a peer
/// that has gone on already would have fenced this side.
struct CommandArbiter: Arbiter {
    private enum Phase: Equatable {
        case resting
        case running(Tag)
        case pausing
    }

    private static let program = "fence"
    private static let limitTimer: Tag = "fence-limit"
    private static let pauseTimer: Tag = "fence-pause"

    private let command: [String]
    private var phase = Phase.resting
    private var question: Question?
    private var runs = 0
    private var pause = COLOLimits.pauseMin

    init(_ command: [String]) {
        self.command = command
    }

    var waitsFor: String? {
        switch phase {
        case .resting: nil
        case .running: "the fence program runs"
        case .pausing: "the fence program has failed and is tried again soon: see the log"
        }
    }

    mutating func asked(_ question: Question, _ context: inout PluginContext) -> Decision? {
        self.question = question
        switch phase {
        case .running: return nil
        case .pausing: context.cancelTimer(Self.pauseTimer)
        case .resting: pause = COLOLimits.pauseMin
        }
        start(&context)
        return nil
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) -> Decision? {
        guard phase == .running(tag) else { return nil }
        context.cancelTimer(Self.limitTimer)
        if outcome == .ended(.exited(status: 0)) {
            phase = .resting
            return .goOn
        }
        let what = if case .ended(let end) = outcome { "\(end)" } else { "could not be started" }
        context.log(.error, "the fence program \(what); next try in \(Quantity.text(duration: pause))")
        context.setTimer(Self.pauseTimer, after: pause)
        pause = min(pause * 2, COLOLimits.pauseMax)
        phase = .pausing
        return nil
    }

    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) -> Decision? {
        switch (tag, phase) {
        case (Self.limitTimer, .running(let program)):
            context.log(.error, "the fence program has not ended in \(Quantity.text(duration: COLOLimits.fence))")
            context.stop(program: program)
        case (Self.pauseTimer, .pausing): start(&context)
        default: break
        }
        return nil
    }

    mutating func withdraw(_ context: inout PluginContext) -> Bool {
        if case .running = phase { return false }
        context.cancelTimer(Self.pauseTimer)
        phase = .resting
        return true
    }

    mutating func giveUp(_ context: inout PluginContext) {
        if case .running(let program) = phase {
            context.cancelTimer(Self.limitTimer)
            context.stop(program: program)
        }
        context.cancelTimer(Self.pauseTimer)
        phase = .resting
    }

    private mutating func start(_ context: inout PluginContext) {
        guard let question else { return }
        runs += 1
        let tag = Tag(Self.program, runs)
        phase = .running(tag)
        context.start(program: command + [question.role.rawValue, "\(question.epoch)", question.why], tag: tag)
        context.setTimer(Self.limitTimer, after: COLOLimits.fence)
    }
}
