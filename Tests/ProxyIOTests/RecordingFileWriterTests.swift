import Glibc
import QMP
import Recording
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(1)))
struct RecordingFileWriterTests {
    /// A disk with as much room as wanted.
    private final class Disk {
        var bytes: [UInt8] = []
        /// How many bytes it will take in all.
        var room = Int.max
        /// How many it takes at once.
        var bytesAtOnceMax = Int.max
        var syncs = 0
        var syncsWork = true

        var calls: RecordingFileWriter.Calls {
            RecordingFileWriter.Calls(
                write: { [self] bytes throws(RecordingFileWriter.Calls.Failure) in
                    let count = min(bytes.count, bytesAtOnceMax, room - self.bytes.count)
                    guard count > 0 else { throw RecordingFileWriter.Calls.Failure(code: ENOSPC) }
                    self.bytes += bytes.prefix(count)
                    return count
                },
                sync: { [self] () throws(RecordingFileWriter.Calls.Failure) in
                    syncs += 1
                    guard syncsWork else { throw RecordingFileWriter.Calls.Failure(code: EIO) }
                }
            )
        }
    }

    private static let header = RecordingHeader(started: "2026", proxy: "1", monitor: "vm0")
    private static let headerLine =
        #"{"qmp-recording": 1, "started": "2026", "proxy": "1", "monitor": "vm0", "previous": null}"# + "\n"
    private static let full = "cannot write a.qmprec: No space left on device"

    private func writer(to disk: Disk, isTorn: Bool = false) -> RecordingFileWriter {
        RecordingFileWriter(path: "a.qmprec", header: Self.header, isTorn: isTorn, calls: disk.calls)
    }

    private func opened(_ microseconds: Int64) -> Entry {
        Entry(time: Instant(microseconds: microseconds), place: .client(1), kind: .opened(peer: "p"))
    }

    private func line(_ microseconds: Int) -> String {
        "{\"t\": 0.00000\(microseconds), \"at\": \"client 1\", \"is\": \"opened\", \"peer\": \"p\"}\n"
    }

    private func gapLine(_ microseconds: Int, _ entries: Int) -> String {
        "{\"t\": 0.00000\(microseconds), \"at\": \"proxy\", \"is\": \"gap\", \"entries\": \(entries)}\n"
    }

    @Test(arguments: [1, 7, Int.max])
    func writesHeaderAndEntries(bytesAtOnceMax: Int) {
        let disk = Disk()
        disk.bytesAtOnceMax = bytesAtOnceMax
        var writer = writer(to: disk)
        writer.write([], at: .now)
        #expect(disk.bytes[...].text == Self.headerLine)
        writer.write([opened(1), opened(2)], at: .now)
        writer.write([opened(3)], at: .now)
        let text = Self.headerLine + line(1) + line(2) + line(3)
        #expect(disk.bytes[...].text == text)
        let status = RecordingFile.Status(entriesWritten: 3, bytesWritten: text.utf8.count)
        #expect(writer.status == status)
        #expect(writer.takeReports() == [])
    }

    @Test
    func endsATornLineFirst() {
        let disk = Disk()
        var writer = writer(to: disk, isTorn: true)
        writer.write([opened(1)], at: .now)
        #expect(disk.bytes[...].text == "\n" + Self.headerLine + line(1))
    }

    @Test
    func tellsOfDroppedEntriesBehindThoseBefore() {
        let disk = Disk()
        var writer = writer(to: disk)
        let dropped = RecordingFileWriter.Loss(entries: 5, since: Instant(microseconds: 2))
        writer.write([opened(1)], dropped: dropped, at: .now)
        writer.write([opened(7)], at: .now)
        #expect(disk.bytes[...].text == Self.headerLine + line(1) + gapLine(2, 5) + line(7))
        #expect(writer.status.entriesLost == 5)
        #expect(writer.takeReports() == ["a.qmprec is written again; 5 entries were lost so far"])
    }

