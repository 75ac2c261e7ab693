import Foundation
import QMP
import Testing

/// A pair that the COLO plugins keep.
extension COLOPair {
    /// Brings it up by the runbooks, as an operator has it.
    ///
    /// - Returns: the guest's counter, below which it must never be from now on.
    @discardableResult
    func bringUpByOperator() throws -> Int {
        try bringUp {
            try start(a)
            for host in [a, b] { try host.waitForState("paired") }
        }
        return try waitForSecondary(b, toFollow: a)
    }

    /// Has a primary take its first secondary, as soon as its plugin knows its QEMU.
    func start(_ host: COLOHost) throws {
        var refusal = Failure("")
        let isBegun = Deadline().waits {
            do {
                try host.order("start")
                return true
            } catch {
                refusal = Failure("\(error)")
                return false
            }
        }
        guard isBegun else { throw refusal }
    }

    /// Starts a QEMU where one has ended, for the other host's to take.
    func startNewSecondary(on host: COLOHost) throws {
        let inventory = try b.qemu.inventoryAtStart
        try host.start(.secondary, isEmpty: true).inventoryAtStart = inventory
    }

    /// Kills a QEMU while the other one is in the midst of a checkpoint, which it then cannot end.
    func killDuringCheckpoint(_ victim: COLOHost, survivor: COLOHost) throws {
        let (dying, other) = (try victim.qemu, try survivor.qemu)
        for _ in 0..<20 {
            try other.monitor.waitForEvent("STOP")
            dying.freeze()
            // If it was too late for this checkpoint the guest runs; else it does not, and QEMU may not even answer.
            let limit = Duration.milliseconds(300)
            let runs = Deadline(in: limit).waits {
                (try? other.monitor.ask("query-status", within: limit)["status"]?.string) == "running"
            }
            guard runs else { return try dying.kill() }
            dying.thaw()
        }
        throw Failure("\(other.name) was never in the midst of a checkpoint")
    }

    /// Expects that a host's plugin has had it go on alone, with its guest where it was, and all of the pair put away.
    ///
    /// With a barrier in its runbook, which a proxy that was started again has met in the midst, the commands are not
    /// compared.
    func expectAlone(
        _ host: COLOHost,
        from counter: Int,
        hasBarrier: Bool = false,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let qemu = try host.qemu
        try host.waitForState("alone")
        try qemu.waitForLetters()
        let reached = try qemu.counter
        #expect(reached >= counter, "the guest goes on", sourceLocation: location)
        let (mode, reason) = (try qemu.colo("mode"), try qemu.colo("reason"))
        #expect([mode, reason] == ["none", "request"], sourceLocation: location)
        let remains = try qemu.remains(hasBarrier ? ["chardev barrier"] : [])
        #expect(remains == [], sourceLocation: location)
        let states = try COLORecording(of: host).states
        #expect(states.suffix(2) == ["failing-over", "alone"], sourceLocation: location)
        if !hasBarrier { try expectFailover(host, location) }
    }

    /// Expects that the recording has the commands of a failover, in order.
    private func expectFailover(_ host: COLOHost, _ location: SourceLocation) throws {
        let wasPrimary = try host.qemu.colo("last-mode") == "primary"
        let recording = try COLORecording(of: host)
        let wanted = wasPrimary ? COLOProcedure.primaryFailover : COLOProcedure.secondaryFailover
        #expect(recording.commands(in: "failing-over") == wanted, sourceLocation: location)
        let wantedStates = ["paired", "deciding", "failing-over", "alone"]
        #expect(recording.states.suffix(4) == wantedStates, sourceLocation: location)
    }

    /// Expects that a survivor takes a new secondary, which is started here, with nobody telling it to.
    ///
    /// - Returns: the guest's counter, below which it must never be from now on.
    @discardableResult
    func expectResume(
        _ survivor: COLOHost,
        with host: COLOHost,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Int {
        let before = try survivor.qemu.counter
        try startNewSecondary(on: host)
        let counter = try expectPairedAgain(survivor, with: host, from: before, location)
        let recording = try COLORecording(of: survivor)
        #expect(recording.commands(in: "resyncing") == COLOProcedure.resume, sourceLocation: location)
        #expect(recording.states.suffix(3) == ["alone", "resyncing", "paired"], sourceLocation: location)
        return counter
    }

    /// Expects that a survivor and a new secondary are a pair, with the guest where it was.
    @discardableResult
    func expectPairedAgain(
        _ survivor: COLOHost,
        with host: COLOHost,
        from before: Int,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Int {
        for host in [survivor, host] { try host.waitForState("paired") }
        try waitUntilPaired(primary: survivor, secondary: host)
        let counter = try waitForSecondary(host, toFollow: survivor)
        #expect(counter >= before, "the guest goes on", sourceLocation: location)
        return counter
    }
}
