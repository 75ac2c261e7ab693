import Foundation
import QMP
import Testing

/// A proxy dies, whatever it is about, and the next one goes on with that.
@Suite(.repeated, .onWorkbench, .showingLogs, .longEnoughForPairs)
struct COLORestartTests {
    private let pair: COLOPair
    private let (a, b): (COLOHost, COLOHost)

    init() throws {
        pair = try COLOPair(["arbiter": "none", "checkpoint-delay": "500"])
        (a, b) = (pair.a, pair.b)
    }

    /// Kills a host's proxy when its QEMU has come to the barrier, and starts it again.
    private func restartProxy(of host: COLOHost, at barrier: COLOBarrier) throws {
        try barrier.waitUntilReached(by: host.qemu)
        try host.killProxy()
        try barrier.open()
        try host.startProxy()
    }

    @Test(arguments: ["{'execute': 'nbd-server-start'", "{'execute': 'nbd-server-add'"])
    func theSecondaryIsMadeReady(_ step: String) throws {
        let barrier = try COLOBarrier(in: "secondary-start", before: step)
        b.settings?["runbooks"] = barrier.runbooks
        try pair.bringUp {
            try pair.start(a)
            try restartProxy(of: b, at: barrier)
            for host in [a, b] { try host.waitForState("paired") }
        }
    }

    @Test(arguments: ["{'execute': 'x-blockdev-change'", "{'execute': 'migrate',"])
    func thePairIsBegun(_ step: String) throws {
        let barrier = try COLOBarrier(in: "primary-start", before: step)
        a.settings?["runbooks"] = barrier.runbooks
        try pair.bringUp {
            try pair.start(a)
            try restartProxy(of: a, at: barrier)
            for host in [a, b] { try host.waitForState("paired") }
        }
        let migrations = try COLORecording(of: a).count(of: "migrate")
        #expect(migrations == 1)
    }

    @Test(arguments: ["{'execute': 'x-blockdev-change'", "{'execute': 'x-colo-lost-heartbeat'"])
    func thePrimaryGoesOn(_ step: String) throws {
        let barrier = try COLOBarrier(in: "primary-failover", before: step)
        a.settings?["runbooks"] = barrier.runbooks
        let counter = try pair.bringUpByOperator()
        try b.qemu.kill()
        try restartProxy(of: a, at: barrier)
        try pair.expectAlone(a, from: counter, hasBarrier: true)
    }

    @Test(arguments: ["{'execute': 'x-colo-lost-heartbeat'", "{'execute': 'chardev-add'"])
    func theSecondaryGoesOn(_ step: String) throws {
        let barrier = try COLOBarrier(in: "secondary-failover", before: step)
        b.settings?["runbooks"] = barrier.runbooks
        let counter = try pair.bringUpByOperator()
        try a.qemu.kill()
        try restartProxy(of: b, at: barrier)
        try pair.expectAlone(b, from: counter, hasBarrier: true)
    }

    @Test(arguments: ["{'execute': 'block-job-cancel'", "{'execute': 'object-add'", "{'execute': 'migrate',"])
    func thePrimaryTakesANewSecondary(_ step: String) throws {
        let barrier = try COLOBarrier(in: "primary-resume", before: step)
        a.settings?["runbooks"] = barrier.runbooks
        let counter = try pair.bringUpByOperator()
        try b.qemu.kill()
        try pair.expectAlone(a, from: counter)
        try pair.startNewSecondary(on: b)
        try restartProxy(of: a, at: barrier)
        try pair.expectPairedAgain(a, with: b, from: counter)
    }

    @Test(arguments: ["{'execute': 'drive-mirror'", "{'execute': 'x-blockdev-change'"])
    func theSecondaryThatTookOverTakesANewSecondary(_ step: String) throws {
        let barrier = try COLOBarrier(in: "secondary-resume", before: step)
        b.settings?["runbooks"] = barrier.runbooks
        let counter = try pair.bringUpByOperator()
        try a.qemu.kill()
        try pair.expectAlone(b, from: counter)
        try pair.startNewSecondary(on: a)
        try restartProxy(of: b, at: barrier)
        try pair.expectPairedAgain(b, with: a, from: counter)
    }

    /// How long: several checkpoints and heartbeats, or as many seconds as `COLO_DEAD_PROXY` says.
    private static let seconds =
        ProcessInfo.processInfo.environment["COLO_DEAD_PROXY"].flatMap { Int($0) } ?? 6

    @Test(arguments: ["a", "b"])
    func thePairDoesNotMindThatAProxyIsDead(_ name: String) throws {
        try pair.bringUpByOperator()
        let (dead, other) = name == "a" ? (a, b) : (b, a)
        try dead.killProxy()
        let deadline = Deadline(in: .seconds(Self.seconds))
        while !deadline.isPast { try pair.waitForCheckpoint(on: a.qemu) }
        #expect(try COLORecording(of: other).states.last == "paired")
        #expect(try other.order("query-status")["peer"]?["state"]?.string == "lost")
        try dead.startProxy()
        for host in [a, b] { try host.waitForState("paired") }
        // Both are as good as before.
        let counter = try pair.waitForSecondary(b, toFollow: a)
        try dead.qemu.kill()
        try pair.expectAlone(other, from: counter)
    }
}
