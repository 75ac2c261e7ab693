internal import PluginKit
internal import QMP

/// A plugin that does all a plugin can, and says in the log what it was told and what it asks for.
///
/// What it decides on commands, replies and events it leaves to its ``SimulatedJudgement``, which the simulation asks,
/// too; what it does besides is its own affair.
struct SimulatedPlugin: Plugin {
    static let name = "simulated"
    static let commands = ["ask"]
    static let ownCommand = "__org.qmp-proxy_simulated-ask"

    /// What it holds and has not released.
    private struct Waiting {
        let hold: SimulatedHold
        /// The command of its own for whose outcome it waits.
        var execution: Int?
    }

    private let judgement: SimulatedJudgement
    private var generator: SeededGenerator
    private var waiting: [Waiting] = []
    private var executions = 0
    private var things = 0
    /// So that it comes to an end.
    private var actsLeft: Int

    init(settings: PluginSettings) {
        self.init(SimulatedJudgement(place: 0, seed: 0, isRude: false, delayMax: 1))
    }

    init(_ judgement: SimulatedJudgement) {
        self.judgement = judgement
        generator = SeededGenerator(seed: judgement.seed)
        actsLeft = judgement.isRude ? 250 : 60
    }

    var state: JSONValue { .object([JSONValue.Member("waiting", .integer(Int64(waiting.count)))]) }

    private func report(_ word: SimulatorReport.Word, _ tag: Tag, _ context: inout PluginContext, _ rest: String = "") {
        context.log(.debug, SimulatorReport(judgement.place, word, tag, rest).text)
    }

    // MARK: - What it is asked

    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        act(10, &context)
        switch judgement.decision(on: command.command.message.bytes, isOutOfBand: command.command.isOutOfBand) {
        case .forward: return .forward
        case .replace(let command): return .replace(command)
        case .answer(let answer): return .answer(answer)
        case .hold(let hold):
            begin(hold, &context)
            return .hold(hold.tag, limit: hold.limit, late: hold.late)
        }
    }

    mutating func ownCommand(
        _ name: String,
        _ command: ClientCommand,
        _ context: inout PluginContext
    ) -> OwnCommandVerdict {
        switch judgement.ownDecision(on: command.command.message.bytes) {
        case .answer(let answer): return .answer(answer)
        case .hold(let hold):
            begin(hold, &context)
            return .hold(hold.tag, limit: hold.limit)
        case .forward, .replace: return .answer(.success(.null))
        }
    }

    mutating func reply(
        _ reply: MonitorReply,
        to command: ClientCommand,
        _ context: inout PluginContext
    ) -> ReplyVerdict {
        act(5, &context)
        return judgement.verdict(onReplyTo: command.command.message.bytes)
    }

    mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        if monitor != .own { report(.event, Tag(Simulator.secondName), &context, event.bytes.line) }
        release(&context) { if case .event = $0.hold.trigger { true } else { false } }
        act(10, &context)
        return judgement.verdict(onEvent: event.bytes)
    }

    // MARK: - Holding

    private mutating func begin(_ hold: SimulatedHold, _ context: inout PluginContext) {
        guard !waiting.contains(where: { $0.hold.tag == hold.tag }) else { return }
        waiting.append(Waiting(hold: hold))
        switch hold.trigger {
        case .now: release(&context) { $0.hold.tag == hold.tag }
        case .timer(let delay): context.setTimer(hold.tag, after: delay)
        case .outcome:
            execute(&context)
            waiting[waiting.count - 1].execution = executions
        case .event, .never: break
        }
    }

    private mutating func release(_ context: inout PluginContext, _ isMeant: (Waiting) -> Bool) {
        for meant in waiting.filter(isMeant) {
            for _ in 0..<(judgement.isRude ? generator.int(1...2) : 1) {
                report(.releases, meant.hold.tag, &context)
                context.release(meant.hold.tag, as: meant.hold.release)
            }
        }
        waiting.removeAll(where: isMeant)
    }

    // MARK: - What it is told

    mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        if let restored { report(.told, "restored", &context, restored.written().text) }
        act(60, &context)
    }

    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext) {
        let name = monitor == .own ? Self.monitorTag : Simulator.secondName
        report(.told, Tag(name), &context, SimulatorReport.words(phase))
        act(20, &context)
    }

    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        report(.told, tag, &context, SimulatorReport.words(outcome))
        switch (tag.name, outcome) {
        case (Self.executionTag, .refused):
            release(&context) { $0.execution == tag.number }
            // Those who ask again and again must not stop anybody else.
            if judgement.isRude { act(90, &context) }
        case (Self.executionTag, _): release(&context) { $0.execution == tag.number }
        case (_, .timedOut), (_, .clientGone): waiting.removeAll { $0.hold.tag == tag }
        default: break
        }
        act(10, &context)
    }

    mutating func line(_ line: Bytes, from program: Tag, _ context: inout PluginContext) {
        report(.line, program, &context, line.text)
        act(20, &context)
    }

    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        report(.fired, tag, &context)
        release(&context) { $0.hold.tag == tag }
        act(40, &context)
    }

    // MARK: - What it does

    static let executionTag = "own"
    static let programTag = "program"
    static let storeTag = "store"
    static let timerTag = "timer"
    static let monitorTag = "monitor"

    /// Does something or other, so many times in a hundred.
    private mutating func act(_ percent: Int, _ context: inout PluginContext) {
        guard generator.chance(percent), actsLeft > 0 else { return }
        let count = judgement.isRude && generator.chance(10) ? generator.int(5...30) : 1
        for _ in 0..<min(count, actsLeft) {
            actsLeft -= 1
            actOnce(&context)
        }
    }

    private mutating func actOnce(_ context: inout PluginContext) {
        things += 1
        let delay = Duration.microseconds(generator.int(0...20 * judgement.delayMax))
        let program = Tag(Self.programTag, generator.int(1...2))
        switch generator.int(1...100) {
        case 1...45: execute(&context)
        case 46...57: context.setTimer(Tag(Self.timerTag, generator.int(1...4)), after: delay)
        case 58...60: context.cancelTimer(Tag(Self.timerTag, generator.int(1...4)))
        case 61...65:
            report(.stores, Tag(Self.storeTag, things), &context)
            context.store(.integer(Int64(things)), tag: Tag(Self.storeTag, things))
        case 66...72:
            report(.starts, program, &context)
            context.start(program: ["echo", "\(things)"], tag: program)
        case 73...84: context.write(Bytes(text: "line \(things)"), to: program)
        case 85...87: context.stop(program: program)
        case 88...90:
            report(.connects, Tag(Simulator.secondName), &context)
            context.connect(monitor: Simulator.secondName, at: "unix:/second")
        case 91:
            report(.disconnects, Tag(Simulator.secondName), &context)
            context.disconnect(monitor: Simulator.secondName)
        case 92: context.mark("thing \(things)")
        case 93...94 where judgement.isRude: context.release(Tag(SimulatedJudgement.heldTag, things), as: .forward)
        case 95...97 where judgement.isRude: context.setTimer(Tag(Self.timerTag, things), after: .seconds(-1))
        case 98 where judgement.isRude: context.setTimer(Tag(Self.timerTag, things), after: .seconds(1 << 40))
        default: context.log(.debug, "thing \(things)")
        }
    }

    private mutating func execute(_ context: inout PluginContext) {
        executions += 1
        let tag = Tag(Self.executionTag, executions)
        let own = judgement.ownCommand(executions)
        report(.executes, tag, &context)
        context.execute(own.command, on: own.monitor, tag: tag, timeout: own.timeout)
    }
}
