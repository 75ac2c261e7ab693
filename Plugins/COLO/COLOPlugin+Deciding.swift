internal import PluginKit
internal import QMP

/// Who goes on.
extension COLOPlugin {
    /// Has the survivor decided.
    mutating func decide(_ suspicion: Suspicion, _ context: inout PluginContext) {
        guard let role = pair.pairedRole else { return }
        if work != nil { stopWork("the pair is broken", &context) }
        // An arbiter that answers at once has what it answers kept: one wait for the disk instead of two.
        move(to: .deciding(role, suspicion), because: suspicion.description, isKept: false, &context)
        hold(&context)
        let question = Question(
            role: role,
            epoch: epoch,
            why: suspicion.description,
            isOrdered: suspicion == .ordered
        )
        guard let decision = arbiter.asked(question, &context) else {
            keep(&context)
            if let waitsFor = arbiter.waitsFor, settings.decider == .operator {
                call("the pair is broken (\(suspicion)): \(waitsFor)", &context)
            }
            return
        }
        decided(decision, &context)
    }

    /// Does what the arbiter says, once.
    mutating func decided(_ decision: Decision, _ context: inout PluginContext) {
        guard case .deciding(let role, _) = pair else { return }
        switch decision {
        case .goOn:
            epoch += 1
            isDecided = true
            // The runbook keeps it with its first step's intent, at once.
            let reason = "it is decided that this side goes on"
            move(to: .failingOver(role), because: reason, isKept: false, &context)
            begin(.failover(role), &context)
        case .standDown(let why): lose(why, &context)
        }
    }

    /// The other side goes on: this one ends its QEMU.
    mutating func lose(_ why: String, _ context: inout PluginContext) {
        stopWork("the other side goes on", &context)
        arbiter.giveUp(&context)
        isDecided = false
        move(to: .lost(why: why), because: why, &context)
        call("this side has lost, its QEMU is ended: \(why)", &context)
        begin(.standDown, &context)
    }

    // MARK: - The peer

    /// The peer has told how it is.
    mutating func heardOfPeer(_ context: inout PluginContext) {
        guard let told = peer.told else { return }
        shareEpoch(told, &context)
        // What was asked before the pair was made may be of the time before.
        let isNews = peer.toldSince > pairedSince
        // Alone in the same epoch it has no part in this pair either: a resume that it has taken back, or another hand.
        let isOut = told.epoch == epoch && told.state == "alone" && isNews
        // One that has failed to go on may be the worse of the two: that is left to a person.
        let hasGoneOn = told.goesOnAlone && told.state != "failed" && told.epoch > epoch
        if let role = pair.pairedRole, isEpochShared, hasGoneOn || (isOut && role == .secondary) {
            return lose("the peer goes on alone since epoch \(told.epoch)", &context)
        }
        if case .deciding(let role, let suspicion) = pair, isNews, told.goesOnAlone, !told.isResyncing {
            arbiter.giveUp(&context)
            hasPeerGoneOn = true
            wait(role, suspicion, &context)
        }
        let isSplit = told.goesOnAlone && (isDecided || pair == .alone) && told.silence < settings.silenceMax
        if isSplit, !hasSaidSplit {
            call("both sides go on alone: stop one of the two QEMUs, and look which one clients have used", &context)
        }
        hasSaidSplit = isSplit
        assess(&context)
        seek(&context)
    }

    /// Has both sides count from the same number.
    private mutating func shareEpoch(_ told: Peer.Told, _ context: inout PluginContext) {
        switch pair {
        case .pairing(.secondary), .paired(.secondary):
            guard told.isInPair, told.state != "resyncing" || isPrepared || pair == .paired(.secondary) else { return }
        case .paired(.primary):
            guard told.isInPair, told.role == "secondary" else { return }
        default: return
        }
        epoch = max(epoch, told.epoch)
        isEpochShared = told.epoch == epoch
        keep(&context)
    }
}
