import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
final class RecordingRingTests {
    private var ring: RecordingRing

    init() throws {
        ring = try RecordingRing(bytes: 5000)
    }

    deinit {
        ring.unmap()
    }

    private func append(_ text: [UInt8]) {
        let fits = ring.append(text)
        #expect(fits)
    }

    private static func text(_ byte: UInt8, _ count: Int) -> [UInt8] {
        [UInt8](repeating: byte, count: count)
    }

    @Test
    func takesWholePagesAndNoMore() {
        #expect(ring.size == 8192)
        append(Self.text(1, 8191))
        let fits = ring.append(Self.text(2, 2))
        #expect(!fits)
        append(Self.text(2, 1))
        #expect(ring.room == 0)
        #expect(ring.head == 0)
        ring.publish()
        #expect(ring.head == 8192)
        #expect([UInt8](ring.bytes(from: 8190, to: 8192)) == [1, 2])
    }

    /// What goes over the end lies in one piece all the same.
    @Test
    func wrapsAround() {
        append(Self.text(1, 8000))
        ring.publish()
        ring.advance(to: 7000)
        append(Self.text(2, 400))
        ring.publish()
        #expect([UInt8](ring.bytes(from: 7000, to: 8400)) == Self.text(1, 1000) + Self.text(2, 400))
        ring.advance(to: 8400)
        append(Self.text(3, 8192))
        ring.publish()
        #expect([UInt8](ring.bytes(from: 8400, to: 16592)) == Self.text(3, 8192))
    }

    @Test
    func givesMemoryBackOnceItIsEmpty() throws {
        var ring = try RecordingRing(bytes: 4 << 20)
        defer { ring.unmap() }
        let fits = ring.append(Self.text(1, 3 << 20))
        #expect(fits)
        ring.publish()
        #expect(ring.holdsMuch)
        let releasesWhatWaits = ring.release()
        #expect(!releasesWhatWaits)
        #expect([UInt8](ring.bytes(from: (3 << 20) - 1, to: 3 << 20)) == [1])
        ring.advance(to: 3 << 20)
        while ring.release() {}
        #expect(!ring.holdsMuch)
        // Fresh pages are zero.
        #expect([UInt8](ring.bytes(from: 5 << 20, to: (5 << 20) + 1)) == [0])
    }
}
