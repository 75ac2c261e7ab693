import Foundation
import Testing

/// One side of a pair dies, freezes or is cut off: the other one goes on.
@Suite(.repeated, .onWorkbench, .showingLogs, .longEnoughForPairs)
struct COLOFailoverTests {
    private let pair: COLOPair
    private let (a, b): (COLOHost, COLOHost)

    init() throws {
        pair = try COLOPair(["arbiter": "none", "checkpoint-delay": "500"])
        (a, b) = (pair.a, pair.b)
    }

    @Test func thePrimaryGoesOnWhenTheSecondaryIsKilled() throws {
        let counter = try pair.bringUpByOperator()
        try b.qemu.kill()
        try pair.expectAlone(a, from: counter)
    }

    @Test func theSecondaryGoesOnWhenThePrimaryIsKilled() throws {
        let counter = try pair.bringUpByOperator()
        try a.qemu.kill()
        try pair.expectAlone(b, from: counter)
    }

    @Test func thePrimaryGoesOnFromTheMidstOfACheckpoint() throws {
        let counter = try pair.bringUpByOperator()
        try pair.killDuringCheckpoint(b, survivor: a)
        try pair.expectAlone(a, from: counter)
    }

    @Test func theSecondaryGoesOnFromTheMidstOfACheckpoint() throws {
        let counter = try pair.bringUpByOperator()
        try pair.killDuringCheckpoint(a, survivor: b)
        try pair.expectAlone(b, from: counter)
    }

    @Test func thePrimaryGoesOnWithoutAFrozenSecondaryWhichIsEnded() throws {
        let counter = try pair.bringUpByOperator()
        try b.qemu.freeze()
        try pair.expectAlone(a, from: counter)
        try expectLost(b)
    }

    @Test func theSecondaryGoesOnWithoutAFrozenPrimaryWhichIsEnded() throws {
        let counter = try pair.bringUpByOperator()
        try a.qemu.freeze()
        try pair.expectAlone(b, from: counter)
        try expectLost(a)
    }

    /// Its plugin knows that its QEMU is silent, does not go on by itself, and ends it as soon as it can be told.
    private func expectLost(_ host: COLOHost) throws {
        try host.waitForState("lost")
        try host.qemu.thaw()
        #expect(try host.qemu.process.waitForEnd() == .exited(0))
        let after = try COLORecording(of: host)
        #expect(after.states.suffix(2) == ["paired", "lost"])
        // There may be nothing left to yank.
        #expect(after.commands(in: "lost").filter { $0 != "yank" } == ["stop", "quit"])
    }

    @Test func theFenceIsWaitedFor() throws {
        let (asked, answer) = (Workbench.current.path("asked"), Workbench.current.path("answer"))
        let fence = "echo asked >\(asked); until [ -e \(answer) ]; do read -t 0.05 <> \(answer).none; done"
        for host in [a, b] {
            host.settings?["arbiter"] = "command"
            host.settings?["fence"] = fence
        }
        let counter = try pair.bringUpByOperator()
        try b.qemu.kill()
        try a.waitForState("deciding")
        guard Deadline().waits(until: { FileManager.default.fileExists(atPath: asked) }) else {
            throw Failure("the fence program is not started")
        }
        let before = try COLORecording(of: a)
        #expect(before.commands(in: "deciding") == [])
        try "".write(toFile: answer, atomically: true, encoding: .utf8)
        try pair.expectAlone(a, from: counter)
    }
}

/// The link between two hosts is cut: a person says who goes on.
@Suite(
    .repeated,
    .onWorkbench,
    .showingLogs,
    .longEnoughForPairs,
    .enabled(if: COLONetwork.namespacesAreAllowed, "a cable to cut needs root, nsenter and ip (iproute2)")
)
struct COLOLinkTests {
    private let pair: COLOPair
    private let (a, b): (COLOHost, COLOHost)

    init() throws {
        pair = try COLOPair(["arbiter": "operator", "checkpoint-delay": "500"])
        (a, b) = (pair.a, pair.b)
    }

    @Test func theOneThatIsToldToGoesOnAndTheOtherIsEndedWhenTheLinkIsMended() throws {
        let counter = try pair.bringUpByOperator()
        try pair.network.cut()
        for host in [a, b] { try host.waitForState("deciding") }
        try a.order("failover")
        try pair.expectAlone(a, from: counter)
        try pair.network.mend()
        #expect(try b.qemu.process.waitForEnd() == .exited(0))
        let recording = try COLORecording(of: b)
        #expect(recording.states.suffix(3) == ["paired", "deciding", "lost"])
    }

    @Test func theSecondaryMayBeTheOneThatGoesOn() throws {
        let counter = try pair.bringUpByOperator()
        try pair.network.cut()
        for host in [a, b] { try host.waitForState("deciding") }
        try b.order("failover")
        try pair.expectAlone(b, from: counter)
        try pair.network.mend()
        #expect(try a.qemu.process.waitForEnd() == .exited(0))
    }
}
