import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// A plugin may speak with another monitor beside the one that clients share.
@Suite(.timeLimit(.minutes(15)))
struct SecondMonitorTests {
    private static func book() -> Playbook {
        var plugin = ScriptedPlugin()
        plugin.onStart = { _, context in context.connect(monitor: "peer", at: "tcp:10.0.0.2:7700") }
        plugin.onEvent = { event, context in
            switch event.name {
            case "GO":
                context.execute(Command("query-status"), on: .second("peer"), tag: "beat", timeout: .seconds(1))
            case "AWAY": context.disconnect(monitor: "peer")
            default: break
            }
            return .deliver
        }
        var book = Playbook(asking: plugin)
        _ = book.feed(.secondMonitorOpened(1, peer: "10.0.0.2:7700"))
        return book
    }

    private func say(_ text: String, _ book: inout Playbook) -> [String] {
        book.feed(.received(.secondMonitor(1), Bytes(text: text + "\r\n"), descriptors: []))
    }

    private func greet(_ book: inout Playbook) -> [String] {
        let lines = say(Playbook.greeting, &book)
        _ = say(#"{"return": {}, "id": "ours"}"#, &book)
        return lines
    }

    private let go = #"{"event": "GO"}"#

    @Test func isReachedGreetedAndNegotiated() {
        var book = Self.book()
        #expect(
            greet(&book) == [
                #"→ second monitor 1 {"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "ours"}"#
            ]
        )
        #expect(book.noted().suffix(2) == ["a mark monitor peer is silent", "a mark monitor peer is ready"])
    }

    @Test func answersItsPluginAndNobodyElse() {
        var book = Self.book()
        _ = greet(&book)
        #expect(
            book.monitor(says: go).filter { $0.hasPrefix("→ s") } == [
                #"→ second monitor 1 {"id": [2], "execute": "query-status"}"#
            ]
        )
        #expect(say(#"{"return": {"running": true}, "id": [2]}"#, &book) == ["cancel execution 2"])
        #expect(book.noted().last == #"a mark beat returned {"running": true}"#)
        let places = book.entries.filter { $0.command == 2 }.map(\.place)
        #expect(places == [.secondMonitor("peer"), .secondMonitor("peer")])
    }

    @Test func itsEventsAreItsPluginsOnly() {
        var book = Self.book()
        _ = greet(&book)
        #expect(say(#"{"event": "STOP"}"#, &book) == [])
        #expect(book.noted().last == "a mark event STOP of monitor peer")
    }

    @Test func isTriedAgainWhenItIsLost() {
        var book = Self.book()
        _ = greet(&book)
        _ = book.monitor(says: go)
        #expect(
            book.feed(.closed(.secondMonitor(1), reason: "reset")) == [
                "cancel execution 2", "set second monitor 1 0.1",
            ]
        )
        #expect(book.noted().suffix(2) == ["a mark monitor peer is gone: reset", "a mark beat monitorLost"])
        #expect(book.feed(.timerFired(.secondMonitor(1))) == ["connect second monitor 1 to tcp:10.0.0.2:7700"])
        #expect(book.feed(.secondMonitorUnreachable(1, reason: "refused")) == ["set second monitor 1 0.2"])
        #expect(book.noted().last == "a mark monitor peer is unreachable: refused")
        #expect(book.monitor(says: go).filter { $0.hasPrefix("→ s") } == [])
        #expect(book.noted().last == "a mark beat refused: the monitor peer is not connected")
    }

    @Test func isLetGo() {
        var book = Self.book()
        _ = greet(&book)
        #expect(book.monitor(says: #"{"event": "AWAY"}"#).contains("close second monitor 1"))
        #expect(book.feed(.closed(.secondMonitor(1), reason: "closed by us")) == [])
    }

    @Test func whoGivesOneUpAndTakesItAgainHasNoShorterWay() {
        var plugin = ScriptedPlugin()
        plugin.onStart = { _, context in context.connect(monitor: "peer", at: "unix:/peer") }
        plugin.onEvent = { _, context in
            context.disconnect(monitor: "peer")
            context.connect(monitor: "peer", at: "unix:/peer")
            return .drop
        }
        var book = Playbook(asking: plugin)
        _ = book.feed(.secondMonitorUnreachable(1, reason: "none"))
        #expect(book.monitor(says: #"{"event": "GO"}"#) == ["cancel second monitor 1", "set second monitor 2 0.2"])
    }

    @Test func thoseThatAreStillBeingClosedCountToo() {
        var plugin = ScriptedPlugin()
        plugin.onStart = { _, context in
            for number in 1...65 {
                context.connect(monitor: "\(number)", at: "unix:/peer")
                context.disconnect(monitor: "\(number)")
            }
        }
        let book = Playbook(asking: plugin)
        #expect(book.noted().first == "a mark 65 refused: 64 monitors are the most allowed")
    }

    @Test func aForeignOneIsClosedAndTriedAgain() {
        var book = Self.book()
        #expect(say("SSH-2.0-OpenSSH", &book) == ["close second monitor 1"])
        #expect(book.feed(.closed(.secondMonitor(1), reason: "closed by us")) == ["set second monitor 1 0.1"])
    }

    @Test func isClosedWhenTheProxyStops() {
        var book = Self.book()
        let lines = book.feed(.stopRequested)
        #expect(lines.contains("close second monitor 1"))
        _ = book.feed(.closed(.client(1), reason: "closed"))
        _ = book.feed(.closed(.monitor, reason: "closed"))
        #expect(book.feed(.closed(.secondMonitor(1), reason: "closed by us")).contains("stopped"))
    }
}
