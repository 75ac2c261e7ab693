public import PluginKit
internal import QMP

/// What an operator asks, as `__org.qmp-proxy_colo-…`.
enum OperatorCommand: String, CaseIterable, Sendable {
    /// How things stand.
    case status = "query-status"
    /// What would be sent.
    case steps = "query-steps"
    /// Begin a pair whose disks are the same.
    case start
    /// Have this side go on alone.
    case failover
    /// Take a new partner.
    case resume
    /// Change the time between checkpoints.
    case checkpointDelay = "checkpoint-delay"
    /// Give up what is under way.
    case abort
}

/// A command that an operator has asked before QEMU was looked at.
struct EarlyCommand: Sendable {
    let wanted: OperatorCommand
    let client: Client
}

extension COLOPlugin {
    static let earlyTag = "early"

    /// Answers an operator; what takes time goes on behind the answer.
    public mutating func ownCommand(
        _ name: String,
        _ command: ClientCommand,
        _ context: inout PluginContext
    ) -> OwnCommandVerdict {
        guard let wanted = OperatorCommand(rawValue: name) else {
            return .answer(.failure(ProtocolError(.commandNotFound, "There is no command \(name)")))
        }
        do throws(ProtocolError) {
            let arguments = command.command.arguments
            switch wanted {
            case .status:
                try Self.only([], of: arguments)
                return .answer(.success(status(context.now)))
            case .steps: return .answer(.success(try steps(arguments)))
            case .checkpointDelay: try setCheckpointDelay(arguments, &context)
            case .start, .failover, .resume, .abort:
                try Self.only([], of: arguments)
                if own.isReady, memory != nil {
                    early[command.number] = EarlyCommand(wanted: wanted, client: command.client)
                    return .hold(Tag(Self.earlyTag, command.number), limit: COLOLimits.answer)
                }
                try act(wanted, by: command.client, &context)
            }
            return .answer(.success(.object([])))
        } catch {
            return .answer(.failure(error))
        }
    }

    /// Does what was asked before QEMU was looked at.
    mutating func takeEarlyCommands(_ context: inout PluginContext) {
        let all = early.sorted { $0.key < $1.key }
        early = [:]
        for (number, command) in all {
            do throws(ProtocolError) {
                try act(command.wanted, by: command.client, &context)
                context.release(Tag(Self.earlyTag, number), as: .answer(.success(.object([]))))
            } catch {
                context.release(Tag(Self.earlyTag, number), as: .answer(.failure(error)))
            }
        }
    }

