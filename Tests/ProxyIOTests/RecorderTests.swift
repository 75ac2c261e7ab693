import Glibc
import QMP
import Recording
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
struct RecorderTests {
    private let directory = TemporaryDirectory()
    private let reports = Reports()

    private func recorder(
        _ path: String,
        sync: RecordingOptions.Sync = .interval,
        queueBytesMax: Int = 64 << 20
    ) throws -> Recorder {
        try Recorder(
            options: RecordingOptions(path: path, sync: sync),
            header: Session.header,
            startedMicrosecondsSince1970: Session.started,
            queueBytesMax: queueBytesMax,
            onReport: reports.add
        )
    }

    @Test(arguments: RecordingOptions.Sync.allCases)
    func goesOnWithARecording(sync: RecordingOptions.Sync) throws {
        let path = directory.path("a.qmprec")
        let rest = [Session.opened(3), Session.opened(4)]
        var text = ""
        for number in 1...2 as ClosedRange<Int64> {
            let recorder = try recorder(path, sync: sync)
            recorder.append([Session.opened(number)])
            recorder.append([])
            recorder.append(rest)
            recorder.close()
            recorder.close()
            recorder.append([Session.opened(5)])
            let added = Session.headerLine + Session.lines(of: [Session.opened(number)] + rest)
            text += added
            #expect(recorder.status.entriesWritten == 3)
            #expect(recorder.status.bytesWritten == added.utf8.count)
            #expect(recorder.status.path == path)
            #expect(recorder.status.segments == 1)
        }
        #expect(directory.text("a.qmprec") == text)
        #expect(reports.all == [])
    }

    @Test
    func endsATornLineOfBefore() throws {
        directory.write("a", Bytes(text: Session.headerLine + #"{"t": 1.0"#))
        try recorder(directory.path("a")).close()
        #expect(directory.text("a") == Session.headerLine + "{\"t\": 1.0\n" + Session.headerLine)
    }

    /// What comes while the thread rests wakes it: nobody closes here.
    @Test
    func writesAtOnce() throws {
        let recorder = try recorder(directory.path("a"))
        defer { recorder.close() }
        var text = Session.headerLine
        for number in 0..<20 as Range<Int64> {
            recorder.append([Session.opened(number)])
            text += Session.line(of: Session.opened(number))
            wait("entry \(number) is in the file") { directory.text("a") == text }
        }
    }

    /// What many turns of the loop hand over comes out in order, whatever the thread was just doing.
    @Test
    func keepsTheOrder() throws {
        let recorder = try recorder(directory.path("a"))
        let entries = (0..<10_000).map { Session.opened($0) }
        for start in stride(from: 0, to: entries.count, by: 10) { recorder.append(Array(entries[start..<start + 10])) }
        recorder.close()
        #expect(directory.text("a") == Session.headerLine + Session.lines(of: entries))
    }

    /// A pipe that nobody reads is a disk that hangs: what is beyond the bound is lost, and nobody waits for it.
    @Test
    func losesWhatIsBeyondTheBoundAndTellsHowMuch() throws {
        let path = directory.path("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let recorder = try recorder(path, queueBytesMax: 3 << 20)
        let pipe = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(pipe) }
        let big = String(repeating: "x", count: 1 << 20)
        for number in 1...6 as ClosedRange<Int64> { recorder.append([Session.opened(number, big)]) }
        let tooSlow = "more comes than \(path) takes, entries are lost"
        #expect(recorder.status.entriesLost == 4)
        #expect(recorder.status.trouble == tooSlow)

        let text =
            Session.headerLine
            + Session.lines(of: [Session.opened(1, big), Session.opened(2, big), Session.gap(4, since: 3)])
        var bytes: [UInt8] = []
        while bytes.count < text.utf8.count {
            bytes += [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                count = max(0, read(pipe, buffer.baseAddress, buffer.count))
            }
        }
        recorder.close()
        #expect(bytes == Array(text.utf8))
        #expect(reports.all == [tooSlow, "\(path) is written again; 4 entries were lost so far"])
        #expect(recorder.status.entriesWritten == 2)
        #expect(recorder.status.entriesLost == 4)
        #expect(recorder.status.trouble == nil)
    }

    /// The thread hangs in a write: whoever asks is told after a second, and when it goes on.
    @Test
    func tellsThatTheDiskHangs() throws {
        let path = directory.path("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let recorder = try recorder(path)
        let pipe = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(pipe) }
        let long = Session.opened(1, String(repeating: "x", count: 1 << 20))
        recorder.append([long])
        wait("the pipe is full") {
            var count: CInt = 0
            // It holds 16 pages, and the header has one to itself.
            return ioctl(pipe, UInt(FIONREAD), &count) == 0 && count > 15 * 4096
        }
        _ = recorder.check()
        #expect(recorder.check(at: .now + .seconds(1)))
        #expect(recorder.status.trouble == "\(path) does not take what is written")

        var bytes: [UInt8] = []
        let text = Session.headerLine + Session.line(of: long)
        while bytes.count < text.utf8.count {
            bytes += [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                count = max(0, read(pipe, buffer.baseAddress, buffer.count))
            }
        }
        wait("it is written") { !recorder.check() }
        #expect(recorder.close() == nil)
        #expect(bytes == Array(text.utf8))
        #expect(
            reports.all == [
                "\(path) does not take what is written", "\(path) is written again; 0 entries were lost so far",
            ]
        )
    }

    /// After 5 s, which is what it waits for.
    @Test
    func givesUpInTheEnd() throws {
        let path = directory.path("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let recorder = try recorder(path)
        let long = Session.opened(1, String(repeating: "x", count: 1 << 20))
        recorder.append([long])
        #expect(recorder.close() == "\(path) could not be written to its end in time")
        // So that the thread ends.
        let pipe = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(pipe) }
        var left = (Session.headerLine + Session.line(of: long)).utf8.count
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        while left > 0 { left -= max(0, read(pipe, &bytes, bytes.count)) }
        #expect(recorder.close() == nil)
    }

    @Test
    func tellsOfAnEntryTooLongToWait() throws {
        let path = directory.path("a")
        let recorder = try recorder(path, queueBytesMax: 4096)
        let long = Session.opened(1, String(repeating: "x", count: 5000))
        recorder.append([long])
        recorder.close()
        #expect(directory.text("a") == Session.headerLine + Session.line(of: Session.gap(1, since: 1)))
        let length = Session.line(of: long).utf8.count
        #expect(reports.all == ["\(path): an entry of \(length) bytes is too long to wait, it is lost"])
    }

    @Test
    func goesOnWithoutAFullDisk() throws {
        let recorder = try recorder("/dev/full")
        recorder.append([Session.opened(1)])
        recorder.append([Session.opened(2)])
        let missing = recorder.close()
        let trouble = "cannot write /dev/full: No space left on device"
        let bytes =
            Session.headerLine.utf8.count + Session.lines(of: [Session.opened(1), Session.opened(2)]).utf8.count
        #expect(reports.all == [trouble])
        #expect(missing == "/dev/full lacks the last \(bytes) bytes")
        #expect(recorder.status.bytesWritten == 0)
        #expect(recorder.status.trouble == trouble)
    }
}
