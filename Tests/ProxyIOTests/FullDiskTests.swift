import Glibc
import ProxyIO
import QMP
import Recording
import Testing

/// A small file system of the test's own, filled to the last byte.
@Suite(.timeLimit(.minutes(15)), .enabled(if: SmallDisk.isPossible, "only root may mount"))
struct FullDiskTests {
    private let disk = SmallDisk()
    private let reports = Reports()

    /// Entries of about a hundred bytes.
    private let entries = (0..<4000).map { Session.opened($0, String(repeating: "x", count: 40)) }

    private func recorder(queueBytesMax: Int) throws -> Recorder {
        try Recorder(
            options: RecordingOptions(path: disk.path("a")),
            header: Session.header,
            startedMicrosecondsSince1970: Session.started,
            queueBytesMax: queueBytesMax,
            onReport: reports.add
        )
    }

    private var full: String { "cannot write \(disk.path("a")): No space left on device" }

    @Test
    func losesNothingWhileTheRestFitsInTheQueue() throws {
        let recorder = try recorder(queueBytesMax: 1 << 20)
        disk.fill(leaving: 100_000)
        for entry in entries { recorder.append([entry]) }
        wait("the full disk is told") { recorder.status.trouble != nil }
        #expect(recorder.status.trouble == full)
        disk.empty()
        wait("the rest is written") { recorder.status.trouble == nil }
        recorder.close()
        #expect(disk.text("a") == Session.headerLine + Session.lines(of: entries))
        #expect(recorder.status.entriesLost == 0)
        #expect(reports.all == [full, "\(disk.path("a")) is written again; 0 entries were lost so far"])
    }

    @Test
    func leavesAGapWithTheCountBeyondThat() throws {
        let recorder = try recorder(queueBytesMax: 64 << 10)
        disk.fill(leaving: 100_000)
        var appended = 0
        // Until the disk is full, and then until the queue is.
        while recorder.status.trouble == nil {
            recorder.append(Array(entries[appended..<appended + 100]))
            appended += 100
            let bytes = Session.headerLine.utf8.count + Session.lines(of: Array(entries[..<appended])).utf8.count
            wait("it is written") { recorder.status.trouble != nil || recorder.status.bytesWritten == bytes }
        }
        while recorder.status.entriesLost < 1000 {
            recorder.append([entries[appended % entries.count]])
            appended += 1
        }
        #expect(recorder.status.trouble == full + "; entries are lost")
        let lost = recorder.status.entriesLost
        disk.empty()
        wait("the rest is written") { recorder.status.trouble == nil }
        recorder.append([Session.opened(1, "last")])
        recorder.close()
        #expect(recorder.status.entriesWritten + lost == appended + 1)
        #expect(recorder.status.entriesLost == lost)

        var counted = 0
        var written = 0
        var last: Entry?
        var decoder = RecordingDecoder()
        decoder.append(disk.contents("a"))
        while let item = try decoder.next() {
            guard case .entry(let entry) = item.content else { continue }
            last = entry
            if case .gap(let count) = entry.kind { counted += count } else { written += 1 }
        }
        #expect(try decoder.finish() == nil)
        #expect(counted == lost)
        #expect(written == recorder.status.entriesWritten)
        #expect(last == Session.opened(1, "last"))
        let again = "\(disk.path("a")) is written again; \(lost) entries were lost so far"
        #expect(reports.all == [full, full + "; entries are lost", again])
    }
}

/// A file system of one mebibyte.
private final class SmallDisk: Sendable {
    private let directory = TemporaryDirectory()

    static var isPossible: Bool { geteuid() == 0 && SmallDisk().isMounted }

    private let isMounted: Bool

    init() {
        isMounted = mount("tmpfs", directory.path(""), "tmpfs", UInt(MS_NODEV), "size=1m") == 0
    }

    deinit {
        if isMounted { umount2(directory.path(""), CInt(MNT_DETACH)) }
    }

    func path(_ name: String) -> String { directory.path(name) }
    func contents(_ name: String) -> Bytes { directory.contents(name) }
    func text(_ name: String) -> String { directory.text(name) }

    /// Takes all room but so many bytes.
    func fill(leaving bytes: Int) {
        directory.write("filler", ArraySlice(repeating: 0, count: (1 << 20) - bytes))
    }

    /// Gives the room back.
    func empty() {
        unlink(path("filler"))
    }
}
