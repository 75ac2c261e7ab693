import Glibc
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
final class RecordingWriterTests {
    /// A disk with as much room as wanted.
    private final class Disk {
        var bytes: [UInt8] = []
        /// How many bytes it will take in all.
        var room = Int.max
        /// How many it takes at once.
        var bytesAtOnceMax = Int.max
        var syncs = 0
        var syncsWork = true

        var calls: RecordingSegment.Calls {
            RecordingSegment.Calls(
                write: { [self] bytes throws(SystemFailure) in
                    let count = min(bytes.count, bytesAtOnceMax, room - self.bytes.count)
                    guard count > 0 else { throw SystemFailure(code: ENOSPC) }
                    self.bytes += bytes.prefix(count)
                    return count
                },
                sync: { [self] () throws(SystemFailure) in
                    syncs += 1
                    guard syncsWork else { throw SystemFailure(code: EIO) }
                }
            )
        }
    }

    private static let full = "cannot write a.qmprec: No space left on device"

    private let disk = Disk()
    private var ring: RecordingRing
    private let start = ContinuousClock.now

    init() throws {
        ring = try RecordingRing(bytes: 4 << 20)
    }

    deinit {
        ring.unmap()
    }

    private func writer(_ sync: RecordingOptions.Sync = .interval) -> RecordingWriter {
        RecordingWriter(ring: ring, sync: sync, path: "a.qmprec", calls: disk.calls)
    }

    private func append(_ text: [UInt8]) {
        let fits = ring.append(text)
        #expect(fits)
        ring.publish()
    }

    private func write(_ writer: inout RecordingWriter, after milliseconds: Int = 0) -> Bool {
        writer.write(upTo: ring.head, at: start + .milliseconds(milliseconds))
    }

    @Test(arguments: [1, 7, Int.max])
    func writesWhatWaits(bytesAtOnceMax: Int) {
        disk.bytesAtOnceMax = bytesAtOnceMax
        var writer = writer()
        let text = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        append(text)
        let isWritten = writer.write(upTo: 100, at: start)
        #expect(isWritten)
        #expect(disk.bytes == Array(text.prefix(100)))
        #expect(write(&writer))
        #expect(disk.bytes == text)
        #expect(ring.tail == 1000)
    }

    @Test
    func writesMuchInPiecesOfAMebibyte() {
        var pieces: [Int] = []
        let calls = RecordingSegment.Calls(
            write: { bytes throws(SystemFailure) in
                pieces.append(bytes.count)
                return bytes.count
            },
            sync: { () throws(SystemFailure) in }
        )
        var writer = RecordingWriter(ring: ring, sync: .none, path: "a", calls: calls)
        append([UInt8](repeating: 1, count: 2_500_000))
        #expect(write(&writer))
        #expect(pieces == [1_048_576, 1_048_576, 402_848])
    }

    /// Wherever the disk becomes full, nothing is lost and no line is torn once there is room.
    @Test
    func goesOnWhereItStoppedWhereverTheDiskBecomesFull() {
        let line = Array("one line\n".utf8)
        var writer = writer(.none)
        for room in 0..<line.count {
            let whole = disk.bytes + line
            disk.room = disk.bytes.count + room
            append(line)
            #expect(!write(&writer))
            #expect(writer.trouble == Self.full)
            #expect(disk.bytes == Array(whole.prefix(disk.room)))
            disk.room = .max
            #expect(write(&writer))
            #expect(writer.trouble == nil)
            #expect(disk.bytes == whole)
        }
    }

    @Test
    func syncsAtMostEvery200Milliseconds() {
        var writer = writer()
        #expect(writer.syncDue == nil)
        for milliseconds in 0..<1000 {
            append([1])
            #expect(write(&writer, after: milliseconds))
        }
        // At 200, 401, 602 and 803: the time counts from the first byte behind a sync.
        #expect(disk.syncs == 4)
        #expect(writer.syncDue == start + .milliseconds(1004))
        writer.syncIfDue(at: start + .milliseconds(1003))
        #expect(disk.syncs == 4)
        writer.syncIfDue(at: start + .milliseconds(1004))
        #expect(disk.syncs == 5)
        #expect(writer.syncDue == nil)
    }

    @Test(arguments: [(RecordingOptions.Sync.none, 0), (.always, 10)])
    func syncsAsItIsTold(sync: RecordingOptions.Sync, count: Int) {
        var writer = writer(sync)
        for number in 0..<10 {
            append([1])
            #expect(write(&writer, after: 1000 * number))
        }
        writer.syncAll(at: start)
        #expect(disk.syncs == count)
        #expect(writer.syncDue == nil)
    }

    @Test
    func saysThatItCannotSyncAndTriesAgainInASecond() {
        disk.syncsWork = false
        var writer = writer()
        append([1])
        #expect(write(&writer))
        #expect(writer.trouble == nil)
        writer.syncIfDue(at: start + .milliseconds(200))
        #expect(writer.trouble == "cannot sync a.qmprec: Input/output error")
        #expect(writer.syncDue == start + .milliseconds(1200))
        disk.syncsWork = true
        writer.syncIfDue(at: start + .milliseconds(1200))
        #expect(writer.trouble == nil)
        #expect(disk.syncs == 2)
    }

    @Test
    func syncsAFileBeforeItGoesOnWithAnother() {
        var writer = writer()
        append([1])
        #expect(write(&writer))
        let other = Disk()
        writer.begin(path: "b", calls: other.calls, at: start)
        append([2])
        #expect(write(&writer))
        #expect(disk.bytes == [1])
        #expect(disk.syncs == 1)
        #expect(other.bytes == [2])
        #expect(other.syncs == 0)
    }
}