    /// Refuses the two commands by which a client that knows of no pair would cost its data.
    public mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        let isMakingAPair = [.start, .resume].contains(work?.procedure)
        switch command.command.name {
        case RunbookRun.migrate where isMakingAPair || pair.pairedRole != nil:
            let why = "a second migrate would end COLO and leave the guest's disks apart"
            return .answer(.failure(ProtocolError(.generic, "Refused by \(context.plugin): \(why)")))
        case "cont" where work?.procedure == .resume:
            let why = "the disks are the same only as long as the guest stands still; COLO has it run again"
            return .answer(.failure(ProtocolError(.generic, "Refused by \(context.plugin): \(why)")))
        default: return .forward
        }
    }

    /// Takes note when a client changes what matters here.
    public mutating func reply(
        _ reply: MonitorReply,
        to command: ClientCommand,
        _ context: inout PluginContext
    ) -> ReplyVerdict {
        if command.command.name == "migrate-set-parameters" { own.askAll() }
        return .forward
    }

    private mutating func act(
        _ wanted: OperatorCommand,
        by client: Client,
        _ context: inout PluginContext
    ) throws(ProtocolError) {
        guard own.isReady, memory == nil else {
            throw ProtocolError(.generic, "QEMU is not there: nothing can be begun before it is")
        }
        context.mark("client \(client.number) (\(client.peer)) asks: \(wanted.rawValue)", epoch: epoch)
        switch wanted {
        case .start: try start(&context)
        case .failover: try failover(&context)
        case .resume: try resume(&context)
        case .abort: try abort(&context)
        case .status, .steps, .checkpointDelay: break
        }
    }

    private mutating func start(_ context: inout PluginContext) throws(ProtocolError) {
        switch pair {
        case .idle, .failed: break
        case .alone where settings.mode == .periodic: break
        default: throw ProtocolError(.generic, "The state is \(pair.name): a pair is begun when it is idle")
        }
        guard own.mode == nil, work == nil else {
            throw ProtocolError(.generic, "A runbook is under way: wait, or abort")
        }
        if own.isIncoming { return prepare(because: "an operator wants it", &context) }
        guard settings.side != .secondary else {
            throw ProtocolError(.generic, "This side is the secondary by its settings: start the other one")
        }
        seeksPartner = true
        isPausing = false
        move(to: .pairing(.primary), because: "an operator wants it", &context)
        seek(&context)
    }

    private mutating func failover(_ context: inout PluginContext) throws(ProtocolError) {
        guard let role = pair.pairedRole else {
            guard case .failed = pair, isDecided else {
                throw ProtocolError(
                    .generic,
                    "QEMU is not in COLO, the state is \(pair.name): there is nothing to fail over"
                )
            }
            return tryAgain(&context)
        }
        if peerGoesOn(context) {
            throw ProtocolError(
                .generic,
                "The peer says that it goes on alone already: if this side is to go on, stop the peer's QEMU first"
            )
        }
        if case .deciding(_, let suspicion) = pair {
            let question = Question(role: role, epoch: epoch, why: suspicion.description, isOrdered: true)
            if let decision = arbiter.asked(question, &context) { decided(decision, &context) }
        } else {
            decide(.ordered, &context)
        }
    }

    private mutating func resume(_ context: inout PluginContext) throws(ProtocolError) {
        switch pair {
        case .alone, .idle, .failed: break
        default: throw ProtocolError(.generic, "The state is \(pair.name): a partner is taken when it is alone")
        }
        guard own.mode == nil, !own.isIncoming, work == nil else {
            throw ProtocolError(.generic, "This QEMU has no guest of its own to go on with")
        }
        guard own.runState != "prelaunch" else {
            throw ProtocolError(
                .generic,
                "The guest has not been started: `cont` first, or `start` if the disks are the same"
            )
        }
        guard settings.mode == .continuous else {
            throw ProtocolError(.generic, "The periodic mode knows no resume: stop the guest, copy the disk, and start")
        }
        seeksPartner = true
        isPausing = false
        isResumeOrdered = true
        if pair != .alone { move(to: .alone, because: "an operator wants a partner for it", &context) }
        seek(&context)
    }

    private mutating func abort(_ context: inout PluginContext) throws(ProtocolError) {
        let reason = "an operator has given it up"
        switch pair {
        case .pairing(.primary), .resyncing:
            seeksPartner = false
            guard work != nil else { return move(to: .idle, because: reason, &context) }
            take(work?.run.abort(reason) ?? [], &context)
        case .alone:
            (seeksPartner, isResumeOrdered) = (false, false)
            context.mark("no partner is sought any more", epoch: epoch)
        case .deciding(let role, let suspicion) where !suspicion.isFinal:
            guard arbiter.withdraw(&context) else {
                throw ProtocolError(.generic, "The arbiter is at it already: \(arbiter.waitsFor ?? "")")
            }
            release(&context)
            move(to: .paired(role), because: reason, &context)
        case .deciding:
            throw ProtocolError(.generic, "COLO has ended: only a failover, here or there, leads on")
        case .failingOver:
            throw ProtocolError(.generic, "It is decided that this side goes on: that is not taken back")
        default: throw ProtocolError(.generic, "The state is \(pair.name): nothing is under way")
        }
    }

    private mutating func setCheckpointDelay(
        _ arguments: [JSONValue.Member],
        _ context: inout PluginContext
    ) throws(ProtocolError) {
        try Self.only(["milliseconds"], of: arguments)
        let bounds = COLOLimits.checkpointDelay
        guard let value = JSONValue.object(arguments)["milliseconds"]?.integer, bounds.contains(Int(value)) else {
            let wanted = "a number of milliseconds from \(bounds.lowerBound) to \(bounds.upperBound)"
            throw ProtocolError(.generic, "Parameter 'milliseconds' expects \(wanted)")
        }
        guard work == nil else { throw ProtocolError(.generic, "A runbook is under way: wait until it is over") }
        runbooks.set(checkpointDelay: Int(value))
        guard own.isReady else { return }
        begin(.checkpointDelay, &context)
    }

    /// What would be sent now.
    private func steps(_ arguments: [JSONValue.Member]) throws(ProtocolError) -> JSONValue {
        try Self.only(["command"], of: arguments)
        let wanted = JSONValue.object(arguments)["command"]?.string
        let procedure: Procedure? =
            switch wanted {
            case "start": own.isIncoming ? .secondaryStart : .start
            case "failover": .failover(pair.pairedRole ?? own.mode ?? .primary)
            case "resume": .resume
            case "checkpoint-delay": .checkpointDelay
            default: nil
            }
        guard let procedure else {
            throw ProtocolError(.generic, "Parameter 'command' expects start, failover, resume or checkpoint-delay")
        }
        guard let name = procedure.runbook(settings.mode, hasRewriter: own.objects.contains(runbooks.rewriter)) else {
            throw ProtocolError(.generic, "The periodic mode knows no \(wanted ?? "")")
        }
        let lines = runbooks[name].dryRun.map(JSONValue.string)
        return .members(["runbook": .string(name.rawValue), "lines": .array(lines)])
    }

    private static func only(_ names: Set<String>, of arguments: [JSONValue.Member]) throws(ProtocolError) {
        for argument in arguments where !names.contains(argument.key) {
            throw ProtocolError(.generic, "Parameter '\(argument.key)' is unexpected")
        }
    }
}
