import Glibc
import QMP
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
struct RecordingFolderTests {
    private let directory = TemporaryDirectory()

    private func name(_ second: Int) -> String { "vm0-20231114T2213\(20 + second).000000Z.qmprec" }

    /// So many segments of 100 bytes each, a second apart, the last one open.
    private func fill(_ count: Int) throws -> (RecordingFolder, RecordingSegment) {
        for second in 0..<(count - 1) { directory.write(name(second), ArraySlice(repeating: 0x20, count: 100)) }
        let folder = RecordingFolder(path: directory.path(""), monitor: "vm0")
        let last = try folder.create(begun: Session.started + Int64(count - 1) * 1_000_000)
        #expect(write(last.descriptor, String(repeating: " ", count: 100), 100) == 100)
        return (folder, last)
    }

    @Test
    func namesSegmentsByMonitorAndTime() {
        let folder = RecordingFolder(path: directory.path(""), monitor: "a/b")
        #expect(folder.name(begun: 1_700_000_000_120_456) == "a_b-20231114T221320.120456Z.qmprec")
        #expect(folder.name(begun: 1_709_164_799_000_001) == "a_b-20240228T235959.000001Z.qmprec")
        #expect(folder.filePath == nil)
    }

    @Test(arguments: [
        ("/x/vm.qmprec", "/x/", "vm-"), ("vm.qmprec", "", "vm-"), ("/x.y/vm.log", "/x.y/", "vm.log-"),
        ("/vm", "/", "vm-"),
    ])
    func namesSegmentsByTheFileThatIsAskedFor(path: String, directory: String, prefix: String) {
        let folder = RecordingFolder(path: path, monitor: "vm0")
        #expect(folder.directory == directory)
        #expect(folder.prefix == prefix)
        #expect(folder.filePath == path)
    }

    @Test
    func putsSegmentsBesideTheFileThatALinkStandsFor() {
        #expect(mkdir(directory.path("x"), 0o700) == 0)
        directory.write("x/a", [])
        #expect(symlink("x/a", directory.path("link")) == 0)
        #expect(RecordingFolder(path: directory.path("link"), monitor: "vm0").filePath == directory.path("x/a"))
    }

    @Test
    func knowsItsOwnSegmentsFromThoseOfOthers() throws {
        let others = [
            "vm0-b-20231114T221320.000000Z.qmprec", "vm0-20231114T221320.000000Z.qmprec.gz",
            "vm0-20231114T221320.00000Z.qmprec", "vm0-.qmprec", "vm0.qmprec", "vm1-20231114T221320.000000Z.qmprec",
            "vm0-20231114 221320.000000Z.qmprec", "vm0-2023111xT221320.000000Z.qmprec",
        ]
        for name in others + [name(2), name(1)] { directory.write(name, []) }
        #expect(try RecordingFolder(path: directory.path(""), monitor: "vm0").names() == [name(1), name(2)])
    }

    @Test
    func takesTheNextMicrosecondIfANameIsTaken() throws {
        let folder = RecordingFolder(path: directory.path(""), monitor: "vm0")
        for _ in 1...3 { try folder.create(begun: Session.started).close() }
        #expect(try folder.names() == (0...2).map { folder.name(begun: Session.started + $0) })
    }

    @Test(arguments: [
        (nil as Int?, nil as Int?, 0...4), (1, nil, 4...4), (2, nil, 3...4), (9, nil, 0...4), (nil, 500, 0...4),
        (nil, 499, 1...4), (nil, 100, 4...4), (nil, 0, 4...4), (3, 200, 3...4),
        // The one before the current one is kept if two are to be.
        (2, 100, 3...4),
    ])
    func keepsWhatTheOptionsSay(segments: Int?, bytes: Int?, kept: ClosedRange<Int>) throws {
        let (folder, current) = try fill(5)
        defer { current.close() }
        let options = RecordingOptions(path: "", keepSegments: segments, keepBytes: bytes)
        let previous = segments == nil ? nil : name(3)
        #expect(folder.prune(by: options, current: current, previous: previous) == [])
        #expect(try folder.names() == kept.map(name))
    }

    /// All together stay below the limit, however far the current one grows.
    @Test(arguments: [(500, 1...4), (600, 0...4)])
    func leavesRoomForTheCurrentOne(bytes: Int, kept: ClosedRange<Int>) throws {
        let (folder, current) = try fill(5)
        defer { current.close() }
        let options = RecordingOptions(path: "", rotateBytes: 200, keepBytes: bytes)
        #expect(folder.prune(by: options, current: current, previous: nil) == [])
        #expect(try folder.names() == kept.map(name))
    }

    /// A clock that was set back gives a new segment an old name.
    @Test
    func deletesFirstWhatWasWrittenFirst() throws {
        let (folder, current) = try fill(3)
        defer { current.close() }
        let past = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, directory.path(name(1)), past, 0) == 0)
        let options = RecordingOptions(path: "", keepSegments: 2)
        #expect(folder.prune(by: options, current: current, previous: nil) == [])
        #expect(try folder.names() == [name(0), name(2)])
    }

    /// The guardian of a proxy that was killed may still have to write there.
    @Test
    func keepsWhatSomebodyRecordsTo() throws {
        let (folder, current) = try fill(3)
        defer { current.close() }
        directory.write(name(0), [])
        let other = try RecordingSegment(path: directory.path(name(0)), begun: 0)
        let options = RecordingOptions(path: "", keepSegments: 1)
        #expect(folder.prune(by: options, current: current, previous: nil) == [])
        #expect(directory.names() == [name(0), name(2)])
        other.close()
    }

    @Test
    func saysWhatItCannotDelete() throws {
        let (folder, current) = try fill(2)
        defer { current.close() }
        #expect(mkdir(directory.path("vm0-20231114T221310.000000Z.qmprec"), 0o700) == 0)
        let options = RecordingOptions(path: "", keepSegments: 1)
        let path = directory.path("vm0-20231114T221310.000000Z.qmprec")
        #expect(
            folder.prune(by: options, current: current, previous: nil) == ["cannot delete \(path): Is a directory"]
        )
        #expect(directory.names() == ["vm0-20231114T221310.000000Z.qmprec", name(1)])
    }
}
