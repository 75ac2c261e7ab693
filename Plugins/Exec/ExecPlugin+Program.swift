internal import PluginKit
internal import QMP

/// The program's start, hello and end.
extension ExecPlugin {
    mutating func startProgram(_ context: inout PluginContext) {
        program.begin(awaitsHello: settings.awaitsHello, at: context.now)
        context.start(program: settings.program, tag: program.tag)
        tell(ProgramInput.hello(context), &context)
        if settings.awaitsHello { context.setTimer(ProgramLife.helloTimer, after: ExecLimits.helloTime) }
    }

    /// The program says what it wants to be told; what has waited for that is asked, or let go.
    mutating func greet(_ wanted: Subscriptions, _ context: inout PluginContext) throws(ProgramOutput.Unusable) {
        guard !program.hasGreeted else { throw ProgramOutput.Unusable(reason: "it has said hello already") }
        program.hasGreeted = true
        subscriptions = settings.subscriptions.union(wanted)
        isIntroduced = true
        guard program.phase == .greeting else { return }
        context.cancelTimer(ProgramLife.helloTimer)
        program.phase = .running
        for number in waiting.keys.sorted() {
            guard let command = waiting[number]?.command else { continue }
            if subscriptions.commands.contains(command.command.name ?? "") {
                askNow(command, &context)
            } else {
                waiting[number] = nil
                context.release(WaitingCommand.tag(number), as: .forward)
            }
        }
    }

    /// Ends the program; it is started again as if it had ended by itself.
    mutating func endProgram(_ reason: String, _ context: inout PluginContext) {
        context.log(.error, "its program is ended: \(reason)")
        if program.phase == .greeting { context.cancelTimer(ProgramLife.helloTimer) }
        program.phase = .ending
        context.stop(program: program.tag)
        giveUp({ _ in true }, Self.isNotRunning, settings.policy, &context)
    }

    mutating func programEnded(_ end: ProgramEnd, _ context: inout PluginContext) {
        guard program.isListening || program.phase == .ending else { return }
        if program.phase == .greeting { context.cancelTimer(ProgramLife.helloTimer) }
        let pause = program.end(end, at: context.now)
        if !context.isStopping {
            context.setTimer(ProgramLife.restartTimer, after: pause)
            context.log(.warning, "its program \(end); it is started again in \(Quantity.text(duration: pause))")
        }
        giveUp({ _ in true }, Self.isNotRunning, settings.policy, &context)
    }

    /// A line was not written: it is too long, or too much waits to be read already.
    ///
    /// Which one is not told, but at once: what was asked at this very instant may not have been heard.
    mutating func lineLost(_ context: inout PluginContext) {
        counts.linesLost += 1
        if !program.hasMissedLines {
            program.hasMissedLines = true
            context.log(.warning, "lines are lost: its program does not read what it is told, or they are too long")
        }
        let now = context.now
        // Whatever the policy: a client can say what is too long, or too much.
        giveUp({ $0.askedAt == now }, "its program could not be told", .closed, &context)
    }

    static let isNotRunning = "its program does not run"
}
