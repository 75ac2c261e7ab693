import Glibc
import QMP
import Recording
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
struct RecordingSegmentTests {
    private let directory = TemporaryDirectory()

    private func failure(_ path: String) -> String? {
        #expect(throws: Recorder.Failure.self) { try RecordingSegment(path: path, begun: 0) }?.description
    }

    @Test(arguments: [
        ("hello\n", "line 1: no JSON: '{' is wanted at byte 0"),
        ("{\"a\": 1}\n", "line 1: \"is\" is missing"),
        ("\u{7F}ELF", "it begins like something else"),
        ("{", "its first line does not end"),
    ])
    func leavesOtherFilesAlone(text: String, reason: String) {
        let path = directory.path("a")
        directory.write("a", Bytes(text: text))
        #expect(failure(path) == "\(path) exists and is no recording: \(reason)")
        #expect(directory.text("a") == text)
    }

    /// After the two seconds that a guardian is given.
    @Test
    func leavesARecordingAloneThatIsBeingWritten() throws {
        let path = directory.path("a.qmprec")
        let segment = try RecordingSegment(path: path, begun: 0)
        #expect(failure(path) == "\(path) is being recorded to already")
        segment.close()
        try RecordingSegment(path: path, begun: 0).close()
    }

    @Test
    func knowsHowItsFileEndsAndWhereItIs() throws {
        directory.write("a", Bytes(text: Session.headerLine + "{"))
        var segment = try RecordingSegment(path: directory.path("a"), begun: 0)
        defer { segment.close() }
        #expect(segment.isTorn)
        #expect(segment.bytesBefore == Session.headerLine.utf8.count + 1)
        #expect(segment.name == "a")
        #expect(segment.isAtItsPath)
        #expect(rename(directory.path("a"), directory.path("b")) == 0)
        #expect(!segment.isAtItsPath)
        segment.path = directory.path("b")
        #expect(segment.isAtItsPath)
    }

    @Test
    func createsAFileForItsOwnerOnlyAndOnlyIfThereIsNone() throws {
        let path = directory.path("a")
        let segment = try RecordingSegment(path: path, begun: 0, mustBeNew: true)
        defer { segment.close() }
        var facts = stat()
        #expect(stat(path, &facts) == 0)
        #expect(facts.st_mode & 0o7777 == 0o600)
        let failure = #expect(throws: Recorder.Failure.self) {
            try RecordingSegment(path: path, begun: 0, mustBeNew: true)
        }
        #expect(failure?.code == EEXIST)
    }

    /// A proxy that was killed, or a full disk, may leave that.
    @Test(arguments: ["{\"qmp-rec", String(Session.headerLine.dropLast())])
    func goesOnBehindAPartOfAHeader(text: String) throws {
        directory.write("a", Bytes(text: text))
        let segment = try RecordingSegment(path: directory.path("a"), begun: 0)
        defer { segment.close() }
        #expect(segment.isTorn)
        #expect(segment.bytesBefore == text.utf8.count)
        #expect(directory.text("a") == text)
    }

    @Test
    func goesOnBehindALongHeader() throws {
        var header = Session.header
        header.monitor = String(repeating: "x", count: 70_000)
        let text = Session.line(of: header)
        directory.write("a", Bytes(text: text))
        let segment = try RecordingSegment(path: directory.path("a"), begun: 0)
        defer { segment.close() }
        #expect(!segment.isTorn)
        #expect(segment.bytesBefore == text.utf8.count)
    }

    /// Somebody else made it, or it is older.
    @Test
    func takesAFileForItsOwnerOnly() throws {
        directory.write("a", Bytes(text: Session.headerLine))
        #expect(chmod(directory.path("a"), 0o644) == 0)
        try RecordingSegment(path: directory.path("a"), begun: 0).close()
        var facts = stat()
        #expect(stat(directory.path("a"), &facts) == 0)
        #expect(facts.st_mode & 0o7777 == 0o600)
    }

    @Test
    func saysWhatIsWrongWithThePath() {
        let missing = directory.path("nowhere/a.qmprec")
        #expect(failure(missing) == "open \(missing): No such file or directory")
    }
}
