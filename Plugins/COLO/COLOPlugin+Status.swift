internal import PluginKit
internal import QMP

/// How things stand, as `__org.qmp-proxy_colo-query-status` tells operators and the peer.
extension COLOPlugin {
    func status(_ now: Duration) -> JSONValue {
        .members([
            "role": .string(pair.role?.rawValue ?? "none"),
            "state": .string(pair.name),
            "since-seconds": .double(seconds(from: since, to: now)),
            "epoch": .integer(Int64(epoch)),
            "why": pair.why.map(JSONValue.string),
            "qemu": .members([
                "connected": .bool(own.isReady),
                "silent-seconds": own.isMet ? .double(seconds(from: .zero, to: ownSilence(now))) : nil,
                "blocked": isBlocked(now) ? .bool(true) : nil,
            ]),
            "last-checkpoint-seconds": own.lastCheckpoint.map { .double(seconds(from: $0, to: now)) },
            "checkpoint-delay": .integer(Int64(own.checkpointDelay ?? runbooks.checkpointDelay)),
            "peer": peerStatus(now),
            "progress": work?.progress.map(\.status),
            "decided": isDecided ? .bool(true) : nil,
            "seeks": .bool(isSeeking),
            "ready": .bool(isReady),
            "next": .string(next(now)),
        ])
    }

    /// Whether QEMU waits for a primary with all that this one needs.
    private var isReady: Bool { pair == .pairing(.secondary) && isPrepared && own.isIncoming }

    private func seconds(from start: Duration, to now: Duration) -> Double {
        let milliseconds = (now - start) / .milliseconds(1)
        return milliseconds.rounded() / 1_000
    }

    private func peerStatus(_ now: Duration) -> JSONValue {
        let told = peer.told.map { told in
            JSONValue.members([
                "role": .string(told.role), "state": .string(told.state), "epoch": .integer(Int64(told.epoch)),
                "silent-seconds": .double(seconds(from: .zero, to: told.silence)),
            ])
        }
        return .members([
            "address": peer.address.map(JSONValue.string),
            "state": .string(peerState(now)),
            "heard-seconds": peer.lastHeard.map { .double(seconds(from: $0, to: now)) },
            "trouble": peer.trouble.map(JSONValue.string),
            "colo": told,
        ])
    }

    private func peerState(_ now: Duration) -> String {
        if peer.address == nil { return "unset" }
        if peer.isLost(now) { return "lost" }
        return peer.lastHeard == nil ? "unknown" : "alive"
    }

    /// What happens next, or what a person has to do.
    private func next(_ now: Duration) -> String {
        if isSilent(now), own.isReady, peer.tells(now).map({ $0.silence >= settings.silenceMax }) ?? false {
            return "own QEMU waits for the peer's, which does not answer: end the peer's QEMU if it stays so"
        }
        if let work { return "the runbook \(work.run.runbook.name) is under way" }
        switch pair {
        case .idle where !own.isReady: return "waits for QEMU"
        case .idle where own.isIncoming:
            return "waits for a primary that wants a secondary: `qmp-proxy colo start` there"
        case .idle: return "`qmp-proxy colo start` begins a pair whose disks are the same, `resume` one with a resync"
        case .pairing(.primary): return partnerWanted(now)
        case .pairing(.secondary): return "waits for the primary's migration"
        case .paired: return "nothing: the pair is well"
        case .suspecting where hasPeerGoneOn: return Self.heldBack
        case .suspecting: return "waits until it is sure that the pair is broken, or well again"
        case .deciding: return arbiter.waitsFor ?? "waits for the arbiter"
        case .failingOver: return "the failover is under way"
        case .alone where isPausing: return "waits a little before a partner is taken again"
        case .alone where isSeeking: return partnerWanted(now)
        case .alone: return "`qmp-proxy colo resume` takes a new partner"
        case .resyncing: return "the new partner gets the disk"
        case .lost: return "start a new QEMU here, as a secondary with -incoming"
        case .failed where isDecided: return "the failover is tried again soon: look at the log for what is wrong"
        case .failed: return "mend what is wrong; then `qmp-proxy colo start` or `resume`"
        }
    }

    private func partnerWanted(_ now: Duration) -> String {
        if peer.isLost(now) { return "waits for a new secondary: the peer's proxy does not answer" }
        return "waits for a new secondary: start a QEMU with -incoming behind the peer's proxy"
    }
}

extension RunbookProgress {
    fileprivate var status: JSONValue {
        .members([
            "step": .integer(Int64(step)), "steps": .integer(Int64(steps)), "title": .string(title),
            "percent": work.map { work in
                .double(work.length == 0 ? 100 : (Double(work.offset) / Double(work.length) * 1_000).rounded() / 10)
            },
        ])
    }
}
