import PluginKit
import QMP
import Testing

@testable import COLO

/// A pair that breaks, or seems to.
@Suite(.timeLimit(.minutes(15)))
struct DecisionTests {
    /// A side of a pair that is well, with what has led to it read.
    private func paired(_ runbook: Runbook.Shipped, _ settings: (String, String)...) throws -> Side {
        let side: Side
        let isPrimary = runbook == .primaryFailover
        switch settings.count {
        case 0: side = try Side(.before(runbook))
        case 1: side = try Side(.before(runbook), settings[0])
        default: side = try Side(.before(runbook), settings[0], settings[1])
        }
        side.peer = peer("paired", role: isPrimary ? "secondary" : "primary", epoch: 7)
        side.pass(.seconds(1))
        _ = side.read()
        return side
    }

    @Test func withoutAnArbiterTheSurvivorGoesOnAtOnce() throws {
        let side = try paired(.secondaryFailover, ("arbiter", "none"))
        side.event("COLO_EXIT", "{'mode': 'secondary', 'reason': 'error'}")
        #expect(
            side.read() == [
                "7 paired -> deciding: COLO_EXIT", "8 deciding -> failing-over: it is decided that this side goes on",
                "8 secondary-failover begins", "8 failing-over -> alone: the failover is done",
            ]
        )
        #expect(side.qemu.facts.mode == "none")
    }

    @Test func anOperatorIsCalledAndWaitedFor() throws {
        let side = try paired(.primaryFailover, ("notify", "call"))
        side.event("COLO_EXIT", "{'mode': 'primary', 'reason': 'error'}")
        side.program("notify", 1, endsWith: 0)
        side.peer = nil
        side.pass(.seconds(3_600))
        let told = side.read()
        #expect(told.first == "7 paired -> deciding: COLO_EXIT")
        #expect(
            told.last?.hasPrefix("start notify 1: /bin/sh -c call notify deciding the pair is broken (COLO_EXIT): ")
                == true
        )
        #expect(told.count == 2)
        #expect(side.qemu.executed == [])
        try side.ask("failover")
        #expect(side.read().last == "8 failing-over -> alone: the failover is done")
    }

    @Test func aFenceProgramIsTriedUntilItSucceeds() throws {
        let side = try paired(.primaryFailover, ("arbiter", "command"), ("fence", "off"))
        side.event("COLO_EXIT")
        #expect(
            side.read() == [
                "7 paired -> deciding: COLO_EXIT", "start fence 1: /bin/sh -c off fence primary 7 COLO_EXIT",
            ]
        )
        side.program("fence", 1, endsWith: 1)
        #expect(side.qemu.executed == [])
        side.pass(.seconds(1))
        #expect(side.read() == ["start fence 2: /bin/sh -c off fence primary 7 COLO_EXIT"])
        side.pass(.seconds(121))
        #expect(side.read() == ["stop fence 2"])
        side.program("fence", 2, endsWith: 143)
        side.pass(.seconds(2))
        #expect(side.read() == ["start fence 3: /bin/sh -c off fence primary 7 COLO_EXIT"])
        side.program("fence", 3, endsWith: 0)
        #expect(side.read().last == "8 failing-over -> alone: the failover is done")
    }

    @Test func theLoserEndsItsQEMU() throws {
        let side = try paired(.primaryFailover, ("notify", "call"))
        side.event("COLO_EXIT")
        _ = side.read()
        side.peer = peer("failing-over", role: "secondary", epoch: 8)
        side.pass(.milliseconds(300))
        #expect(
            side.read() == [
                "7 deciding -> lost: the peer goes on alone since epoch 8",
                "start notify 2: /bin/sh -c call notify lost this side has lost, its QEMU is ended: the peer goes on "
                    + "alone since epoch 8",
                "7 stand-down begins",
            ]
        )
        #expect(side.qemu.executed == ["yank", "stop", "quit"])
    }

    @Test func neverGoesOnWhileThePeerSaysThatItDoes() throws {
        let side = try Side(.before(.primaryFailover), ("arbiter", "none"))
        side.peer = peer("alone", epoch: 0)
        side.pass(.seconds(1))
        side.event("COLO_EXIT")
        side.pass(.seconds(60))
        #expect(side.read().last == "1 paired -> suspecting: COLO_EXIT")
        #expect(side.qemu.executed == [])
    }

    @Test func aDeadProxyIsNoFailoverAsLongAsThereAreCheckpoints() throws {
        let side = try paired(.primaryFailover, ("arbiter", "none"))
        side.peer = nil
        for _ in 0..<30 {
            side.pass(.seconds(15))
            side.event("STOP")
            side.event("RESUME")
        }
        #expect(
            side.read() == [
                "7 paired -> suspecting: the peer's proxy does not answer",
                "7 suspecting -> paired: the pair is well again",
            ]
        )
    }

    @Test func aHostThatIsGoneIsFoundByMissingCheckpoints() throws {
        let side = try paired(.primaryFailover, ("arbiter", "none"))
        side.event("RESUME")
        side.peer = nil
        side.pass(.seconds(41))
        #expect(side.read() == ["7 paired -> suspecting: the peer's proxy does not answer"])
        side.pass(.seconds(2))
        #expect(side.read().first == "7 suspecting -> deciding: there is no checkpoint any more")
        #expect(side.qemu.facts.mode == "none")
    }

    @Test func aFrozenPeerIsKnownFromItsProxy() throws {
        let side = try paired(.primaryFailover, ("arbiter", "none"))
        side.peer = peer("paired", role: "secondary", epoch: 7, silent: 1.9)
        side.pass(.seconds(1))
        #expect(side.read() == [])
        side.peer = peer("suspecting", role: "secondary", epoch: 7, silent: 2.1)
        side.pass(.milliseconds(250))
        #expect(
            side.read().first == "7 paired -> deciding: the peer's QEMU does not answer, says the peer's proxy"
        )
        #expect(Array(side.qemu.executed.prefix(2)) == ["yank", "x-blockdev-change"])
    }

    @Test func ownSilenceIsLeftToThePeer() throws {
        let side = try paired(.primaryFailover, ("arbiter", "none"))
        side.isSilent = true
        side.pass(.seconds(30))
        #expect(side.read() == ["7 paired -> suspecting: own QEMU does not answer"])
        #expect(try side.ask("query-status")["qemu"]?["silent-seconds"]?.double ?? 0 > 29)
        side.awake()
        side.pass(.milliseconds(500))
        #expect(side.read() == ["7 suspecting -> paired: the pair is well again"])
    }

    @Test(arguments: [
        ("MIGRATION", "{'status': 'failed'}", "the migration has failed"),
        (
            "QUORUM_REPORT_BAD", "{'node-name': 'replication0', 'type': 'flush'}",
            "writes to replication0 fail: the secondary's disk does not follow any more"
        ),
    ])
    func otherSignsOfTheEnd(event: String, data: String, why: String) throws {
        let side = try paired(.primaryFailover)
        side.event(event, data)
        #expect(side.read().first == "7 paired -> deciding: \(why)")
    }

    @Test func theGuestStandsStillWhileNothingIsDecided() throws {
        let side = try paired(.primaryFailover, ("on-suspicion", "stop"))
        side.event("COLO_EXIT")
        #expect(side.qemu.executed == ["stop"])
        try side.ask("failover")
        #expect(side.qemu.executed.last == "cont")
    }

    @Test func anEndByAnotherHandIsTakenAsItIs() throws {
        let side = try paired(.primaryFailover)
        side.event("COLO_EXIT")
        (side.qemu.facts.mode, side.qemu.facts.lastMode) = ("none", "primary")
        side.pass(.seconds(1))
        #expect(side.read().last == "7 deciding -> alone: COLO was ended by another hand")
    }

    @Test func aFailedFailoverIsTriedAgain() throws {
        let side = try paired(.secondaryFailover, ("arbiter", "none"))
        side.qemu.faults["nbd-server-stop"] = [.failure(ProtocolError(.generic, "no"))]
        side.event("COLO_EXIT")
        #expect(side.read().last == "8 failing-over -> failed: step 2, nbd-server-stop (secondary-failover.qmp:7): no")
        side.pass(.seconds(1))
        #expect(
            side.read() == [
                "8 failed -> failing-over: it is tried again", "8 secondary-failover begins",
                "8 failing-over -> alone: the failover is done",
            ]
        )
    }

    @Test func aClientsSecondMigrateDoesNotReachQEMU() throws {
        let side = try paired(.primaryFailover)
        let migrate = "{'execute': 'migrate', 'arguments': {'uri': 'tcp:b:1'}}"
        let why = "Refused by colo: a second migrate would end COLO and leave the guest's disks apart"
        #expect(try side.refusal(of: migrate) == why)
        #expect(try side.refusal(of: "{'execute': 'cont'}") == nil)
        #expect(try Side(.before(.primaryStart)).refusal(of: migrate) == nil)
    }

    @Test func aClientDoesNotStartTheGuestInAResync() throws {
        let side = try Side(.before(.primaryResume))
        (side.qemu.missing, side.qemu.isJobReady) = (["BLOCK_JOB_READY"], false)
        side.peer = peer("pairing", role: "secondary", #", "ready": true"#)
        side.pass(.seconds(3))
        let why = "the disks are the same only as long as the guest stands still; COLO has it run again"
        #expect(try side.refusal(of: "{'execute': 'cont'}") == "Refused by colo: \(why)")
        #expect(try side.refusal(of: "{'execute': 'stop'}") == nil)
    }
}
