import PluginKit
import QMP
import Testing

@testable import COLO

/// A proxy that is started again, or a connection that comes back.
@Suite(.timeLimit(.minutes(15)))
struct RememberingTests {
    @Test func goesOnWithAFailoverThatWasDecided() throws {
        let first = try Side(.before(.primaryFailover), ("arbiter", "none"))
        first.pass(.seconds(1))
        first.isSilent = true
        first.event("COLO_EXIT")
        let second = try Side(.before(.primaryFailover), restored: first.stored)
        second.pass(.seconds(3))
        #expect(
            second.read() == [
                "2 idle -> failing-over: it was under way before", "2 primary-failover begins",
                "2 failing-over -> alone: the failover is done",
            ]
        )
    }

    @Test func doesNothingOfItForAnotherQEMU() throws {
        let first = try Side(.before(.primaryFailover), ("arbiter", "none"))
        first.pass(.seconds(1))
        first.isSilent = true
        first.event("COLO_EXIT")
        let second = try Side(.before(.primaryStart), restored: first.stored, thread: 101)
        second.pass(.seconds(1))
        #expect(try second.ask("query-status")["state"] == .string("idle"))
        #expect(second.qemu.executed == [])
    }

    @Test func knowsThatCOLOHasEndedWhichQEMUDoesNotTell() throws {
        let first = try Side(.before(.secondaryFailover))
        first.pass(.seconds(1))
        first.event("COLO_EXIT")
        let second = try Side(.before(.secondaryFailover), restored: first.stored)
        second.pass(.seconds(3))
        #expect(
            second.read().prefix(2) == [
                "0 idle -> paired: COLO has begun before",
                "0 paired -> deciding: before the proxy was started again: COLO_EXIT",
            ]
        )
    }

    @Test func knowsThatCOLOHasEndedWhileSomethingElseWasBeingDecided() throws {
        let first = try Side(.before(.primaryFailover), ("arbiter", "command"), ("fence", "off"))
        first.peer = peer("paired", role: "secondary", epoch: 1)
        first.pass(.seconds(1))
        try first.ask("failover")
        _ = first.read()
        first.event("COLO_EXIT")
        #expect(first.read() == ["1 deciding -> deciding: COLO_EXIT"])
        let second = try Side(.before(.primaryFailover), restored: first.stored)
        second.peer = first.peer
        second.pass(.seconds(3))
        #expect(second.read().contains("1 paired -> deciding: before the proxy was started again: COLO_EXIT"))
    }

    @Test func keepsTheEpochOfAPairThatIsWell() throws {
        let first = try Side(.before(.primaryFailover))
        first.pass(.seconds(1))
        let second = try Side(.before(.primaryFailover), restored: first.stored)
        second.pass(.seconds(1))
        #expect(second.read() == ["1 idle -> paired: COLO still runs"])
    }

    @Test func aConnectionThatComesBackIsLookedAtAgain() throws {
        let side = try Side(.before(.primaryFailover))
        side.peer = peer("paired", role: "secondary")
        side.pass(.seconds(1))
        _ = side.read()
        side.disconnect()
        side.connect()
        side.pass(.seconds(1))
        #expect(
            side.read() == ["1 paired -> idle: QEMU is gone: closed by peer", "1 idle -> paired: COLO still runs"]
        )
    }
}
