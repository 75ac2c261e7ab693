import Foundation
import Glibc
import Recording
import Testing

@testable import ProxyCommand

@Suite(.serialized, .timeLimit(.minutes(15)))
struct FollowTests {
    private let stage = Stage()
    private static let title = "vm0, recorded by qmp-proxy 0.1.0 from 2026-11-21T03:06:29.120Z"

    @Test
    func readsWhatIsWrittenAndWaitsForTheRestOfALine() throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: "vm0.qmprec")
        let follower = try Follower(stage.path("vm0.qmprec"))
        follower.expect("\(Self.title)\n" + Lines.shown("1.000000", "a"))
        let line = Lines.mark(2, "b")
        stage.append(String(line.prefix(20)), to: "vm0.qmprec")
        stage.append(String(line.dropFirst(20)), to: "vm0.qmprec")
        follower.expect(Lines.shown("2.000000", "b"))
        #expect(follower.end() == "")
    }

    /// Twice, so fast that nobody looks in between; each file is read to its end first.
    @Test(arguments: ["vm0.qmprec", "vm0"])
    func goesOnOverRotation(name: String) throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: name)
        let follower = try Follower(stage.path(name))
        follower.expect("\(Self.title)\n" + Lines.shown("1.000000", "a"))
        let first = "vm0-20261121T030629.000001Z.qmprec"
        let second = "vm0-20261121T030629.000002Z.qmprec"
        stage.append(Lines.mark(2, "b"), to: name)
        rename(stage.path(name), stage.path(first))
        stage.append(Lines.header(first, begins: 2) + Lines.mark(3, "c"), to: name)
        rename(stage.path(name), stage.path(second))
        stage.append(Lines.mark(0, "another's"), to: "vm0-x.qmprec")
        stage.append(Lines.header(second, begins: 3) + Lines.mark(4, "d"), to: name)
        follower.expect(
            Lines.shown("2.000000", "b") + "\(Self.title), goes on from \(first) at 2.000000\n"
                + Lines.shown("3.000000", "c") + "\(Self.title), goes on from \(second) at 3.000000\n"
                + Lines.shown("4.000000", "d")
        )
        stage.append(Lines.mark(5, "e"), to: name)
        follower.expect(Lines.shown("5.000000", "e"))
        #expect(follower.end() == "")
    }

    @Test
    func goesOnWithANewerSegmentOfADirectory() throws {
        let first = "vm0-20261121T030629.000001Z.qmprec"
        let second = "vm0-20261121T030629.000002Z.qmprec"
        let follower = try Follower(stage.directory)
        stage.append(Lines.header + Lines.mark(1, "a"), to: first)
        follower.expect("\(Self.title)\n" + Lines.shown("1.000000", "a"))
        stage.append(Lines.header + Lines.mark(9, "another's"), to: "vm1-20261121T030629.000001Z.qmprec")
        stage.append(Lines.mark(2, "b"), to: first)
        stage.append(Lines.header(first, begins: 3) + Lines.mark(4, "c"), to: second)
        unlink(stage.path(first))
        follower.expect(
            Lines.shown("2.000000", "b") + "\(Self.title), goes on from \(first) at 3.000000\n"
                + Lines.shown("4.000000", "c")
        )
        #expect(follower.end() == "")
    }

    @Test
    func refusesToFollowSeveralRecordings() throws {
        stage.append(Lines.header, to: "vm0-20261121T030629.000001Z.qmprec")
        stage.append(Lines.header, to: "vm1-20261121T030629.000001Z.qmprec")
        let shown = try stage.show("") { $0.follows = true }
        #expect(shown.errors.hasSuffix(": it holds several recordings: vm0, vm1"))
        #expect(!shown.isWell)
    }

    @Test
    func startsOverWhenTheFileIsCutShort() throws {
        stage.append(Lines.header + Lines.mark(1, "a") + Lines.mark(2, "b"), to: "vm0.qmprec")
        let follower = try Follower(stage.path("vm0.qmprec"))
        follower.expect("\(Self.title)\n" + Lines.shown("1.000000", "a") + Lines.shown("2.000000", "b"))
        truncate(stage.path("vm0.qmprec"), 0)
        stage.append(Lines.header + Lines.mark(9, "c"), to: "vm0.qmprec")
        follower.expect("\(Self.title)\n" + Lines.shown("9.000000", "c"))
        let path = stage.path("vm0.qmprec")
        #expect(follower.end() == "qmp-proxy: \(path): it was cut short, and is read from its beginning again\n")
    }
}

/// `show --follow` on a thread of its own; it ends when nobody reads its output any more.
private final class Follower: Sendable {
    private let output: CInt
    private let errors: CInt
    private let isOver = DispatchSemaphore(value: 0)

    init(_ path: String) throws {
        signal(SIGPIPE, SIG_IGN)
        var output: [CInt] = [0, 0]
        var errors: [CInt] = [0, 0]
        #expect(pipe(&output) == 0 && pipe(&errors) == 0)
        self.output = output[0]
        self.errors = errors[0]
        var options = ShowSession.Options()
        options.follows = true
        options.output = output[1]
        options.errors = errors[1]
        let isOver = isOver
        Thread.detachNewThread { [options] in
            do {
                var session = try ShowSession(path, options)
                _ = try session.run()
            } catch {
                Issue.record(error)
            }
            close(options.output)
            close(options.errors)
            isOver.signal()
        }
    }

    /// Waits until exactly that has come, or something else, or nothing for ten seconds.
    func expect(_ wanted: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let wanted = Array(wanted.utf8)
        var text: [UInt8] = []
        var poll = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        while text.count < wanted.count, wanted.starts(with: text), Glibc.poll(&poll, 1, 10_000) > 0 {
            text += Self.read(output)
        }
        #expect(
            String(decoding: text, as: UTF8.self) == String(decoding: wanted, as: UTF8.self),
            sourceLocation: sourceLocation
        )
    }

    /// Stops reading, waits for the end, and gives what was complained of.
    func end() -> String {
        close(output)
        #expect(isOver.wait(timeout: .now() + 10) == .success)
        defer { close(errors) }
        return String(decoding: Self.read(errors), as: UTF8.self)
    }

    private static func read(_ descriptor: CInt) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
    }
}
