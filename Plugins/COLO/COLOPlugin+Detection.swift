internal import PluginKit
internal import QMP

/// Whether the pair is well.
extension COLOPlugin {
    /// Looks at an event of own QEMU's.
    mutating func heard(_ event: MonitorEvent, _ context: inout PluginContext) {
        switch event.name {
        case "COLO_EXIT":
            own.hasExited = true
            suspect(.exited, &context)
        case "MIGRATION" where event.data["status"] == .string("failed"): suspect(.migrationFailed, &context)
        case "QUORUM_REPORT_BAD" where event.data["node-name"] == .string(runbooks.replication):
            suspect(.replicationBroken(node: runbooks.replication), &context)
        case "RESUME" where pair.pairedRole != nil:
            own.lastCheckpoint = context.now
            if isHolding { hold(&context) }
            assess(&context)
        // A pair may have begun.
        case "RESUME", "MIGRATION": own.ask(&context)
        default: break
        }
    }

    /// Takes up what may be wrong, of a pair that was whole until now.
    mutating func suspect(_ suspicion: Suspicion, _ context: inout PluginContext) {
        guard let role = pair.pairedRole else { return }
        switch pair {
        case .deciding(_, let former):
            // The arbiter is asked already; now there is no way back, which a proxy that is started again has to know.
            guard suspicion.isFinal, !former.isFinal else { return }
            move(to: .deciding(role, suspicion), because: suspicion.description, &context)
        case .suspecting(_, let former) where former.isFinal: break
        default:
            guard suspicion.isEnough, !isHeldBack(context) else {
                guard pair != .suspecting(role, suspicion) else { return }
                return wait(role, suspicion, &context)
            }
            decide(suspicion, &context)
        }
    }

    /// Waits, since it may come right, or since the peer has gone on: then a person has to look.
    mutating func wait(_ role: PairState.Role, _ suspicion: Suspicion, _ context: inout PluginContext) {
        move(to: .suspecting(role, suspicion), because: suspicion.description, &context)
        hold(&context)
        guard suspicion.isEnough, hasPeerGoneOn else { return }
        call("the pair is broken (\(suspicion)): \(Self.heldBack)", &context)
    }

    /// Looks whether the pair is well, with the time that has passed.
    mutating func assess(_ context: inout PluginContext) {
        forgive(context.now)
        guard let role = pair.pairedRole else { return watchPartner(&context) }
        // What is late by a shorter delay was not late by the longer one of before.
        if delayReckoned != checkpointDelay { (delayReckoned, pairedSince) = (checkpointDelay, context.now) }
        let evidence = evidence(context.now)
        switch pair {
        case .suspecting(_, let suspicion) where suspicion.isFinal:
            let hadGoneOn = hasPeerGoneOn
            guard isHeldBack(context) else { return decide(suspicion, &context) }
            if hasPeerGoneOn, !hadGoneOn { wait(role, suspicion, &context) }
        case .paired, .suspecting:
            if let evidence { return suspect(evidence, &context) }
            guard case .suspecting = pair else { return }
            release(&context)
            move(to: .paired(role), because: "the pair is well again", &context)
        case .deciding(_, let suspicion):
            guard !suspicion.isFinal, suspicion != .ordered, evidence == nil, arbiter.withdraw(&context) else { return }
            release(&context)
            move(to: .paired(role), because: "the pair is well again", &context)
        default: break
        }
    }

    /// The latest time at which the next look is on time.
    private var nextTick: Duration { tickedAt + max(settings.interval, COLOLimits.restfulInterval) }

    /// Passes over the time in which this proxy, or its host, was itself stopped: nobody could be heard then, and what
    /// has come meanwhile is still to be read.
    private mutating func forgive(_ now: Duration) {
        let lost = now - nextTick
        guard lost > .zero else { return }
        tickedAt = now
        own.forgive(lost, now)
        peer.forgive(lost, now)
        pairedSince = min(now, pairedSince + lost)
    }

    /// How long own QEMU has said nothing, for all that this proxy could hear.
    func ownSilence(_ now: Duration) -> Duration { max(.zero, min(now, nextTick) - own.lastHeard) }

    /// Gives a partner up that is lost before the pair is made.
    private mutating func watchPartner(_ context: inout PluginContext) {
        guard let work, work.procedure == .start || work.procedure == .resume else { return }
        let patience = max(settings.silenceMax, COLOLimits.partnerSilence)
        if let told = peer.tells(context.now), told.silence >= patience {
            take(self.work?.run.abort("the secondary's QEMU does not answer") ?? [], &context)
        } else if peer.isLost(context.now), work.isStandingStill(context.now) {
            let time = Quantity.text(duration: COLOLimits.standstill)
            take(self.work?.run.abort("nothing has moved for \(time), and the peer does not answer") ?? [], &context)
        }
    }

