import Glibc
import ProxyIO
import QMP
import Recording
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RecordingFileTests {
    private let directory = TemporaryDirectory()
    private let header = RecordingHeader(started: "2026", proxy: "1", monitor: "vm0")

    private func opened(_ microseconds: Int64, _ peer: String = "p") -> Entry {
        Entry(time: Instant(microseconds: microseconds), place: .client(1), kind: .opened(peer: peer))
    }

    private func items(of bytes: Bytes) throws -> [RecordingDecoder.Item] {
        var decoder = RecordingDecoder()
        decoder.append(bytes)
        var items: [RecordingDecoder.Item] = []
        while let item = try decoder.next() { items.append(item) }
        if let item = try decoder.finish() { items.append(item) }
        return items
    }

    @Test
    func goesOnWithARecording() throws {
        let path = directory.path("a.qmprec")
        for number in 1...2 as ClosedRange<Int64> {
            let file = try RecordingFile(path: path, header: header)
            file.append([opened(number)])
            file.append([])
            file.append([opened(3), opened(4)])
            file.close()
            file.close()
            file.append([opened(5)])
            #expect(file.status.entriesWritten == 3)
            #expect(file.status.entriesLost == 0)
        }
        #expect(
            try items(of: directory.contents("a.qmprec")) == [
                .header(header, line: 1), .entry(opened(1), line: 2), .entry(opened(3), line: 3),
                .entry(opened(4), line: 4), .header(header, line: 5), .entry(opened(2), line: 6),
                .entry(opened(3), line: 7), .entry(opened(4), line: 8),
            ]
        )
    }

    @Test
    func endsATornLineOfBefore() throws {
        let path = directory.path("a.qmprec")
        try RecordingFile(path: path, header: header).close()
        let line = directory.contents("a.qmprec")
        directory.write("a.qmprec", line + Bytes(text: #"{"t": 1.0"#))
        try RecordingFile(path: path, header: header).close()
        #expect(directory.contents("a.qmprec") == line + Bytes(text: "{\"t\": 1.0\n") + line)
    }

    @Test
    func createsAFileForItsOwnerOnly() throws {
        let path = directory.path("a.qmprec")
        let file = try RecordingFile(path: path, header: header)
        defer { file.close() }
        var facts = stat()
        #expect(stat(path, &facts) == 0)
        #expect(facts.st_mode & 0o7777 == 0o600)
    }

    /// What many turns of the loop hand over comes out in order, whatever the thread was just doing.
    @Test
    func keepsTheOrder() throws {
        let file = try RecordingFile(path: directory.path("a.qmprec"), header: header)
        let entries = (0..<10_000).map { opened($0) }
        for start in stride(from: 0, to: entries.count, by: 10) { file.append(Array(entries[start..<start + 10])) }
        file.close()
        let wanted = entries.enumerated().map { RecordingDecoder.Item.entry($0.element, line: $0.offset + 2) }
        #expect(try items(of: directory.contents("a.qmprec")) == [.header(header, line: 1)] + wanted)
    }

    /// A pipe that nobody reads is a disk that hangs: what is beyond the bound is dropped, and nobody waits for it.
    @Test
    func dropsWhatIsBeyondTheBoundAndTellsHowMuch() throws {
        let path = directory.path("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let reports = Mutex<[String]>([])
        let file = try RecordingFile(path: path, header: header, queueBytesMax: 2 << 20) { report in
            reports.withLock { $0.append(report) }
        }
        let big = String(repeating: "x", count: 1 << 20)
        let pipe = open(path, O_RDONLY)
        defer { close(pipe) }
        file.append([opened(1, big)])
        var headerLine: [UInt8] = []
        RecordingEncoder.append(header, to: &headerLine)
        var bytesInPipe: CInt = 0
        while bytesInPipe <= headerLine.count {
            #expect(ioctl(pipe, UInt(FIONREAD), &bytesInPipe) == 0)
            sched_yield()
        }
        for number in 2...6 as ClosedRange<Int64> { file.append([opened(number, big)]) }
        let tooSlow = "the disk is too slow for \(path), entries are lost"
        #expect(file.status.entriesLost == 4)
        #expect(file.status.trouble == tooSlow)

        var bytes: [UInt8] = []
        while !bytes.suffix(200).contains(Array("\"gap\"".utf8)) || bytes.last != 0x0A {
            bytes += [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                count = max(0, read(pipe, buffer.baseAddress, buffer.count))
            }
        }
        file.close()
        #expect(
            try items(of: bytes[...]) == [
                .header(header, line: 1), .entry(opened(1, big), line: 2), .entry(opened(2, big), line: 3),
                .entry(Entry(time: Instant(microseconds: 3), place: .proxy, kind: .gap(entries: 4)), line: 4),
            ]
        )
        #expect(reports.withLock { $0 } == [tooSlow, "\(path) is written again; 4 entries were lost so far"])
        #expect(file.status.entriesWritten == 2)
        #expect(file.status.entriesLost == 4)
        #expect(file.status.trouble == nil)
    }

    @Test
    func goesOnWithoutAFullDisk() throws {
        let reports = Mutex<[String]>([])
        let file = try RecordingFile(path: "/dev/full", header: header) { report in
            reports.withLock { $0.append(report) }
        }
        file.append([opened(1)])
        file.append([opened(2)])
        file.close()
        let trouble = "cannot write /dev/full: No space left on device"
        #expect(reports.withLock { $0 } == [trouble])
        #expect(file.status.entriesWritten == 0)
        #expect(file.status.bytesWritten == 0)
        #expect(file.status.entriesLost == 2)
        #expect(file.status.trouble == trouble)
    }
}
