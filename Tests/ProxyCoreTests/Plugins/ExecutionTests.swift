import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// Plugins execute commands of their own, in a place kept for them, and no client sees them.
@Suite(.timeLimit(.minutes(15)))
struct ExecutionTests {
    /// Executes these when the event GO comes.
    private static func executing(
        _ commands: [Command],
        timeout: Duration = .seconds(2)
    ) -> ScriptedPlugin {
        var plugin = ScriptedPlugin()
        plugin.onEvent = { event, context in
            guard event.name == "GO" else { return .deliver }
            for (index, command) in commands.enumerated() {
                context.execute(command, tag: PluginKit.Tag("step", index + 1), timeout: timeout)
            }
            return .drop
        }
        return plugin
    }

    private let go = #"{"event": "GO"}"#

    @Test func tellsThePluginAndNoClientWhatItsCommandGave() {
        var book = Playbook(asking: Self.executing([Command("query-status")]))
        #expect(
            book.monitor(says: go) == [
                "set execution 2 2.0", #"→ monitor {"id": [2], "execute": "query-status"}"#,
            ]
        )
        #expect(book.monitor(says: #"{"return": {"running": true}, "id": [2]}"#) == ["cancel execution 2"])
        #expect(book.noted().last == #"a mark step 1 returned {"running": true}"#)
    }

    @Test func recordsItUnderThePluginsNameBothWays() {
        var book = Playbook(asking: Self.executing([Command("stop")]))
        _ = book.monitor(says: go)
        _ = book.monitor(says: #"{"return": {}, "id": [2]}"#)
        let own = book.entries.filter { $0.command == 2 }
        #expect(own.map(\.plugin) == ["a", "a"])
        #expect(own.map(\.place) == [.monitor, .monitor])
    }

    @Test func tellsThePluginOfAnError() {
        var book = Playbook(asking: Self.executing([Command("x-bad")]))
        _ = book.monitor(says: go)
        _ = book.monitor(says: #"{"id": [2], "error": {"class": "CommandNotFound", "desc": "none such"}}"#)
        #expect(book.noted().last == "a mark step 1 failed: none such")
    }

    @Test func hasAPlaceInFlightThatAClientsFloodCannotTake() {
        var book = Playbook(asking: Self.executing([Command("a"), Command("b")]))
        let flood = book.client(1, says: String(repeating: #"{"execute":"x"}"#, count: 20))
        #expect(flood.count == 6)
        #expect(book.monitor(says: go).filter { $0.hasPrefix("→") } == [#"→ monitor {"id": [22], "execute": "a"}"#])
        #expect(
            book.monitor(says: #"{"return": {}, "id": [22]}"#).filter { $0.hasPrefix("→") } == [
                #"→ monitor {"id": [23], "execute": "b"}"#
            ]
        )
    }

    @Test func noPlaceIsKeptForPluginsThatExecuteNothing() throws {
        struct Idle: Plugin {
            static let name = "idle"
            static let executes = false
            init(settings: PluginSettings) {}
            mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
                context.execute(Command("a"), tag: "a")
            }
        }
        var book = Playbook(plugins: [try PluginInstance(Idle.self)])
        book.connect()
        #expect(book.log.contains("warning: plugin idle, a: refused: it says that it executes nothing"))
        book.join(1)
        #expect(book.client(1, says: String(repeating: #"{"execute":"x"}"#, count: 20)).count == 7)
    }

    @Test func takesTurnsWithClientsWhereOnlyOneMayBeInFlight() {
        let instance = PluginInstance(
            name: "a",
            settings: .null,
            plugin: Self.executing([Command("a"), Command("b")])
        )
        var book = Playbook(plugins: [instance])
        book.connect(greeting: Playbook.greeting.replacing(#"["oob"]"#, with: "[]"))
        book.join(1)
        _ = book.client(1, says: #"{"execute":"x"}{"execute":"y"}"#)
        _ = book.monitor(says: go)
        func next(_ number: Int) -> [String] {
            book.monitor(says: #"{"return": {}, "id": [\#(number)]}"#).filter { $0.hasPrefix("→ monitor") }
        }
        #expect(next(2) == [#"→ monitor {"id": [4], "execute": "a"}"#])
        #expect(next(4) == [#"→ monitor {"id": [3], "execute":"y"}"#])
        #expect(next(3) == [#"→ monitor {"id": [5], "execute": "b"}"#])
    }

    @Test func waitsForACommandThatMustBeAloneInFlight() {
        var book = Playbook(asking: Self.executing([Command("a")]))
        let getfd = #"{"execute":"getfd","arguments":{"fdname":"d"}}"#
        _ = book.client(1, says: getfd, descriptors: [4])
        #expect(book.monitor(says: go) == ["set execution 3 2.0"])
        #expect(book.monitor(says: #"{"return": {}, "id": [2]}"#).last == #"→ monitor {"id": [3], "execute": "a"}"#)
    }

    @Test func anOutOfBandOneGoesAtOnce() {
        let yank = Command("yank", isOutOfBand: true)
        var book = Playbook(asking: Self.executing([Command("a"), yank]))
        #expect(
            book.monitor(says: go).filter { $0.hasPrefix("→") } == [
                #"→ monitor {"id": [3], "exec-oob": "yank"}"#, #"→ monitor {"id": [2], "execute": "a"}"#,
            ]
        )
    }

    @Test func isToldWhenThereIsNoAnswerInTimeAndHearsNoLateOne() {
        var book = Playbook(asking: Self.executing([Command("a")]))
        _ = book.monitor(says: go)
        book.now = Instant(microseconds: 2_000_000)
        #expect(book.feed(.timerFired(.execution(2))) == [])
        #expect(book.noted().suffix(2) == ["a mark step 1: no answer in time", "a mark step 1 timedOut"])
        #expect(book.monitor(says: #"{"return": {}, "id": [2]}"#) == [])
        #expect(book.noted().last == "a mark step 1 timedOut")
    }

    @Test func isToldWhenTheMonitorIsLost() {
        var book = Playbook(asking: Self.executing([Command("a"), Command("b")]))
        _ = book.monitor(says: go)
        let lines = book.feed(.closed(.monitor, reason: "gone"))
        #expect(lines.filter { $0.hasPrefix("cancel exec") } == ["cancel execution 2", "cancel execution 3"])
        #expect(
            book.noted().suffix(3) == [
                "a mark monitor is gone: gone", "a mark step 1 monitorLost", "a mark step 2 monitorLost",
            ]
        )
    }

    @Test func isRefusedWithoutAMonitorAndBeyondTheLimit() {
        var plugin = Self.executing(Array(repeating: Command("a"), count: 65))
        plugin.onStart = { _, context in context.execute(Command("early"), tag: "early") }
        var book = Playbook(asking: plugin)
        #expect(book.noted().first == "a mark early refused: the monitor is not connected")
        _ = book.monitor(says: go)
        #expect(book.noted().last == "a mark step 65 refused: 64 commands of its own are unanswered")
    }

    @Test func onePluginsUnansweredCommandsAreNotCountedAgainstAnother() {
        let yanks = Array(repeating: Command("yank", isOutOfBand: true), count: 64)
        var other = ScriptedPlugin()
        other.onEvent = { event, context in
            if event.name == "OTHER" { context.execute(Command("a"), tag: "other") }
            return .drop
        }
        var book = Playbook(asking: Self.executing(yanks), other)
        _ = book.monitor(says: go)
        for number in 2...65 { _ = book.feed(.timerFired(.execution(number))) }
        #expect(book.monitor(says: #"{"event": "OTHER"}"#).last == #"→ monitor {"id": [66], "execute": "a"}"#)
    }

    @Test func nothingIsExecutedThatCannotBeRecordedThoughItMust() {
        let plugin = PluginInstance(name: "a", settings: .null, plugin: Self.executing([Command("stop")]))
        var book = Playbook(plugins: [plugin]) {
            $0.recording = "r"
            $0.needsRecording = true
        }
        book.connect()
        _ = book.feed(.recordingChanged(trouble: "no space", entriesLost: 0))
        #expect(book.monitor(says: go) == [])
        #expect(book.noted().last == "a mark step 1 refused: nothing may pass unrecorded, and the recording fails")
    }

    @Test func aPluginThatNeverGivesUpCostsTurnsButHangsNobody() {
        var plugin = ScriptedPlugin()
        plugin.onStart = { _, context in context.execute(Command("a"), tag: "again") }
        plugin.onAnswer = { _, _, context in context.execute(Command("a"), tag: "again") }
        var book = Playbook(plugins: [PluginInstance(name: "a", settings: .null, plugin: plugin)])
        #expect(book.feed(.started) == ["connect", "set plugins 0.0"])
        #expect(book.feed(.timerFired(.plugins)) == ["set plugins 0.0"])
        #expect(book.accept(1).first == "pause client 1")
    }
}
