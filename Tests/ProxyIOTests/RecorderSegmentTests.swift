import Glibc
import QMP
import Recording
import Synchronization
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
struct RecorderSegmentTests {
    private let directory = TemporaryDirectory()
    private let reports = Reports()

    private func isAllWritten(_ recorder: Recorder) -> Bool {
        recorder.state.withLock { $0.queue.ring.tail == $0.queue.ring.head }
    }

    private func recorder(_ options: RecordingOptions, started: Int64 = Session.started) throws -> Recorder {
        try Recorder(
            options: options,
            header: Session.header,
            startedMicrosecondsSince1970: started,
            onReport: reports.add
        )
    }

    private func name(_ microseconds: Int) -> String {
        let text = "\(microseconds)"
        return "vm0-20231114T221320.\(String(repeating: "0", count: 6 - text.count))\(text)Z.qmprec"
    }

    private func text(previous: String?, _ entries: Entry...) -> String {
        Session.line(of: Session.header(after: previous)) + Session.lines(of: entries)
    }

    @Test
    func recordsToADirectoryThatItMakes() throws {
        for started in 0...1 as ClosedRange<Int64> {
            let recorder = try recorder(
                RecordingOptions(path: directory.path("new/")),
                started: Session.started + started
            )
            recorder.append([Session.opened(1)])
            recorder.close()
        }
        #expect(directory.names(in: "new") == [name(0), name(1)])
        #expect(directory.text("new/" + name(0)) == text(previous: nil, Session.opened(1)))
        #expect(directory.text("new/" + name(1)) == text(previous: name(0), Session.opened(1)))
        var facts = stat()
        #expect(stat(directory.path("new"), &facts) == 0)
        #expect(facts.st_mode & 0o7777 == 0o700)
        let failure = #expect(throws: Recorder.Failure.self) {
            try recorder(RecordingOptions(path: directory.path("not/there/")))
        }
        #expect(failure?.description == "mkdir \(directory.path("not/there/")): No such file or directory")
    }

    @Test
    func beginsASegmentWhenToldTo() throws {
        let recorder = try recorder(RecordingOptions(path: directory.path("")))
        recorder.append([Session.opened(1)])
        recorder.beginSegment(Session.header, at: Instant(microseconds: 5))
        recorder.append([Session.opened(6)])
        recorder.beginSegment(Session.header, at: Instant(microseconds: 7))
        recorder.close()
        #expect(recorder.status.segments == 3)
        #expect(recorder.status.path == directory.path(name(7)))
        #expect(directory.names() == [name(0), name(5), name(7)])
        #expect(directory.text(name(0)) == text(previous: nil, Session.opened(1)))
        #expect(directory.text(name(5)) == text(previous: name(0), Session.opened(6)))
        #expect(directory.text(name(7)) == text(previous: name(5)))
        #expect(reports.all == [])
    }

    /// Who follows a plain file finds the newest under its name.
    @Test
    func movesAPlainFileAside() throws {
        let recorder = try recorder(RecordingOptions(path: directory.path("vm0.qmprec")))
        recorder.append([Session.opened(1)])
        recorder.beginSegment(Session.header, at: Instant(microseconds: 5))
        recorder.append([Session.opened(6)])
        recorder.close()
        #expect(directory.names() == [name(0), "vm0.qmprec"])
        #expect(directory.text(name(0)) == text(previous: nil, Session.opened(1)))
        #expect(directory.text("vm0.qmprec") == text(previous: name(0), Session.opened(6)))
    }

    /// As logrotate does before it sends SIGHUP.
    @Test
    func opensAPlainFileAnewThatWasMovedAside() throws {
        let recorder = try recorder(RecordingOptions(path: directory.path("vm0.qmprec")))
        recorder.append([Session.opened(1)])
        #expect(rename(directory.path("vm0.qmprec"), directory.path("vm0.qmprec.1")) == 0)
        recorder.append([Session.opened(2)])
        recorder.beginSegment(Session.header, at: Instant(microseconds: 5))
        recorder.close()
        #expect(directory.names() == ["vm0.qmprec", "vm0.qmprec.1"])
        #expect(directory.text("vm0.qmprec.1") == text(previous: nil, Session.opened(1), Session.opened(2)))
        #expect(directory.text("vm0.qmprec") == text(previous: name(0)))
    }

    /// Noticed with what is written a second later; the caller brings the header.
    @Test
    func goesOnInANewFileWhenItsOwnIsDeleted() throws {
        let path = directory.path("vm0.qmprec")
        let recorder = try recorder(RecordingOptions(path: path))
        recorder.append([Session.opened(1)])
        wait("it is written") { isAllWritten(recorder) }
        #expect(unlink(path) == 0)
        wait("a segment is due") { isAllWritten(recorder) && recorder.append([Session.opened(2)]) }
        recorder.beginSegment(Session.header, at: Instant(microseconds: 5))
        recorder.append([Session.opened(6)])
        recorder.close()
        #expect(directory.text("vm0.qmprec") == text(previous: name(0), Session.opened(6)))
        #expect(reports.all == ["\(path) was deleted; what comes next goes to a new file"])
    }

    /// A segment that cannot be opened costs nothing but that: the one before goes on.
    @Test
    func goesOnInTheOldSegmentIfThereCannotBeANewOne() throws {
        let recorder = try recorder(RecordingOptions(path: directory.path("x/")))
        #expect(rename(directory.path("x"), directory.path("y")) == 0)
        recorder.append([Session.opened(1)])
        recorder.beginSegment(Session.header, at: Instant(microseconds: 5))
        recorder.append([Session.opened(6)])
        wait("it was tried") { !reports.all.isEmpty }
        #expect(rename(directory.path("y"), directory.path("x")) == 0)
        recorder.beginSegment(Session.header, at: Instant(microseconds: 7))
        recorder.close()
        #expect(directory.names(in: "x") == [name(0), name(7)])
        #expect(
            directory.text("x/" + name(0)) == text(previous: nil, Session.opened(1))
                + text(previous: name(0), Session.opened(6))
        )
        #expect(directory.text("x/" + name(7)) == text(previous: name(0)))
        #expect(
            reports.all == [
                "the segment \(directory.path("x/" + name(0))) goes on, a new one is not possible: "
                    + "open \(directory.path("x/" + name(5))): No such file or directory"
            ]
        )
    }

    /// What is no file has no segments, just more headers.
    @Test
    func doesNotMoveADevice() throws {
        let recorder = try recorder(RecordingOptions(path: "/dev/null", rotateBytes: 1))
        #expect(!recorder.append([Session.opened(1)]))
        recorder.beginSegment(Session.header, at: .zero)
        recorder.close()
        #expect(recorder.status.segments == 1)
        #expect(
            recorder.status.bytesWritten == text(previous: nil, Session.opened(1)).utf8.count
                + text(previous: nil).utf8.count
        )
    }

    /// All segments one after the other hold each entry once, in order, and each header names the one before.
    @Test(arguments: ["", "vm0.qmprec"])
    func losesNothingBetweenSegments(path: String) throws {
        let recorder = try recorder(
            RecordingOptions(path: directory.path(path), sync: .none, rotateBytes: 20_000)
        )
        let entries = (0..<20_000).map { Session.opened($0) }
        for start in stride(from: 0, to: entries.count, by: 7) {
            let turn = entries[start..<min(start + 7, entries.count)]
            if recorder.append(Array(turn)) {
                recorder.beginSegment(
                    Session.header,
                    at: Instant(microseconds: turn[turn.endIndex - 1].time.microseconds)
                )
            }
        }
        recorder.close()
        var previous: String?
        var found: [Entry] = []
        // By their names in order; the plain file is the last one.
        for name in directory.names() {
            var decoder = RecordingDecoder()
            decoder.append(directory.contents(name))
            #expect(try decoder.next()?.content == .header(Session.header(after: previous)))
            while case .entry(let entry) = try decoder.next()?.content { found.append(entry) }
            #expect(try decoder.finish() == nil)
            previous = name
        }
        #expect(found == entries)
        #expect(directory.names().count == recorder.status.segments)
        #expect(recorder.status.segments > 50)
        #expect(reports.all == [])
    }

    /// Neither does a disk that takes little at a time and refuses much of that.
    @Test
    func losesNothingOnABadDisk() throws {
        let attempts = Atomic(0)
        let recorder = try Recorder(
            options: RecordingOptions(path: directory.path(""), rotateBytes: 10_000),
            header: Session.header,
            startedMicrosecondsSince1970: Session.started,
            queueBytesMax: 64 << 20,
            calls: { segment in
                let calls = segment.calls
                return RecordingSegment.Calls(
                    write: { bytes throws(SystemFailure) in
                        let attempt = attempts.add(1, ordering: .relaxed).oldValue
                        guard attempt % 3 != 0 else { throw SystemFailure(code: ENOSPC) }
                        return try calls.write(
                            UnsafeRawBufferPointer(rebasing: bytes.prefix(1 + attempt * 997 % 10_000))
                        )
                    },
                    sync: calls.sync
                )
            },
            onReport: reports.add
        )
        let entries = (0..<2000).map { Session.opened($0) }
        for entry in entries where recorder.append([entry]) { recorder.beginSegment(Session.header, at: entry.time) }
        wait("all is written") {
            // Whatever comes has it try again.
            recorder.append([])
            return recorder.status.trouble == nil && isAllWritten(recorder)
        }
        recorder.close()
        var previous: String?
        var text = ""
        for name in directory.names() {
            let header = Session.line(of: Session.header(after: previous))
            #expect(directory.text(name).hasPrefix(header))
            text += directory.text(name).dropFirst(header.utf8.count)
            previous = name
        }
        #expect(text == Session.lines(of: entries))
        #expect(recorder.status.entriesLost == 0)
        #expect(reports.all.count > 10)
    }

    @Test
    func deletesOldSegmentsAsItGoes() throws {
        for second in 0...4 { directory.write("vm0-20200101T00000\(second).000000Z.qmprec", []) }
        let recorder = try recorder(RecordingOptions(path: directory.path(""), keepSegments: 3))
        recorder.append([Session.opened(1)])
        recorder.beginSegment(Session.header, at: Instant(microseconds: 1))
        recorder.close()
        #expect(directory.names() == ["vm0-20200101T000004.000000Z.qmprec", name(0), name(1)])
    }

    /// Whoever starts and has nothing to record, time and again, deletes nothing.
    @Test
    func deletesNothingBeforeTheFirstEntry() throws {
        let old = (0...2).map { "vm0-20200101T00000\($0).000000Z.qmprec" }
        for name in old { directory.write(name, []) }
        let recorder = try recorder(RecordingOptions(path: directory.path(""), keepSegments: 3))
        recorder.close()
        #expect(directory.names() == old + [name(0)])
    }

    /// In a directory it does not help anybody to have another file with a header.
    @Test
    func goesOnWithASegmentThatHoldsOnlyItsHeader() throws {
        let recorder = try recorder(RecordingOptions(path: directory.path("")))
        for time in 1...9 as ClosedRange<Int64> {
            recorder.beginSegment(Session.header, at: Instant(microseconds: time))
        }
        recorder.append([Session.opened(10)])
        recorder.close()
        #expect(directory.names() == [name(0)])
        #expect(directory.text(name(0)) == text(previous: nil, Session.opened(10)))
    }

    /// Two would delete each other's segments.
    @Test
    func hasADirectoryToItself() throws {
        let path = directory.path("x/")
        let first = try recorder(RecordingOptions(path: path))
        let failure = #expect(throws: Recorder.Failure.self) { try recorder(RecordingOptions(path: path)) }
        #expect(failure?.description == "\(path) is being recorded to already")
        first.close()
        try recorder(RecordingOptions(path: path)).close()
    }
}
