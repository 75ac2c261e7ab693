import Recording
import Testing

@testable import ProxyCommand

@Suite(.timeLimit(.minutes(15)))
struct ProgressLineTests {
    @Test
    func isDrawnTenTimesASecondAndErased() {
        var progress = ProgressLine(total: 4_000_000_000, at: .zero)
        func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: milliseconds * 1000) }
        #expect(progress.line(bytes: 1, at: at(99)) == nil)
        #expect(progress.erasure() == nil)
        #expect(progress.line(bytes: 1_000_000_000, at: at(500)) == "\r\u{1B}[K25 %, 2,000 MB/s")
        #expect(progress.line(bytes: 1_000_000_001, at: at(599)) == nil)
        #expect(progress.erasure() == "\r\u{1B}[K")
        #expect(progress.erasure() == nil)
        #expect(progress.line(bytes: 5_000_000_000, at: at(1000)) == "\r\u{1B}[K100 %, 5,000 MB/s")
    }

    @Test
    func doesWithoutATotal() {
        var progress = ProgressLine(total: nil, at: .zero)
        let now = Instant(microseconds: 1_000_000)
        #expect(progress.line(bytes: 12_345_678, at: now) == "\r\u{1B}[K12 MB, 12 MB/s")
    }
}
