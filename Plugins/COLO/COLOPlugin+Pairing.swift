internal import PluginKit
internal import QMP

/// How two sides become a pair.
extension COLOPlugin {
    /// Whether this side tells that it wants a secondary.
    var isSeeking: Bool {
        guard seeksPartner, own.isReady, own.mode == nil, !isPausing else { return false }
        switch pair {
        case .pairing(.primary), .resyncing: return true
        case .alone: return settings.mode == .continuous && (peerTells || isResumeOrdered)
        case .idle: return settings.start == .auto && own.isKnown && !own.isIncoming && settings.side != .secondary
        default: return false
        }
    }

    /// Begins what a partner makes possible.
    mutating func seek(_ context: inout PluginContext) {
        guard work == nil, own.isReady, own.isKnown, memory == nil, !isPausing else { return }
        let wantsMe = peer.tells(context.now)?.seeks == true
        switch pair {
        case .idle where own.isIncoming, .failed where own.isIncoming:
            guard wantsMe, own.mode == nil, settings.side != .primary else { return }
            prepare(because: "the peer wants a secondary", &context)
        case .idle where isSeeking:
            move(to: .pairing(.primary), because: "a secondary is wanted", &context)
            seek(&context)
        case .pairing(.primary) where isPartnerReady(context): begin(.start, &context)
        case .alone where isSeeking && isPartnerReady(context): begin(.resume, &context)
        default: break
        }
    }

    /// Makes QEMU ready to be the secondary.
    mutating func prepare(because reason: String, _ context: inout PluginContext) {
        move(to: .pairing(.secondary), because: reason, &context)
        begin(.secondaryStart, &context)
    }

    /// Whether there is somebody to pair with; without a plugin there nobody can tell but who has asked for it.
    private func isPartnerReady(_ context: PluginContext) -> Bool {
        guard peerTells else { return true }
        // A QEMU that says nothing may not be what its proxy still holds it for.
        return peer.tells(context.now).map { $0.isReady && $0.silence < settings.silenceMax } ?? false
    }

    /// Whether there is a plugin on the other side that can tell, as far as is known.
    private var peerTells: Bool { peer.address != nil && !peer.isForeign }

    /// COLO runs.
    mutating func paired(as role: PairState.Role, because reason: String, _ context: inout PluginContext) {
        isDecided = false
        hasPeerGoneOn = false
        own.lastCheckpoint = nil
        own.askAll()
        pairedSince = context.now
        isPrepared = false
        seeksPartner = settings.resume == .auto
        pause = COLOLimits.pauseMin
        move(to: .paired(role), because: reason, &context)
        // It came before it was known that there is a pair.
        if own.hasExited { suspect(.exited, &context) }
    }

    /// Counts on, since there is a new pairing.
    mutating func newEpoch(_ context: PluginContext) {
        epoch = max(epoch, peer.tells(context.now)?.epoch ?? 0) + 1
        isEpochShared = false
    }
}
