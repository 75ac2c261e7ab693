import Foundation
import QMP
import Testing

/// A survivor takes a new partner as soon as there is one.
@Suite(.repeated, .onWorkbench, .showingLogs, .longEnoughForPairs)
struct COLOResumeTests {
    private let pair: COLOPair
    private let (a, b): (COLOHost, COLOHost)

    init() throws {
        pair = try COLOPair(["arbiter": "none", "checkpoint-delay": "500"])
        (a, b) = (pair.a, pair.b)
    }

    @Test func thePrimaryTakesANewSecondary() throws {
        let counter = try pair.bringUpByOperator()
        try b.qemu.kill()
        try pair.expectAlone(a, from: counter)
        try pair.expectResume(a, with: b)
    }

    @Test func theSecondaryThatTookOverTakesANewSecondary() throws {
        let counter = try pair.bringUpByOperator()
        try a.qemu.kill()
        try pair.expectAlone(b, from: counter)
        try pair.expectResume(b, with: a)
    }

    /// The primary dies, then the secondary, then the primary, and so on.
    @Test func aPairOutlivesSixFailovers() throws {
        var counter = try pair.bringUpByOperator()
        var (primary, secondary) = (a, b)
        for round in 1...6 {
            let (victim, survivor) = round % 2 == 1 ? (primary, secondary) : (secondary, primary)
            try victim.qemu.kill()
            try pair.expectAlone(survivor, from: counter)
            counter = try pair.expectResume(survivor, with: victim)
            (primary, secondary) = (survivor, victim)
        }
        let epochs = try COLORecording(of: primary).epochs
        #expect(epochs == epochs.sorted(), "an epoch never goes back")
    }

    /// The mirror is slow enough to lose the partner in the midst of it.
    @Test(arguments: ["killed", "frozen"])
    func aResyncWhosePartnerIsLostIsTakenBack(_ fate: String) throws {
        let (fast, slow) = ("'sync': 'full'", "'sync': 'full', 'speed': 8000000")
        a.settings?["runbooks"] = try COLORunbooks.changed("primary-resume", fast, to: slow)
        let counter = try pair.bringUpByOperator()
        try b.qemu.kill()
        try pair.expectAlone(a, from: counter)
        try pair.startNewSecondary(on: b)
        try a.waitForState("resyncing")
        guard try Deadline().waits(until: { try a.qemu.monitor.ask("query-block-jobs").array != [] }) else {
            throw Failure("no resync is begun")
        }
        try b.qemu.freeze()
        if fate == "killed" { try b.qemu.kill() }
        try a.waitForState("alone")
        try a.qemu.waitForLetters()
        let remains = try a.qemu.remains()
        #expect(remains == [])
        // And it takes the next one.
        if fate == "frozen" { try b.qemu.kill() }
        try pair.expectResume(a, with: b)
    }
}
