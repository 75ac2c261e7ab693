import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
struct RecordingOptionsTests {
    @Test
    func rotatesInADirectoryUnlessToldHow() {
        let options = RecordingOptions(path: "a/", keepSegments: 3)
        let usual = RecordingOptions(path: "a/", rotateBytes: 256 << 20, rotateAge: .seconds(86_400), keepSegments: 3)
        #expect(options.asDirectory == usual)
        let bySize = RecordingOptions(path: "a/", rotateBytes: 5)
        #expect(bySize.asDirectory == bySize)
        let byAge = RecordingOptions(path: "a/", rotateAge: .seconds(5))
        #expect(byAge.asDirectory == byAge)
    }
}
