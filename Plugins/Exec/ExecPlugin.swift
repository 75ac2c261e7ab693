public import PluginKit
public import QMP

/// A plugin in any language: a program that reads and says lines of JSON.
///
/// It is told what it subscribes to by name, and nothing else; what it does not subscribe to costs a look at the name.
/// A command that it subscribes to waits for its verdict, at most as long as the settings say. README has the protocol.
///
/// When there is no verdict, as the program is late or does not run, the `policy` decides: `closed` refuses the
/// command, `open` lets it pass. What it cannot be told, as that is too long or too much waits for it, is refused. A
/// program that ends is started again after a pause; in the meantime what it last subscribed to holds, commands are
/// decided by the policy at once, and events are not kept.
public struct ExecPlugin: Plugin {
    /// `exec`.
    public static let name = "exec"

    let settings: ExecSettings
    /// By the settings and, once it has said hello, by the program itself.
    var subscriptions: Subscriptions
    /// Whether that is all: until a program has said hello for the first time, it may want any command.
    var isIntroduced: Bool
    var program = ProgramLife()
    /// Commands that wait for a verdict, by their numbers.
    var waiting: [Int: WaitingCommand] = [:]
    /// The highest number of a command that a program was asked for.
    var lastAsked = 0
    /// Commands of the program's own that are not answered yet, by the numbers of their tags.
    var executions: [Int: Execution] = [:]
    var executionsBegun = 0
    var counts = ExecCounts()
    /// How the monitor is, for a program that starts later; `nil` before anything is known.
    private var monitorPhase: MonitorPhase?

    /// A plugin with the settings `command`, `commands`, `events`, `replies`, `timeout`, `policy`, `handshake`.
    public init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        self.settings = try ExecSettings(settings)
        subscriptions = self.settings.subscriptions
        isIntroduced = !self.settings.awaitsHello
    }

    /// Starts the program.
    public mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        startProgram(&context)
    }

    /// Asks the program if it subscribes to the command.
    public mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        // A command without a name is none: QEMU says what is wrong with it.
        guard let name = command.command.name, mayWant(name) else { return .forward }
        return ask(command, &context)
    }

    /// Before the first hello everything is wanted, but for what tells operators what is wrong with the program.
    private func mayWant(_ name: String) -> Bool {
        subscriptions.commands.contains(name) || (!isIntroduced && !OwnCommandName.isQuery(name))
    }

    /// Tells the program if it subscribes to replies to such commands.
    public mutating func reply(
        _ reply: MonitorReply,
        to command: ClientCommand,
        _ context: inout PluginContext
    ) -> ReplyVerdict {
        if let name = command.command.name, subscriptions.replies.contains(name) {
            tell(ProgramInput.reply(reply, to: command), &context)
        }
        return .forward
    }

    /// Tells the program if it subscribes to the event.
    public mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        if subscriptions.events.contains(event.name) { tell(ProgramInput.event(event, from: monitor), &context) }
        return .deliver
    }

    /// Tells the program.
    public mutating func monitorChanged(
        _ monitor: MonitorID,
        to phase: MonitorPhase,
        _ context: inout PluginContext
    ) {
        if monitor == .own { monitorPhase = phase }
        if program.isListening { tell(ProgramInput.monitor(monitor, phase), &context) }
    }

    /// Tells the program what has become of its command, or does what the end of something makes necessary.
    public mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {
        switch (tag.name, outcome) {
        case (WaitingCommand.tagName, .timedOut): forget(tag.number, isLate: true)
        case (WaitingCommand.tagName, _): forget(tag.number, isLate: false)
        case (Execution.tagName, _): executed(tag.number, outcome, &context)
        case (ProgramLife.tagName, .ended(let end)) where tag == program.tag: programEnded(end, &context)
        case (ProgramLife.tagName, .refused) where tag == program.tag: lineLost(&context)
        default: break
        }
    }

    /// Does what the program says.
    public mutating func line(_ line: Bytes, from program: Tag, _ context: inout PluginContext) {
        guard program == self.program.tag, self.program.isListening else { return }
        self.program.linesSaid += 1
        do throws(ProgramOutput.Unusable) {
            try take(ProgramOutput(line), &context)
        } catch {
            complain(error, of: line, &context)
        }
    }

    /// Starts the program again, or ends one that has said no hello.
    public mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {
        if tag == ProgramLife.restartTimer, program.phase == .pausing {
            startProgram(&context)
            if let monitorPhase { tell(ProgramInput.monitor(.own, monitorPhase), &context) }
        } else if tag == ProgramLife.helloTimer, program.phase == .greeting {
            endProgram("it has said no hello in \(Quantity.text(duration: ExecLimits.helloTime))", &context)
        }
    }

    private mutating func take(_ said: ProgramOutput, _ context: inout PluginContext) throws(ProgramOutput.Unusable) {
        switch said {
        case .hello(let wanted): try greet(wanted, &context)
        case .foreign(let version):
            let spoken = ProgramInput.version
            endProgram("it speaks version \(version) of the protocol, and the proxy version \(spoken)", &context)
        case .verdict(let number, let verdict): try decide(number, verdict, &context)
        case .execute(let command, let tag, let timeout): execute(command, tag: tag, timeout: timeout, &context)
        case .mark(let text): context.mark(text)
        case .log(let level, let text): context.log(level, Self.oneLine(text))
        }
    }

    /// Writes a line to the program, which gets none while it does not run.
    mutating func tell(_ line: Bytes, _ context: inout PluginContext) {
        guard program.isListening else {
            counts.linesLost += 1
            return
        }
        context.write(line, to: program.tag)
    }

    private mutating func complain(
        _ unusable: ProgramOutput.Unusable,
        of line: Bytes,
        _ context: inout PluginContext
    ) {
        tell(ProgramInput.error(unusable.reason, in: line), &context)
        // What it says may be secret: the log has only what is wrong with it.
        let text = "line \(program.linesSaid) of its program cannot be used: \(Self.oneLine(unusable.reason))"
        guard !unusable.isNobodysFault else { return context.log(.debug, text) }
        context.log(.warning, text)
        program.faults += 1
        if program.faults == ExecLimits.faultsMax {
            endProgram("\(ExecLimits.faultsMax) of its lines could not be used", &context)
        }
    }

    /// A text that cannot pass for several lines of the log.
    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}
