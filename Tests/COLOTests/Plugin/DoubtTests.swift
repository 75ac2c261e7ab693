import PluginKit
import QMP
import Testing

@testable import COLO

/// What must not be taken for the end of a pair, nor for leave to go on.
@Suite(.timeLimit(.minutes(15)))
struct DoubtTests {
    /// A side of a pair that is well, with what has led to it read.
    private func paired(_ runbook: Runbook.Shipped, _ settings: (String, String)...) throws -> Side {
        let side = try Side(.before(runbook), settings[0], settings.count > 1 ? settings[1] : ("start", "operator"))
        let isPrimary = runbook == .primaryFailover
        side.peer = peer("paired", role: isPrimary ? "secondary" : "primary", epoch: 7)
        side.pass(.seconds(1))
        _ = side.read()
        return side
    }

    @Test func aProxyThatStoodStillHoldsNobodyForDead() throws {
        let side = try paired(.secondaryFailover, ("arbiter", "none"))
        let peer = side.peer
        side.peer = nil
        side.pass(.milliseconds(250))
        side.isSilent = true
        side.stall(.seconds(60))
        side.pass(.milliseconds(250))
        (side.peer, side.isSilent) = (peer, false)
        side.awake()
        side.event("RESUME")
        side.pass(.seconds(1))
        #expect(side.qemu.facts.mode == "secondary")
    }

    @Test func aPeerIsNotToldOfTheSleepOfTheProxy() throws {
        let side = try paired(.secondaryFailover, ("arbiter", "none"))
        side.stall(.seconds(60))
        #expect(try side.ask("query-status")["qemu"]?["silent-seconds"]?.double ?? 60 < 2)
    }

    @Test func aShorterDelayHoldsFromNowOn() throws {
        var facts = ModelQEMU.Facts.before(.primaryFailover)
        facts.checkpointDelay = 100_000
        let side = try Side(facts, ("arbiter", "none"))
        side.peer = peer("paired", role: "secondary")
        side.pass(.seconds(60))
        _ = side.read()
        try side.ask("checkpoint-delay", "{'milliseconds': 2000}")
        side.pass(.seconds(5))
        #expect(side.qemu.facts.mode == "primary")
        side.pass(.seconds(2))
        #expect(side.read().contains { $0.hasSuffix("paired -> deciding: there is no checkpoint any more") })
    }

    @Test func whoHasBeenToldThatThePeerGoesOnAsksAPerson() throws {
        let side = try Side(.before(.primaryFailover), ("arbiter", "none"), ("notify", "call"))
        side.peer = peer("alone", epoch: 0)
        side.pass(.seconds(1))
        _ = side.read()
        side.event("COLO_EXIT")
        let told = side.read()
        #expect(told.first == "1 paired -> suspecting: COLO_EXIT")
        #expect(told.last?.hasPrefix("start notify 1: /bin/sh -c call notify suspecting the pair is broken") == true)
        side.program("notify", 1, endsWith: 0)
        side.peer = nil
        side.pass(.seconds(60))
        #expect(side.read() == [])
        #expect(side.qemu.facts.mode == "primary")
        try side.ask("failover")
        #expect(side.read().last == "2 failing-over -> alone: the failover is done")
    }

    @Test func aLoserStopsItsFenceProgram() throws {
        let side = try paired(.primaryFailover, ("arbiter", "command"), ("fence", "off"))
        side.event("COLO_EXIT")
        _ = side.read()
        side.peer = peer("failing-over", role: "secondary", epoch: 8)
        side.pass(.milliseconds(300))
        #expect(side.read().contains("stop fence 1"))
    }

    @Test func theEndThatComesBeforeTheFirstLookIsNotForgotten() throws {
        let side = try Side(.before(.primaryFailover), ("arbiter", "none"))
        side.isSilent = true
        side.disconnect()
        side.connect()
        side.event("COLO_EXIT")
        side.awake()
        side.pass(.seconds(1))
        #expect(side.read().last == "2 failing-over -> alone: the failover is done")
    }

    @Test func anOperatorMayFailOverWhileQEMUIsBlocked() throws {
        let side = try paired(.primaryFailover, ("arbiter", "operator"))
        let text = "{'execute': 'migrate-set-parameters', 'arguments': {}}"
        try side.replied(to: text)
        side.isSilent = true
        side.pass(.seconds(5))
        try side.ask("failover")
        #expect(side.read().last == "8 primary-failover begins")
    }

    @Test func aFailoverIsTriedAgainThoughAnotherRunbookWasUnderWay() throws {
        let side = try paired(.secondaryFailover, ("arbiter", "none"))
        side.qemu.faults["nbd-server-stop"] = [.failure(ProtocolError(.generic, "no"))]
        side.event("COLO_EXIT")
        side.isSilent = true
        try side.ask("checkpoint-delay", "{'milliseconds': 2000}")
        side.pass(.seconds(2))
        side.awake()
        side.pass(.seconds(2))
        #expect(side.read().last == "8 failing-over -> alone: the failover is done")
    }

    @Test func aFailoverIsTakenToItsEndThoughCOLOIsOver() throws {
        let side = try paired(.secondaryFailover, ("arbiter", "none"))
        side.qemu.faults["chardev-add"] = [.failure(ProtocolError(.generic, "Address already in use"))]
        side.event("COLO_EXIT")
        side.pass(.seconds(2))
        #expect(side.read().last == "8 failing-over -> alone: the failover is done")
        #expect(side.qemu.facts.chardevs.count == 6)
    }

