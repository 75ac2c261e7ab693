import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// What plugins may have besides commands: timers, programs, stored values.
@Suite(.timeLimit(.minutes(15)))
struct PossessionTests {
    /// Does this at the start, and this when it is told something.
    private static func starting(
        _ start: @escaping @Sendable (JSONValue?, inout PluginContext) -> Void,
        onTimer: @escaping @Sendable (PluginKit.Tag, inout PluginContext) -> Void = { _, _ in }
    ) -> Playbook {
        var plugin = ScriptedPlugin()
        plugin.onStart = start
        plugin.onTimer = onTimer
        plugin.onLine = { line, context in context.mark("line \(line.text)") }
        return Playbook(plugins: [PluginInstance(name: "a", settings: .null, plugin: plugin)]) { $0.recording = "r" }
    }

    @Test func aTimerCallsBackOnce() {
        var book = Self.starting(
            { _, context in
                context.setTimer("tick", after: .seconds(1))
                context.setTimer("tock", after: .seconds(-1))
                context.cancelTimer("tock")
            },
            onTimer: { tag, context in context.mark("\(tag) at \(context.now)") }
        )
        #expect(
            book.feed(.started).dropFirst() == [
                "set timer tick of plugin 0 1.0", "set timer tock of plugin 0 0.0", "cancel timer tock of plugin 0",
            ]
        )
        book.now = Instant(microseconds: 1_000_000)
        _ = book.feed(.timerFired(.plugin(0, "tick")))
        _ = book.feed(.timerFired(.plugin(0, "tick")))
        #expect(book.noted() == ["a mark tick at 1.0 seconds"])
    }

    @Test func aTimerThatIsCancelledBeforeItWasToldDoesNotFire() {
        var book = Self.starting(
            { _, context in for tag in ["a", "b"] as [PluginKit.Tag] { context.setTimer(tag, after: .zero) } },
            onTimer: { tag, context in
                context.mark("\(tag)")
                for other in ["a", "b"] as [PluginKit.Tag] { context.cancelTimer(other) }
                for number in 0..<1000 { context.log(.debug, "\(number)") }
            }
        )
        _ = book.feed(.started)
        _ = book.feed(.timerFired(.plugin(0, "a")))
        _ = book.feed(.timerFired(.plugin(0, "b")))
        #expect(book.noted() == ["a mark a"])
    }

    @Test func aTurnHasAnEndThoughAPluginAsksForMoreThanThat() {
        var book = Self.starting { _, context in
            for number in 0..<3 { context.store(.integer(Int64(number)), tag: "s") }
            for _ in 0..<70 { context.store(.null, tag: "s") }
        }
        #expect(book.feed(.started).count == 65)
        #expect(book.noted().count == 9)
        #expect(book.noted().first == "a mark s not stored: too many values are being stored")
    }

    @Test func aFloodOnStandardErrorIsLoggedInPart() {
        var book = Self.starting { _, context in context.start(program: ["cat"], tag: "cat") }
        _ = book.feed(.started)
        for number in 0..<150 { _ = book.feed(.programComplained(1, "line \(number)\u{1B}[2J\r")) }
        #expect(book.log.last == "info: plugin a: line 99 [2J ")
        book.now = Instant(microseconds: 1_000_000)
        _ = book.feed(.programComplained(1, "later"))
        #expect(
            book.log.suffix(2) == [
                "warning: plugin a: 50 lines more of its program are left out here", "info: plugin a: later",
            ]
        )
    }

    @Test func whatIsNoLineIsNotWritten() {
        var book = Self.starting { _, context in
            context.start(program: ["cat"], tag: "cat")
            context.write(Bytes(text: "a\nb"), to: "cat")
            context.write(Bytes(repeating: 0x61, count: 1 << 20), to: "cat")
        }
        #expect(book.feed(.started).dropFirst() == ["start 1: cat"])
        #expect(
            book.noted() == [
                "a mark cat refused: a line has no line end in it",
                "a mark cat refused: a line of 1048576 bytes is longer than 1048576",
            ]
        )
    }

    @Test func tooManyTimersAreRefused() {
        var book = Self.starting { _, context in
            for number in 1...65 { context.setTimer(PluginKit.Tag("t", number), after: .seconds(1)) }
        }
        _ = book.feed(.started)
        #expect(book.noted() == ["a mark t 65 refused: 64 timers are the most allowed"])
    }

    @Test func storesAndGetsBackWhatItStored() {
        var book = Self.starting { restored, context in
            context.mark("restored \(restored?.written().text ?? "nothing")")
            context.store(.array([.integer(1)]), tag: "epoch")
        }
        _ = book.feed(.restored(plugin: 0, .integer(7)))
        #expect(book.feed(.started).dropFirst() == ["store 1 of plugin 0: [1]"])
        _ = book.feed(.stored(plugin: 0, number: 1, failure: nil))
        #expect(book.noted() == ["a mark restored 7", "a mark epoch stored"])
    }

    @Test func isToldWhatCouldNotBeStored() {
        var book = Self.starting { _, context in context.store(.null, tag: "epoch") }
        _ = book.feed(.started)
        _ = book.feed(.stored(plugin: 0, number: 1, failure: "no space"))
        #expect(book.noted() == ["a mark epoch not stored: no space"])
    }

    @Test func aMarkIsRecordedWithItsEpoch() {
        var book = Self.starting { _, context in context.mark("paired -> suspecting", epoch: 4) }
        _ = book.feed(.started)
        #expect(book.entries.last?.kind == .mark(text: "paired -> suspecting", epoch: 4))
        #expect(book.entries.last?.place == .plugin("a"))
    }

    @Test func aDiskThatHangsKeepsTheProxyFromStoppingForTwoSecondsOnly() {
        var book = Self.starting { _, context in context.store(.null, tag: "epoch") }
        _ = book.feed(.started)
        _ = book.feed(.monitorUnreachable(reason: "none"))
        #expect(book.feed(.stopRequested) == ["pause accepting", "cancel reconnect", "set stopping 2.0"])
        #expect(book.feed(.timerFired(.stopping)) == ["cancel stopping", "stopped"])
    }

    @Test func speaksWithAProgramInLines() {
        var book = Self.starting { _, context in
            context.start(program: ["cat", "-u"], tag: "cat")
            context.write(Bytes(text: "hello"), to: "cat")
        }
        #expect(book.feed(.started).dropFirst() == ["start 1: cat -u", "write to 1: hello\n"])
        _ = book.feed(.programLine(1, Bytes(text: "hello")))
        _ = book.feed(.programComplained(1, "careful"))
        _ = book.feed(.programEnded(1, .exited(status: 3)))
        #expect(book.noted() == ["a mark line hello", "a mark cat ended: exited with status 3"])
        #expect(book.log.contains("info: plugin a: careful"))
    }

    @Test func writesNoMoreToAProgramThatDoesNotRead() {
        var book = Self.starting { _, context in
            context.start(program: ["cat"], tag: "cat")
            context.write(Bytes(repeating: 0x61, count: 1_000_000), to: "cat")
            context.write(Bytes(repeating: 0x61, count: 100_000), to: "cat")
        }
        #expect(book.feed(.started).count == 3)
        #expect(
            book.noted() == [
                "a mark cat refused: the program does not read, and 1048576 bytes are the most that wait for it"
            ]
        )
    }

    @Test func programsAndTimersEndWithTheProxy() {
        var book = Self.starting { _, context in
            context.start(program: ["cat"], tag: "cat")
            context.setTimer("tick", after: .seconds(1))
        }
        _ = book.feed(.started)
        _ = book.feed(.monitorUnreachable(reason: "none"))
        let lines = book.feed(.stopRequested)
        #expect(lines.contains("stop 1") && lines.contains("cancel timer tick of plugin 0"))
        #expect(!lines.contains("stopped"))
        #expect(book.feed(.programEnded(1, .exited(status: 0))).contains("stopped"))
    }
}
