import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Testing

/// What the simulator found with plugins, each in as few lines as it takes.
@Suite(.timeLimit(.minutes(15)))
struct PluginFindingsTests {
    private let stop = #"{"execute":"stop","id":1}"#

    private static func deciding(_ verdict: CommandVerdict, on name: String) -> ScriptedPlugin {
        var plugin = ScriptedPlugin()
        plugin.onCommand = { command, _ in command.command.name == name ? verdict : .forward }
        return plugin
    }

    /// Its client's turn is over when it comes to the one that is held, and nothing gives it another.
    @Test func whatComesBehindOneThatIsRefusedIsSent() {
        var book = Playbook(asking: Self.deciding(.hold("stop", limit: .seconds(5), late: .closed), on: "stop"))
        _ = book.client(1, says: stop + #"{"execute":"cont","id":2}"#)
        #expect(
            book.feed(.timerFired(.held(plugin: 0, "stop"))).last == #"→ monitor {"execute":"cont","id":[3, 2]}"#
        )
    }

    /// QEMU would keep them for whoever asks next, which may be another client.
    @Test func descriptorsAreClosedWhenTheReplacementTakesNone() {
        var book = Playbook(asking: Self.deciding(.replace(Command("cont")), on: "getfd"))
        #expect(
            book.client(1, says: #"{"execute":"getfd","arguments":{"fdname":"d"}}"#, descriptors: [4]) == [
                "close descriptors 4", #"→ monitor {"id": [2], "execute": "cont"}"#,
            ]
        )
    }

    /// Clients are finished when plugins have been told everything else.
    @Test func isToldThatTheClientIsGoneWhenTheProxyStops() {
        var book = Playbook(asking: Self.deciding(.hold("stop", limit: .seconds(5), late: .closed), on: "stop"))
        _ = book.client(1, says: stop)
        _ = book.feed(.stopRequested)
        #expect(book.noted().last == "a mark stop clientGone")
    }

    /// What a plugin has no time for is due at once, and the proxy ends before.
    @Test func aBusyPluginLeavesNoTimerBehind() {
        var plugin = ScriptedPlugin()
        plugin.onAnswer = { _, _, context in context.stop(program: "none") }
        plugin.onCommand = { _, context in
            context.stop(program: "none")
            return .forward
        }
        var book = Playbook(asking: plugin)
        #expect(book.client(1, says: stop).contains("set plugins 0.0"))
        _ = book.monitor(says: #"{"return": {}, "id": [2, 1]}"#)
        _ = book.feed(.stopRequested)
        _ = book.feed(.closed(.client(1), reason: "closed"))
        #expect(book.feed(.closed(.monitor, reason: "closed")).suffix(2) == ["cancel plugins", "stopped"])
    }
}
