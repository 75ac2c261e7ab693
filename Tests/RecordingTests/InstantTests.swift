import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct InstantTests {
    @Test
    func countsMicroseconds() {
        let one = Instant(microseconds: 1_500_000)
        #expect(one + .milliseconds(250) == Instant(microseconds: 1_750_000))
        #expect(one + .nanoseconds(1999) == Instant(microseconds: 1_500_001))
        #expect(one.seconds(since: .zero) == 1.5)
        #expect(Instant.zero < one)
    }
}