    @Test func aPeersNonsenseDoesNoHarm() throws {
        let side = try Side(.before(.secondaryStart))
        side.peer = peer("pairing", epoch: .max, silent: 1e300, #", "checkpoint-delay": -9223372036854775808"#)
        side.pass(.seconds(2))
        #expect(try side.ask("query-status")["state"] == .string("idle"))
    }

    @Test func aPeerWithoutThePluginIsPairedWithOnlyWhenAPersonSaysSo() throws {
        let side = try Side(.before(.primaryResume))
        side.isPeerForeign = true
        side.pass(.seconds(10))
        #expect(side.qemu.executed == [])
        try side.ask("resume")
        #expect(side.read().last == "1 resyncing -> paired: COLO runs")
    }

    @Test func aDecisionOfBeforeWaitsForThePeersWord() throws {
        let first = try Side(.before(.primaryFailover), ("arbiter", "none"))
        first.pass(.seconds(1))
        first.isSilent = true
        first.event("COLO_EXIT")
        let second = try Side(.before(.primaryFailover), restored: first.stored, ("arbiter", "none"))
        second.peer = peer("alone", epoch: 2)
        second.pass(.seconds(5))
        #expect(second.qemu.facts.mode == "primary")
        #expect(try second.ask("query-status")["state"] == .string("suspecting"))
    }

    @Test func knowsAfterARestartThatItHasLost() throws {
        let first = try paired(.primaryFailover, ("notify", "call"))
        let second = try Side(.before(.primaryFailover), restored: first.stored)
        second.peer = peer("alone", epoch: 8)
        second.pass(.seconds(3))
        #expect(second.qemu.executed == ["yank", "stop", "quit"])
    }

    @Test func aNewPairingIsNotEndedByAnOldWord() throws {
        let side = try paired(.primaryFailover, ("arbiter", "none"))
        side.disconnect()
        side.thread = 101
        side.qemu.facts = .before(.secondaryStart)
        side.connect()
        side.peer = nil
        side.pass(.seconds(1))
        side.qemu.facts.mode = "secondary"
        side.event("RESUME")
        side.peer = peer("alone", epoch: 8)
        side.pass(.milliseconds(300))
        #expect(!side.qemu.executed.contains("quit"))
    }

    @Test func aQEMUThatWaitsForAPrimaryHasNothingToGoOnWith() throws {
        let first = try Side(.before(.primaryFailover), ("arbiter", "none"))
        first.pass(.seconds(1))
        first.isSilent = true
        first.event("COLO_EXIT")
        let second = try Side(.before(.secondaryStart), restored: first.stored)
        second.pass(.seconds(5))
        #expect(second.qemu.executed == [])
    }

    @Test func whyDoesNotGrowWithEachConnection() throws {
        let side = try paired(.primaryFailover, ("arbiter", "operator"))
        side.event("COLO_EXIT")
        for _ in 0..<3 {
            side.disconnect()
            side.connect()
            side.pass(.seconds(3))
        }
        #expect(
            try side.ask("query-status")["why"] == .string("before the proxy was started again: COLO_EXIT")
        )
    }

    @Test func aNewlyStartedProxyDoesNotCallItsQEMUSilent() throws {
        let fresh = try Side(.before(.primaryFailover), isConnected: false)
        fresh.pass(.seconds(60))
        #expect(try fresh.ask("query-status")["qemu"]?["silent-seconds"] == nil)
    }

    @Test func aQEMUThatWaitsForAFrozenPeerGoesOn() throws {
        let side = try paired(.primaryFailover, ("arbiter", "none"))
        side.isSilent = true
        side.pass(.milliseconds(2_500))
        side.peer = peer("suspecting", role: "secondary", epoch: 7, silent: 2.5)
        side.pass(.seconds(3))
        #expect(side.read() == ["7 paired -> suspecting: own QEMU does not answer"])
        side.peer = peer("suspecting", role: "secondary", epoch: 7, silent: 3.5)
        side.pass(.milliseconds(500))
        #expect(
            side.read().first == "7 suspecting -> deciding: the peer's QEMU does not answer, says the peer's proxy"
        )
    }

    @Test func aFailoverThatHasFailedHoldsThePeerBack() throws {
        let decided = try paired(.secondaryFailover, ("arbiter", "none"))
        decided.qemu.faults["nbd-server-stop"] = [.failure(ProtocolError(.generic, "no"))]
        decided.event("COLO_EXIT")
        let status = try decided.ask("query-status")
        #expect(status["state"] == .string("failed"))
        let other = try paired(.primaryFailover, ("arbiter", "none"))
        other.peer = status.written().text
        other.pass(.seconds(1))
        other.event("COLO_EXIT")
        #expect(other.read() == ["7 paired -> suspecting: COLO_EXIT"])
        #expect(other.qemu.executed == [])
    }

    @Test func aPersonIsCalledWhenAStartHasFailed() throws {
        let side = try Side(.before(.primaryStart), ("start", "auto"), ("notify", "call"))
        side.qemu.faults["migrate"] = [.failure(ProtocolError(.generic, "no"))]
        side.peer = peer("pairing", role: "secondary", #", "ready": true"#)
        side.pass(.seconds(2))
        let call = "start notify 1: /bin/sh -c call notify idle the start has failed"
        #expect(side.read().contains { $0.hasPrefix(call) })
    }

    @Test func inThePeriodicModeAPairIsStartedAnew() throws {
        var facts = ModelQEMU.Facts.before(.primaryResume)
        facts.objects = []
        let side = try Side(facts, ("mode", "periodic"))
        side.peer = peer("idle")
        side.pass(.seconds(2))
        let status = try side.ask("query-status")
        #expect(status["state"] == .string("alone"))
        #expect(status["seeks"] == .bool(false))
        try side.ask("start")
        #expect(try side.ask("query-status")["seeks"] == .bool(true))
    }
}
