import Recording
import Testing

@testable import ProxyCommand

/// What a replay comes to.
@Suite(.timeLimit(.minutes(15)))
struct ReplayTallyTests {
    private func summary(total: Int, _ outputs: ClientPlayback.Output...) -> (text: String, isEqual: Bool) {
        var tally = ReplayTally(total: total, isColoured: false, showsProgress: false, at: .zero)
        for output in outputs { tally.take(output) }
        return (tally.summary(at: Instant(microseconds: 61_250_000)), tally.isEqual)
    }

    @Test func allThatIsEqualIsSuccess() {
        let (text, isEqual) = summary(total: 2, .open(client: 1), .equal, .equal, .close(client: 1), .done)
        #expect(text == "2 commands: 2 equal, 0 different, in 61.2 s")
        #expect(isEqual)
    }

    @Test func whatWasNotComparedIsSaid() {
        let (text, isEqual) = summary(total: 1234, .equal, .failed("it went away"))
        #expect(text == "1 command: 1 equal, 0 different, 1,233 not compared, in 61.2 s")
        #expect(!isEqual)
    }

    @Test func aReplyThatCannotBeReadIsNoSuccess() {
        let (text, isEqual) = summary(total: 2, .equal, .notCompared("r.qmprec:8: the reply to stop cannot be read"))
        #expect(text == "1 command: 1 equal, 0 different, 1 not compared, in 61.2 s")
        #expect(!isEqual)
    }
}