    /// What speaks against the pair; `nil` if nothing does.
    private func evidence(_ now: Duration) -> Suspicion? {
        if isSilent(now) {
            if isHeldUp(now) { return .peerSilent }
            return checkpointsAreMissing(now) && peer.isLost(now) ? .checkpointsMissing : .ownSilent
        }
        // On its way to here a word may get old: a checkpoint since the question shows that the peer's QEMU is well.
        let lastSign = max(own.lastCheckpoint ?? .zero, pairedSince)
        if let told = peer.tells(now), told.silence >= settings.silenceMax, lastSign <= peer.toldSince {
            return .peerSilent
        }
        if checkpointsAreMissing(now) { return .checkpointsMissing }
        // A checkpoint after its last word shows that the peer's QEMU is well.
        if peer.isLost(now), (own.lastCheckpoint ?? .zero) <= (peer.lastHeard ?? .zero) { return .peerLost }
        return nil
    }

    /// Whether own QEMU says nothing although it is asked.
    func isSilent(_ now: Duration) -> Bool { now - own.lastHeard >= settings.silenceMax }

    /// Whether own QEMU is silent only since it waits for the peer's, which is frozen: it answers out of band, and the
    /// peer's does not, although its proxy has had the time to find out.
    private func isHeldUp(_ now: Duration) -> Bool {
        guard isBlocked(now), let told = peer.tells(now), !told.isBlocked else { return false }
        return told.silence >= settings.silenceMax + settings.interval * COLOLimits.ticksToProbe
    }

    /// Whether own QEMU says nothing in band, yet answers out of band.
    func isBlocked(_ now: Duration) -> Bool {
        isSilent(now) && own.lastOutOfBand.map { now - $0 < settings.silenceMax } ?? false
    }

    /// Whether there should have been a checkpoint by now: each is at most as far from the last as is set, and may take
    /// some time itself.
    private func checkpointsAreMissing(_ now: Duration) -> Bool {
        now - max(own.lastCheckpoint ?? .zero, pairedSince) >= checkpointDelay * 2 + settings.silenceMax
    }

    /// The longest time between two checkpoints; a secondary's own parameter does not count (migration/colo.c).
    private var checkpointDelay: Duration {
        let own = own.checkpointDelay ?? runbooks.checkpointDelay
        guard pair.pairedRole == .secondary else { return .milliseconds(own) }
        return .milliseconds(max(peer.told?.checkpointDelay ?? 0, runbooks.checkpointDelay))
    }

    /// Whether the peer says that it goes on without this side.
    func peerGoesOn(_ context: PluginContext) -> Bool {
        peer.tells(context.now)?.goesOnAlone ?? false
    }

    /// What a person has to do when ``isHeldBack(_:)`` holds for good.
    static let heldBack = """
        the peer says that it goes on alone, or did when it was last heard of: if so, end this QEMU; else end the \
        peer's, then `qmp-proxy colo failover` here
        """

    /// Whether the peer goes on alone, or has done so since this pair was made: its guest has changed since, and only
    /// a person may have this one go on.
    ///
    /// A resync may be the one that has led to this pair.
    private mutating func isHeldBack(_ context: PluginContext) -> Bool {
        let isNews = (peer.lastHeard ?? .zero) > pairedSince
        if isNews, let told = peer.tells(context.now), told.goesOnAlone, !told.isResyncing { hasPeerGoneOn = true }
        return hasPeerGoneOn || peerGoesOn(context)
    }

    // MARK: - The guest while nothing is decided

    /// Whether the guest is to be stopped while it is not decided who goes on.
    private var isHolding: Bool {
        guard settings.onSuspicion == .stop else { return false }
        switch pair {
        case .suspecting(.primary, _), .deciding(.primary, _): return true
        default: return false
        }
    }

    /// Stops the guest of a primary, if that is set; a checkpoint that is just over starts it again, and so may this be
    /// done again.
    mutating func hold(_ context: inout PluginContext) {
        if isHolding { context.execute(Command("stop"), tag: "hold") }
    }

    /// Has the guest run again.
    mutating func release(_ context: inout PluginContext) {
        if isHolding { context.execute(Command("cont"), tag: "hold") }
    }
}
