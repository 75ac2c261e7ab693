import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct LatencyHistogramTests {
    @Test
    func knowsNothingOfNothing() {
        #expect(LatencyHistogram().quantile(0.5) == nil)
    }

    /// Each duration by itself comes back to within 2 %.
    @Test
    func isTwoPerCentOffAtMost() {
        var microseconds: Int64 = 1
        while microseconds < 1 << 35 {
            for value in [microseconds - 1, microseconds, microseconds * 63 / 62] {
                var histogram = LatencyHistogram()
                histogram.add(microseconds: value)
                histogram.add(microseconds: .max)
                let found = histogram.quantile(0.5) ?? -1
                #expect(abs(Double(found - value)) <= Double(value) * 0.02, "\(value) as \(found)")
            }
            microseconds = microseconds * 21 / 20 + 1
        }
    }

    @Test
    func findsQuantiles() {
        var histogram = LatencyHistogram()
        for value in (1...20).reversed() { histogram.add(microseconds: Int64(value)) }
        #expect([0, 0.05, 0.5, 0.9, 0.99, 1].map { histogram.quantile($0) } == [1, 1, 10, 18, 20, 20])
        #expect(histogram.count == 20 && histogram.max == 20)
    }

    @Test
    func takesAnyDuration() {
        var histogram = LatencyHistogram()
        for value in [Int64.min, -1, 0, .max] { histogram.add(microseconds: value) }
        #expect(histogram.quantile(0.5) == 0)
        #expect(histogram.max == .max)
    }
}
