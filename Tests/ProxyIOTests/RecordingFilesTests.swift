import Glibc
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
final class RecordingFilesTests {
    private let directory = TemporaryDirectory()
    private var ring: RecordingRing

    init() throws {
        ring = try RecordingRing(bytes: 4096)
    }

    deinit {
        ring.unmap()
    }

    private func files(_ name: String) throws -> RecordingFiles {
        let path = directory.path(name)
        var header = Session.header
        let folder = RecordingFolder(path: path, monitor: "vm0")
        let lock = try folder.lock()
        return RecordingFiles(
            ring: ring,
            first: try folder.begin(&header, begun: Session.started),
            folder: folder,
            lock: lock,
            options: RecordingOptions(path: path),
            calls: { $0.calls }
        )
    }

    private func write(_ text: String, to files: inout RecordingFiles) {
        let fits = ring.append(Array(text.utf8))
        #expect(fits)
        ring.publish()
        let isWritten = files.write(upTo: ring.head, at: .now)
        #expect(isWritten)
    }

    private func begin(_ files: inout RecordingFiles) -> [String] {
        files.begin(RecordingQueue.Cut(offset: ring.head, begun: Session.started + 1), at: .now)
    }

    /// Another takes its place, and knows where in the stream it is.
    @Test
    func replacesItsGuardian() throws {
        var files = try files("a")
        let trouble = files.startGuardian()
        #expect(trouble == nil)
        write(Session.headerLine, to: &files)
        let first = try #require(files.guardian)
        #expect(kill(first.process, SIGKILL) == 0)
        wait("the guardian is gone") { !first.isAlive }
        let reports = [files.checkGuardian(), files.checkGuardian()]
        #expect(reports == ["the guardian of \(directory.path("a")) was gone, there is another one", nil])

        let second = try #require(files.guardian)
        #expect(kill(second.process, SIGKILL) == 0)
        wait("the guardian is gone") { !second.isAlive }
        let problems = begin(&files)
        #expect(problems == ["the guardian of \(directory.path("a")) was gone, there is another one"])
        #expect(files.guardian?.isAlive == true)
        write(Session.headerLine, to: &files)
        files.close(at: .now)
        #expect(directory.text("a") == Session.headerLine)
        #expect(directory.names() == ["a", "a-20231114T221320.000000Z.qmprec"])
    }

    @Test(arguments: ["a", "x/"])
    func beginsAnotherFileWhenItsOwnIsDeleted(name: String) throws {
        var files = try files(name)
        write(Session.headerLine, to: &files)
        #expect(files.checkFile() == nil)
        let path = files.segment.path
        #expect(unlink(path) == 0)
        if name == "x/" { #expect(rmdir(directory.path("x")) == 0) }
        #expect(files.checkFile() == "\(path) was deleted")
        let problems = begin(&files)
        #expect(problems == [])
        write(Session.headerLine, to: &files)
        #expect(files.checkFile() == nil)
        files.close(at: .now)
        let names = name == "a" ? ["a"] : ["x/vm0-20231114T221320.000001Z.qmprec"]
        #expect(names.map(directory.text) == [Session.headerLine])
    }

    @Test
    func knowsThatItsFileWasCut() throws {
        var files = try files("a")
        write(Session.headerLine, to: &files)
        #expect(truncate(directory.path("a"), 5) == 0)
        #expect(files.checkFile() == "\(directory.path("a")) was cut")
        files.close(at: .now)
    }

    /// System calls cost time.
    @Test
    func looksAtMostOnceASecond() throws {
        var files = try files("a")
        let now = ContinuousClock.now
        let times = [0, 999, 1000, 1999, 2000].map { now + .milliseconds($0) }
        let due = times.map { files.isCheckDue(at: $0) }
        #expect(due == [true, false, true, false, true])
        files.close(at: now)
    }
}
