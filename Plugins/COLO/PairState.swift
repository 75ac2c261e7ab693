internal import QMP

/// Where one side of a pair is.
///
/// `idle → pairing → paired → suspecting → deciding → failing-over → alone → resyncing → paired …`, and `lost` when the
/// other side has won, `failed` when a procedure could not be taken to its end.
enum PairState: Sendable, Equatable {
    /// QEMU is not in COLO, as far as is known.
    case idle
    /// A pair is about to be: on the primary its runbook runs or waits for the secondary, which is ready or being made
    /// so.
    case pairing(Role)
    /// COLO runs.
    case paired(Role)
    /// Something is wrong with the pair, yet it may come right by itself.
    case suspecting(Role, Suspicion)
    /// The pair is broken: who goes on is being decided.
    case deciding(Role, Suspicion)
    /// This side goes on: it was decided so.
    case failingOver(Role)
    /// The guest runs here, without a partner.
    case alone
    /// A new partner gets the disk.
    case resyncing
    /// The other side goes on: this QEMU is ended.
    case lost(why: String)
    /// A procedure has failed.
    case failed(why: String)

    /// One of COLO's two sides (qapi/migration.json, `COLOMode`).
    enum Role: String, Sendable {
        /// Where the guest's output leaves.
        case primary
        /// Where the guest runs along.
        case secondary
    }

    /// What it is called.
    var name: String {
        switch self {
        case .idle: "idle"
        case .pairing: "pairing"
        case .paired: "paired"
        case .suspecting: "suspecting"
        case .deciding: "deciding"
        case .failingOver: "failing-over"
        case .alone: "alone"
        case .resyncing: "resyncing"
        case .lost: "lost"
        case .failed: "failed"
        }
    }

    /// The side, as long as there are two.
    var role: Role? {
        switch self {
        case .pairing(let role), .paired(let role), .failingOver(let role): role
        case .suspecting(let role, _), .deciding(let role, _): role
        case .resyncing: .primary
        case .idle, .alone, .lost, .failed: nil
        }
    }

    /// The side, while COLO runs and nothing is decided.
    var pairedRole: Role? {
        switch self {
        case .paired(let role), .suspecting(let role, _), .deciding(let role, _): role
        case .idle, .pairing, .failingOver, .alone, .resyncing, .lost, .failed: nil
        }
    }

    /// Why it is so, where there is something to say.
    var why: String? {
        switch self {
        case .suspecting(_, let suspicion), .deciding(_, let suspicion): suspicion.description
        case .lost(let why), .failed(let why): why
        case .idle, .pairing, .paired, .failingOver, .alone, .resyncing: nil
        }
    }

    /// Whether something may go wrong at any moment.
    var isRestful: Bool {
        switch self {
        case .idle, .alone, .lost, .failed: true
        case .pairing, .paired, .suspecting, .deciding, .failingOver, .resyncing: false
        }
    }
}

/// Why a pair may be broken.
enum Suspicion: Sendable, Equatable, CustomStringConvertible {
    /// QEMU has left COLO; its event's reason is a race in QEMU and says nothing (migration/colo.c).
    case exited
    /// QEMU says that the migration has failed.
    case migrationFailed
    /// The secondary's disk does not follow any more, so that it must not take over.
    case replicationBroken(node: String)
    /// A person wants this side to go on.
    case ordered
    /// What was so before the proxy was started again.
    case remembered(String)
    /// The peer's proxy says that its QEMU does not answer.
    case peerSilent
    /// There is no checkpoint any more.
    case checkpointsMissing
    /// Own QEMU does not answer.
    case ownSilent
    /// The peer's proxy does not answer.
    case peerLost

    /// Whether it is over with the pair for good.
    var isFinal: Bool {
        switch self {
        case .exited, .migrationFailed, .replicationBroken, .remembered: true
        case .ordered, .peerSilent, .checkpointsMissing, .ownSilent, .peerLost: false
        }
    }

    /// Whether it is enough to have the survivor decided.
    ///
    /// The death of a proxy alone is not: with QEMU's checkpoints going on, the pair is well. Nor is own QEMU's
    /// silence, which the peer is told of and has decided.
    var isEnough: Bool { self != .ownSilent && self != .peerLost }

    var description: String {
        switch self {
        case .exited: "COLO_EXIT"
        case .migrationFailed: "the migration has failed"
        case .replicationBroken(let node): "writes to \(node) fail: the secondary's disk does not follow any more"
        case .ordered: "an operator wants this side to go on alone"
        case .remembered(let why): "before the proxy was started again: \(why)"
        case .peerSilent: "the peer's QEMU does not answer, says the peer's proxy"
        case .checkpointsMissing: "there is no checkpoint any more"
        case .ownSilent: "own QEMU does not answer"
        case .peerLost: "the peer's proxy does not answer"
        }
    }
}
