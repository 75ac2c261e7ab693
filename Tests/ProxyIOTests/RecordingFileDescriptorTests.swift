import Glibc
import ProxyIO
import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RecordingFileDescriptorTests {
    private let directory = TemporaryDirectory()
    private let header = RecordingHeader(started: "2026", proxy: "1", monitor: "vm0")

    private func failure(_ path: String) -> String? {
        #expect(throws: RecordingFile.Failure.self) { try RecordingFile(path: path, header: header) }?.description
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
        #expect(directory.contents("a") == Bytes(text: text))
    }

    @Test
    func leavesARecordingAloneThatIsBeingWritten() throws {
        let path = directory.path("a.qmprec")
        let file = try RecordingFile(path: path, header: header)
        #expect(failure(path) == "\(path) is being recorded to already")
        file.close()
        try RecordingFile(path: path, header: header).close()
    }

    @Test
    func saysWhatIsWrongWithThePath() {
        let missing = directory.path("nowhere/a.qmprec")
        #expect(failure(missing) == "open \(missing): No such file or directory")
        #expect(failure(directory.path("")) == "open \(directory.path("")): Is a directory")
    }
}
