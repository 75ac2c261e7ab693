internal import PluginKit
internal import QMP

/// What is found when QEMU is looked at: at first, after a restart of the proxy, and again and again.
extension COLOPlugin {
    static let schemaTag: Tag = "schema"

    /// QEMU is there.
    mutating func monitorReady(_ greeting: Greeting, _ context: inout PluginContext) {
        own.opened()
        own.lastHeard = context.now
        if let warning = BrokenVersions.warning(for: greeting.version) {
            context.log(.warning, warning)
            context.mark(warning, epoch: epoch)
        }
        if memory == nil { memory = Memory(kept) }
        own.ask(&context)
        context.execute(Command("query-qmp-schema"), tag: Self.schemaTag)
    }

    /// QEMU has ended, or the connection to it.
    mutating func monitorGone(_ reason: String, _ context: inout PluginContext) {
        own.gone()
        work = nil
        isPrepared = false
        isPausing = false
        context.cancelTimer(Self.retry)
        // With no guest here the peer must not be switched off.
        arbiter.giveUp(&context)
        if memory == nil { memory = Memory(kept) }
        if case .lost = pair { return }
        isDecided = false
        guard pair != .idle else { return }
        // What is kept stays as it was: it may be the connection only.
        move(to: .idle, because: "QEMU is gone: \(reason)", isKept: false, &context)
    }

    /// All that is asked of QEMU is answered.
    mutating func looked(_ context: inout PluginContext) {
        if let memory {
            // The peer may have gone on since.
            if memory.isDecided || memory.isBroken, peer.isAwaited(context.now) { return }
            self.memory = nil
            remember(memory, &context)
            return takeEarlyCommands(&context)
        }
        guard work == nil, own.askedAt >= since else { return }
        switch (pair, own.mode) {
        case (.idle, let role?), (.pairing, let role?), (.alone, let role?), (.failed, let role?):
            found(role, &context)
        case (.paired, nil), (.suspecting, nil), (.deciding, nil):
            _ = arbiter.withdraw(&context)
            move(to: .alone, because: "COLO was ended by another hand", &context)
        case (.failed, nil) where isDecided && own.hasBeenInCOLO && interruptedAt == nil:
            isDecided = false
            move(to: .alone, because: "COLO was ended by another hand", &context)
        default: break
        }
        seek(&context)
    }

    /// COLO runs, and it was not this plugin that has begun it.
    private mutating func found(_ role: PairState.Role, _ context: inout PluginContext) {
        guard !isDecided else { return }
        if role == .primary { newEpoch(context) }
        paired(as: role, because: "COLO runs, this is the \(role.rawValue)", &context)
    }

    /// Goes on where a proxy, or a connection, before this one has ended.
    private mutating func remember(_ memory: Memory, _ context: inout PluginContext) {
        epoch = max(epoch, memory.epoch)
        let isSame = memory.identity != nil && memory.identity == own.identity
        isEpochShared = isSame && memory.isEpochShared
        guard isSame else { return lookAfresh(&context) }
        isDecided = memory.isDecided
        let interrupted = memory.intent.flatMap(RunbookIntent.init).flatMap(Procedure.init)
        switch (own.mode, interrupted) {
        case (let role?, _) where isDecided && !peerGoesOn(context):
            goOn(with: .failover(role), from: memory, &context)
        case (nil, .failover(let role)) where isDecided && own.hasBeenInCOLO:
            goOn(with: .failover(role), from: memory, &context)
        case (.some, _) where memory.state == "lost": lose(memory.why ?? "as it was before", &context)
        case (let role?, _) where memory.isBroken || isDecided:
            let why = isDecided ? "it was decided that this side goes on" : memory.why ?? ""
            paired(as: role, because: "COLO has begun before", &context)
            hasPeerGoneOn = memory.hasPeerGoneOn || peerGoesOn(context)
            suspect(.remembered(why), &context)
        case (let role?, _) where memory.wasPaired: paired(as: role, because: "COLO still runs", &context)
        // One that waits for a migration is another one, by whatever chance its thread has the same number.
        case (nil, let procedure?) where !isDecided && !own.isIncoming: goOn(with: procedure, from: memory, &context)
        default: lookAfresh(&context)
        }
    }

    private mutating func goOn(with procedure: Procedure, from memory: Memory, _ context: inout PluginContext) {
        let state: PairState =
            switch procedure {
            case .failover(let role): .failingOver(role)
            case .resume, .undo(.resume, _): .resyncing
            default: .pairing(.primary)
            }
        seeksPartner = true
        move(to: state, because: "it was under way before", &context)
        begin(procedure, from: memory.intent, &context)
    }

    /// Goes by what QEMU says alone.
    private mutating func lookAfresh(_ context: inout PluginContext) {
        isDecided = false
        if let role = own.mode { return found(role, &context) }
        let isAlone = own.hasBeenInCOLO && !own.isIncoming
        let next: PairState = isAlone ? .alone : .idle
        if isAlone { seeksPartner = settings.resume == .auto }
        guard pair != next else { return }
        move(to: next, because: isAlone ? "COLO has been here before" : "QEMU is not in COLO", &context)
        seek(&context)
    }

    /// Looks whether this QEMU would take what the runbooks say.
    mutating func checkRunbooks(_ outcome: Outcome, _ context: inout PluginContext) {
        guard case .answered(.success(let value)) = outcome, let schema = RunbookSchema(value) else { return }
        unfit = [:]
        for runbook in runbooks.all {
            do throws(Runbook.Invalid) {
                try schema.check(runbook)
            } catch {
                unfit[runbook.name] = error.description
                context.log(.error, "runbook \(runbook.name) is refused: \(error)")
            }
        }
        if !unfit.isEmpty {
            call("runbooks do not fit this QEMU: \(unfit.values.sorted().joined(separator: "; "))", &context)
        }
    }
}
