import QMP
import Testing

@Suite(.timeLimit(.minutes(15)))
struct QuantityTests {
    @Test(
        arguments: [
            ("250ms", .milliseconds(250)), ("0.5 s", .milliseconds(500)), ("24h", .seconds(86_400)),
            ("1d", .seconds(86_400)),
            ("3us", .microseconds(3)), ("3µs", .microseconds(3)), ("2min", .seconds(120)), ("0s", .zero), ("5", nil),
            ("", nil), ("s", nil), ("-1s", nil), ("1.2.3s", nil), ("1 m", nil), ("1S", nil), ("1s ", nil),
            ("99999999999999999999d", nil), (".s", nil),
        ] as [(String, Duration?)]
    )
    func readsDurations(text: String, duration: Duration?) {
        #expect(Quantity.duration(text) == duration)
    }

    @Test(
        arguments: [
            ("64MiB", 64 << 20), ("1.5KiB", 1536), ("10 GiB", 10 << 30), ("1TiB", 1 << 40), ("7B", 7), ("64", nil),
            ("64MB", nil), ("64mib", nil), ("nanMiB", nil), ("infMiB", nil), ("1e3B", nil), ("99999999TiB", nil),
        ] as [(String, Int?)]
    )
    func readsSizes(text: String, bytes: Int?) {
        #expect(Quantity.bytes(text) == bytes)
    }
}
