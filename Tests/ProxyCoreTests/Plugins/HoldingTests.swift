import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// A command may wait for a plugin: it keeps its place, and is let go exactly once.
@Suite(.timeLimit(.minutes(15)))
struct HoldingTests {
    /// Holds `stop`, and releases it as this when the event GO comes.
    private static func holding(
        late: LatePolicy = .closed,
        limit: Duration = .seconds(5),
        _ verdicts: CommandVerdict...
    ) -> ScriptedPlugin {
        var plugin = ScriptedPlugin()
        plugin.onCommand = { command, _ in
            command.command.name == "stop" || command.command.name == "yank"
                ? .hold("stop", limit: limit, late: late) : .forward
        }
        plugin.onEvent = { event, context in
            if event.name == "GO" { for verdict in verdicts { context.release("stop", as: verdict) } }
            return .drop
        }
        return plugin
    }

    private let stop = #"{"execute":"stop","id":1}"#
    private let go = #"{"event": "GO"}"#

    @Test func waitsAndThenGoesOn() {
        var book = Playbook(asking: Self.holding(.forward), ScriptedPlugin())
        let start = book.entries.count
        #expect(book.client(1, says: stop) == ["set held stop of plugin 0 5.0"])
        #expect(
            book.monitor(says: go) == [
                "cancel held stop of plugin 0", #"→ monitor {"execute":"stop","id":[2, 1]}"#,
            ]
        )
        #expect(book.monitor(says: #"{"return": {}, "id": [2, 1]}"#) == [#"→ client 1 {"return": {}, "id": 1}"#])
        #expect(
            book.noted(since: start) == ["a verdict hold", #"a verdict drop {"event": "GO"}"#, "a verdict release"]
        )
    }

    @Test func whatComesBehindItOfTheSameClientWaits() {
        var book = Playbook(asking: Self.holding(.forward))
        book.join(2)
        #expect(book.client(1, says: stop + #"{"execute":"cont"}"#) == ["set held stop of plugin 0 5.0"])
        #expect(book.client(2, says: #"{"execute":"cont"}"#) == [#"→ monitor {"id": [5], "execute":"cont"}"#])
        #expect(
            book.monitor(says: go).dropFirst() == [
                #"→ monitor {"execute":"stop","id":[3, 1]}"#, #"→ monitor {"id": [4], "execute":"cont"}"#,
            ]
        )
    }

    @Test func isAnsweredOnRelease() {
        var book = Playbook(asking: Self.holding(.answer(.success(.integer(1)))))
        _ = book.client(1, says: stop)
        #expect(book.monitor(says: go).dropFirst() == [#"→ client 1 {"return": 1, "id": 1}"#])
    }

    @Test func anOutOfBandOneOvertakesStill() {
        var book = Playbook(asking: Self.holding(.answer(.success(.null))))
        book.join(2, outOfBand: true)
        _ = book.client(2, says: #"{"execute":"cont"}{"exec-oob":"yank","id":9}"#)
        #expect(book.monitor(says: go).dropFirst() == [#"→ client 2 {"return": null, "id": 9}"#])
    }

    @Test func isReleasedOnceOnly() {
        var book = Playbook(asking: Self.holding(.forward, .forward))
        _ = book.client(1, says: stop)
        #expect(book.monitor(says: go).filter { $0.hasPrefix("→") } == [#"→ monitor {"execute":"stop","id":[2, 1]}"#])
        #expect(
            book.noted().last
                == "a mark stop refused: no command is held by that tag: it was released, was late or is gone"
        )
    }

    @Test(arguments: [
        (LatePolicy.open, #"→ monitor {"execute":"stop","id":[2, 1]}"#),
        (
            .closed,
            #"→ client 1 {"id": 1, "error": {"class": "GenericError", "#
                + #""desc": "The plugin a has given no usable verdict on the command in time"}}"#
        ),
    ])
    func goesOnWithoutAPluginThatIsLate(policy: LatePolicy, line: String) {
        var book = Playbook(asking: Self.holding(late: policy, .forward))
        _ = book.client(1, says: stop)
        book.now = Instant(microseconds: 5_000_000)
        #expect(book.feed(.timerFired(.held(plugin: 0, "stop"))) == [line])
        #expect(book.noted().last == "a mark stop timedOut")
        #expect(book.monitor(says: go).filter { $0.hasPrefix("→") } == [])
    }

    @Test func noLimitIsInfinite() {
        var book = Playbook(asking: Self.holding(limit: .seconds(1 << 40), .forward))
        #expect(book.client(1, says: stop) == ["set held stop of plugin 0 600.0"])
    }

    @Test func aTagHoldsOneCommandOnly() {
        var book = Playbook(asking: Self.holding(.forward))
        _ = book.client(1, says: stop)
        #expect(book.client(1, says: #"{"execute":"stop","id":2}"#) == [])
        #expect(book.monitor(says: go).dropFirst() == [#"→ monitor {"execute":"stop","id":[2, 1]}"#])
        #expect(book.monitor(says: #"{"return": {}, "id": [2, 1]}"#).last?.contains("no usable verdict") == true)
    }

    @Test func goesWithItsClient() {
        var book = Playbook(asking: Self.holding(.forward))
        _ = book.client(1, says: stop)
        #expect(book.feed(.closed(.client(1), reason: "gone")) == ["cancel held stop of plugin 0"])
        #expect(book.noted().last == "a mark stop clientGone")
    }

    @Test func outlivesTheMonitorAndIsRefusedWhenItIsReleased() {
        let instance = PluginInstance(name: "a", settings: .null, plugin: Self.holding(.forward))
        var book = Playbook(plugins: [instance]) { $0.keepsClients = true }
        book.connect()
        book.join(1)
        _ = book.client(1, says: stop)
        _ = book.feed(.closed(.monitor, reason: "gone"))
        book.now = Instant(microseconds: 5_000_000)
        #expect(book.feed(.timerFired(.held(plugin: 0, "stop"))).last?.contains("no usable verdict") == true)
    }
}
