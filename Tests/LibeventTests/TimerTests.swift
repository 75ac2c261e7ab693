import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct TimerTests {
    let stage: Stage

    init() throws {
        stage = try Stage()
    }

    @Test(arguments: [Duration.zero, .microseconds(1), .milliseconds(1), .microseconds(5500), .seconds(-1)])
    func firesOnceAndNeverEarly(duration: Duration) {
        expectOneCall(after: duration, on: stage)
    }

    @Test(arguments: [Duration.zero, .microseconds(300), .microseconds(5500)])
    func isNeverEarlyOnAPreciseLoopEither(duration: Duration) throws {
        expectOneCall(after: duration, on: try Stage(isPrecise: true))
    }

    private func expectOneCall(after duration: Duration, on stage: Stage) {
        var fired: [Int64] = []
        let timer = Timer(loop: stage.loop) { fired.append(EventLoop.now()) }
        let start = EventLoop.now()
        timer.set(after: duration)
        #expect(timer.isSet)
        stage.run(until: { !fired.isEmpty })
        stage.turn()
        #expect(fired.count == 1 && !timer.isSet)
        #expect(fired.allSatisfy { Duration.microseconds($0 - start) >= duration })
    }

    /// libevent takes the time once a turn (event.h, `event_base_gettimeofday_cached`).
    @Test func isNotEarlyWhenSetLateInALongTurn() {
        var (deadline, fired): (Int64, Int64) = (0, 0)
        let second = Timer(loop: stage.loop) { fired = EventLoop.now() }
        let first = Timer(loop: stage.loop) {
            let end = EventLoop.now() + 20_000
            while EventLoop.now() < end {}
            deadline = EventLoop.now() + 5000
            second.set(after: .milliseconds(5))
        }
        first.set(after: .zero)
        stage.run(until: { fired != 0 })
        #expect(fired >= deadline)
    }

    @Test func firesInTheOrderOfTime() {
        var fired: [Int] = []
        let timers = (0..<3).map { number in Timer(loop: stage.loop) { fired.append(number) } }
        for (timer, milliseconds) in zip(timers, [30, 1, 15]) {
            timer.set(after: .milliseconds(milliseconds))
        }
        stage.run(until: { fired.count == 3 })
        #expect(fired == [1, 2, 0])
    }

    @Test func aTimerSetAgainIsMoved() {
        var fired: [String] = []
        let moved = Timer(loop: stage.loop) { fired.append("moved") }
        let other = Timer(loop: stage.loop) { fired.append("other") }
        moved.set(after: .milliseconds(1))
        other.set(after: .milliseconds(10))
        moved.set(after: .milliseconds(30))
        stage.run(until: { fired.count == 2 })
        #expect(fired == ["other", "moved"])
    }

    @Test func aTimerThatIsCancelledOrGivenUpIsSilent() {
        var fired: [String] = []
        let cancelled = Timer(loop: stage.loop) { fired.append("cancelled") }
        var forgotten: Timer? = Timer(loop: stage.loop) { fired.append("forgotten") }
        let last = Timer(loop: stage.loop) { fired.append("last") }
        cancelled.set(after: .milliseconds(1))
        forgotten?.set(after: .milliseconds(1))
        last.set(after: .milliseconds(10))
        cancelled.cancel()
        forgotten = nil
        stage.run(until: { !fired.isEmpty })
        #expect(fired == ["last"] && forgotten == nil && !cancelled.isSet)
    }

    @Test func mayBeSetAgainOrGivenUpInItsOwnAction() {
        var count = 0
        var timer: Timer?
        timer = Timer(loop: stage.loop) {
            count += 1
            if count < 3 { timer?.set(after: .zero) } else { timer = nil }
        }
        timer?.set(after: .zero)
        stage.run(until: { timer == nil })
        #expect(count == 3)
    }
}
