import Glibc
import Libevent
import Testing

/// One test only: libevent watches signals in one loop of a process at a time.
@Suite(.timeLimit(.minutes(15)))
struct SignalWatchTests {
    @Test func callsBackInTheLoop() throws {
        let stage = try Stage()
        var count = 0
        let watch = try SignalWatch(signal: SIGUSR1, loop: stage.loop) { count += 1 }
        kill(getpid(), SIGUSR1)
        stage.run(until: { count == 1 })
        kill(getpid(), SIGUSR1)
        stage.run(until: { count == 2 })
        watch.cancel()
        #expect(count == 2)
        #expect(throws: SystemError.self) { try SignalWatch(signal: SIGKILL, loop: stage.loop) {} }
    }
}
