internal import PluginKit
internal import QMP

/// A command that waits for the program's verdict.
struct WaitingCommand: Sendable, Equatable {
    static let tagName = "command"

    let command: ClientCommand
    /// When the program was asked; `nil` until it has said hello.
    var askedAt: Duration?

    static func tag(_ number: Int) -> Tag { Tag(tagName, number) }
}

/// A command of the program's own that is not answered yet.
struct Execution: Sendable, Equatable {
    static let tagName = "execution"

    /// What the program calls it.
    let tag: String
    /// Whose it is: who came after that program hears nothing of it.
    let program: Tag
}

/// Verdicts on commands of clients', and the program's own commands.
extension ExecPlugin {
    /// Holds a command for the program, if that can be asked at all.
    mutating func ask(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard program.isListening else {
            return verdict(without: Self.isNotRunning, on: command, settings.policy, context)
        }
        // Refused whatever the policy: clients could bring it about, and so get past the program.
        guard waiting.count < ExecLimits.waitingMax else {
            return verdict(without: "\(waiting.count) commands wait for its program", on: command, .closed, context)
        }
        waiting[command.number] = WaitingCommand(command: command)
        if program.phase == .running { askNow(command, &context) }
        return .hold(WaitingCommand.tag(command.number), limit: settings.timeout, late: settings.policy)
    }

    mutating func askNow(_ command: ClientCommand, _ context: inout PluginContext) {
        waiting[command.number]?.askedAt = context.now
        lastAsked = max(lastAsked, command.number)
        tell(ProgramInput.command(command), &context)
    }

    /// The program has decided.
    mutating func decide(
        _ number: Int,
        _ verdict: CommandVerdict,
        _ context: inout PluginContext
    ) throws(ProgramOutput.Unusable) {
        guard let waiter = waiting[number], waiter.askedAt != nil else {
            let reason = "command \(number) does not wait for a verdict"
            throw ProgramOutput.Unusable(reason: reason, isNobodysFault: number > 0 && number <= lastAsked)
        }
        let call = waiter.command.command.isOutOfBand ? "exec-oob" : "execute"
        if case .replace(let command) = verdict, command.isOutOfBand != waiter.command.command.isOutOfBand {
            throw ProgramOutput.Unusable(reason: "replace: wanted is \(call), as the client has said")
        }
        waiting[number] = nil
        counts.verdicts += 1
        context.release(WaitingCommand.tag(number), as: verdict)
    }

    /// A command waits no longer, whatever the program says of it.
    mutating func forget(_ number: Int, isLate: Bool) {
        guard waiting.removeValue(forKey: number) != nil, isLate else { return }
        counts.late += 1
    }

    /// Has a policy decide on commands that wait.
    mutating func giveUp(
        _ isConcerned: (WaitingCommand) -> Bool,
        _ reason: String,
        _ policy: LatePolicy,
        _ context: inout PluginContext
    ) {
        for number in waiting.keys.sorted() {
            guard let waiter = waiting[number], isConcerned(waiter) else { continue }
            waiting[number] = nil
            context.release(
                WaitingCommand.tag(number),
                as: verdict(without: reason, on: waiter.command, policy, context)
            )
        }
    }

    /// What a policy says of a command on which there will be no verdict.
    private mutating func verdict(
        without reason: String,
        on command: ClientCommand,
        _ policy: LatePolicy,
        _ context: PluginContext
    ) -> CommandVerdict {
        counts.undecided += 1
        switch policy {
        case .open: return .forward
        case .closed:
            let text = "The command \(command.command.name ?? "") is refused by \(context.plugin): \(reason)"
            return .answer(.failure(ProtocolError(.generic, text)))
        }
    }

    /// Executes a command of the program's own.
    mutating func execute(_ command: Command, tag: String, timeout: Duration, _ context: inout PluginContext) {
        guard executions.count < ExecLimits.executionsMax else {
            let reason = "\(executions.count) commands of yours are not answered yet"
            return tell(ProgramInput.outcome(.refused(reason: reason), of: tag), &context)
        }
        executionsBegun += 1
        executions[executionsBegun] = Execution(tag: tag, program: program.tag)
        context.execute(command, tag: Tag(Execution.tagName, executionsBegun), timeout: timeout)
    }

    /// A command of the program's own has come to something.
    mutating func executed(_ number: Int, _ outcome: Outcome, _ context: inout PluginContext) {
        guard let execution = executions.removeValue(forKey: number), execution.program == program.tag else { return }
        tell(ProgramInput.outcome(outcome, of: execution.tag), &context)
    }
}
