import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording

/// What is between two QEMUs: the migration, then checkpoint after checkpoint, until one of them leaves.
///
/// Who notices what, and when, is as seen on real pairs (QEMU 7.2): a secondary that a socket breaks, at once; a
/// primary, at its next checkpoint; nobody, that the other is frozen or cut off.
final class PairSession {
    let number: Int
    let primary: PairQEMU
    let secondary: PairQEMU
    private unowned let world: PairWorld
    private let begun: Instant
    private let migrates: Double
    private(set) var isCOLO = false
    /// Whether their COLO threads are in their loops.
    private var primaryLoops = true
    private var secondaryLoops = true
    /// Whether the other has heard of a death.
    private var primaryDeathIsHeard = false
    private var nextCheckpoint: Instant
    private var checkpointEnd: Instant?
    private var released: Set<Int> = []
    /// The host that the arbiter has named.
    var named: Int?
    /// Whether something has happened to the pair itself, or an operator has asked for a failover.
    var isTroubled = false

    init(_ world: PairWorld, primary: PairQEMU, secondary: PairQEMU) {
        world.sessions += 1
        number = world.sessions
        self.world = world
        self.primary = primary
        self.secondary = secondary
        begun = world.now
        nextCheckpoint = world.now
        migrates = Double(world.generator.int(100...3000)) / 1000
        isTroubled = !world.isLinked || primary.isFrozen || secondary.isFrozen
    }

    private var isStuck: Bool { primary.isStuck(with: secondary) || secondary.isStuck(with: primary) }

    func tick() {
        guard isCOLO else { return tickMigration() }
        let primaryIsGone = world.isLinked && (primary.isDead ? primaryDeathIsHeard : !primaryLoops)
        if secondaryLoops, secondary.isUp, primaryIsGone { exit(secondary) }
        let secondaryIsGone = world.isLinked && (secondary.isDead || !secondaryLoops)
        guard primaryLoops, primary.isUp else { return }
        if let end = checkpointEnd {
            if secondaryIsGone {
                exit(primary)
            } else if !isStuck, world.now >= end {
                checkpointEnd = nil
                for qemu in [secondary, primary] { resume(qemu) }
            }
        } else if world.now >= nextCheckpoint {
            if secondaryIsGone { return exit(primary) }
            if !isStuck { checkpoint() }
        }
    }

    private func tickMigration() {
        guard !isOver else { return }
        if primary.isDead || secondary.isDead, world.isLinked {
            if !secondary.isDead, secondary.isUp {
                secondary.setMigration("failed")
                return secondary.die("exits, since its incoming migration has failed")
            }
            if primary.isUp { return primary.migrationFailed("Unable to write to socket: Broken pipe") }
        }
        guard !isStuck, primary.isUp, secondary.isUp, world.seconds(since: begun) > migrates else { return }
        isCOLO = true
        world.happened("the pair is in COLO")
        world.check(self)
        nextCheckpoint = world.now + .milliseconds(primary.model.facts.checkpointDelay)
        for (qemu, mode) in [(primary, "primary"), (secondary, "secondary")] {
            qemu.model.facts.mode = mode
            qemu.setMigration("colo")
            resume(qemu)
        }
    }

    /// Whether it has ended before it came to COLO.
    private var isOver: Bool {
        !isCOLO && (primary.isDead || !["setup", "active"].contains(primary.model.facts.migration)) && secondary.isDead
    }

    /// Whether it is on its way to COLO.
    var isMigrating: Bool { !isCOLO && !isOver }

    // MARK: - Checkpoints

    private func checkpoint() {
        checkpointEnd = world.now + .milliseconds(world.generator.int(20...100))
        nextCheckpoint = world.now + .milliseconds(primary.model.facts.checkpointDelay)
        for qemu in [secondary, primary] {
            if qemu.model.facts.runState == "running" { qemu.tell(MonitorEvent("STOP")) }
            qemu.model.facts.runState = "colo"
        }
    }

    private func resume(_ qemu: PairQEMU) {
        guard !qemu.isDead else { return }
        qemu.model.facts.runState = "running"
        qemu.after(milliseconds: 0...5) { qemu.tell(MonitorEvent("RESUME")) }
    }

    /// Whether a checkpoint is under way.
    var isInCheckpoint: Bool { checkpointEnd != nil }

    // MARK: - The end

    /// A COLO thread leaves its loop: the guest goes on as it was, and the thread waits for the failover.
    private func exit(_ qemu: PairQEMU, reason: String = "error") {
        if qemu.model.facts.runState == "colo" { world.saw(.checkpointInterrupted) }
        if qemu === primary { primaryLoops = false } else { secondaryLoops = false }
        qemu.tell(MonitorEvent("COLO_EXIT", "{'mode': '\(qemu.model.facts.mode)', 'reason': '\(reason)'}"))
    }

    func died(_ qemu: PairQEMU) {
        isTroubled = true
        if qemu === primary, world.isLinked { primaryDeathIsHeard = true }
    }

    /// The migration's sockets are shut down on that side.
    func yanked(_ qemu: PairQEMU) {
        guard isCOLO else {
            if qemu === primary { primary.migrationFailed("Unable to write to socket: Broken pipe") }
            return secondary.die("exits, since its incoming migration has failed")
        }
        if qemu === primary ? primaryLoops : secondaryLoops { exit(qemu) }
    }

    /// The migration is cancelled before it comes to COLO.
    func abandoned(_ qemu: PairQEMU) {
        if isMigrating, qemu === primary { secondary.die("exits, since its incoming migration has ended") }
    }

    /// Executes `x-colo-lost-heartbeat` for one of the two.
    func lostHeartbeat(_ qemu: PairQEMU) -> PairQEMU.Effect {
        let isRunning = qemu.model.facts.runState == "running"
        if qemu === secondary || !qemu.model.facts.objects.contains("comp0") { released(qemu) }
        qemu.lastMode = qemu.model.facts.mode
        if qemu === primary ? primaryLoops : secondaryLoops {
            exit(qemu, reason: world.generator.pick(["error", "request"]))
        }
        if qemu === primary { checkpointEnd = nil }
        qemu.model.facts.mode = "none"
        qemu.setMigration("completed")
        resume(qemu)
        return PairQEMU.Effect(before: isRunning ? [MonitorEvent("STOP")] : [])
    }

    /// One of the two gives out what the guest sends, without the other.
    func released(_ qemu: PairQEMU) {
        guard isCOLO, qemu.isInCOLO, released.insert(qemu.host.index).inserted else { return }
        world.checkRelease(of: qemu, in: self)
    }
}