    /// Wherever the disk becomes full, the file holds whole lines and torn ones, and the gap counts what is missing.
    @Test
    func losesNoMoreThanItSaysWhereverTheDiskBecomesFull() {
        let whole = Self.headerLine + line(1) + line(2) + line(3)
        for room in 0..<whole.utf8.count {
            let disk = Disk()
            disk.room = room
            var writer = writer(to: disk)
            writer.write([opened(1), opened(2), opened(3)], at: .now)
            let before = whole.utf8.prefix(room).count { $0 == 0x0A }
            let written = max(0, before - 1)
            var status = RecordingFile.Status(entriesWritten: written, bytesWritten: room, entriesLost: 3 - written)
            status.trouble = Self.full
            #expect(writer.status == status)
            // Still full, and no second report.
            writer.write([opened(4)], at: .now)
            #expect(writer.takeReports() == [Self.full])

            disk.room = .max
            writer.write([opened(5)], at: .now)
            let isTorn = room > 0 && whole.utf8.prefix(room).last != 0x0A
            let first = String(decoding: whole.utf8.prefix(room), as: UTF8.self) + (isTorn ? "\n" : "")
            let header = before == 0 ? Self.headerLine : ""
            #expect(disk.bytes[...].text == first + header + gapLine(written + 1, 4 - written) + line(5))
            let lost = 4 - written
            #expect(writer.takeReports() == ["a.qmprec is written again; \(lost) entries were lost so far"])
            #expect(writer.status.trouble == nil)
            #expect(writer.status.entriesWritten + writer.status.entriesLost == 5)
        }
    }

    /// Without anything to write it tries again, too.
    @Test
    func recoversWithoutNewEntries() {
        let disk = Disk()
        disk.room = Self.headerLine.utf8.count
        var writer = writer(to: disk)
        writer.write([opened(1)], at: .now)
        #expect(writer.due != nil)
        disk.room = .max
        writer.write([], at: .now)
        #expect(disk.bytes[...].text == Self.headerLine + gapLine(1, 1))
        #expect(writer.status.trouble == nil)
    }

    @Test
    func writesMuchInPieces() {
        let disk = Disk()
        var writer = writer(to: disk)
        let text = String(repeating: "x", count: 700_000)
        let big = Entry(time: .zero, place: .proxy, kind: .closed(reason: text))
        writer.write([big, big, big, opened(1)], at: .now)
        let line = "{\"t\": 0.000000, \"at\": \"proxy\", \"is\": \"closed\", \"reason\": \"\(text)\"}\n"
        #expect(disk.bytes[...].text == Self.headerLine + line + line + line + self.line(1))
        #expect(writer.status.entriesWritten == 4)
    }

    @Test
    func syncsAtMostEvery200Milliseconds() {
        let disk = Disk()
        var writer = writer(to: disk)
        let start = ContinuousClock.now
        #expect(writer.due == nil)
        for milliseconds in 0..<1000 { writer.write([opened(1)], at: start + .milliseconds(milliseconds)) }
        // At 200, 401, 602 and 803: the time counts from the first byte behind a sync.
        #expect(disk.syncs == 4)
        #expect(writer.due == start + .milliseconds(1004))
        writer.write([], at: start + .milliseconds(1004))
        #expect(disk.syncs == 5)
        #expect(writer.due == nil)
    }

    @Test
    func saysThatItCannotSync() {
        let disk = Disk()
        disk.syncsWork = false
        var writer = writer(to: disk)
        let start = ContinuousClock.now
        writer.write([opened(1)], at: start)
        writer.write([opened(2)], at: start + .milliseconds(200))
        writer.write([opened(3)], at: start + .milliseconds(300))
        #expect(writer.takeReports() == ["cannot sync a.qmprec: Input/output error"])
        disk.syncsWork = true
        writer.write([], at: start + .milliseconds(1200))
        #expect(writer.takeReports() == ["a.qmprec is written again; 0 entries were lost so far"])
        #expect(disk.syncs == 2)
    }
}
