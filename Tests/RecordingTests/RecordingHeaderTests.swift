import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct RecordingHeaderTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (999, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_230_389_120_456, "2026-11-21T03:06:29.120Z"), (951_782_399_999_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000Z"), (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"),
        (1_735_689_599_000_000, "2024-12-31T23:59:59.000Z"), (-62_135_596_800_000_000, "0001-01-01T00:00:00.000Z"),
    ])
    func writesTheTimeInUTC(microseconds: Int64, text: String) {
        let header = RecordingHeader(startedMicrosecondsSince1970: microseconds, proxy: "1", monitor: "vm")
        #expect(header == RecordingHeader(started: text, proxy: "1", monitor: "vm"))
    }
}
