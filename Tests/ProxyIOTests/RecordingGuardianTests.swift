import CSupport
import Glibc
import QMP
import Testing

@testable import ProxyIO

/// What a guardian does when the proxy is gone, tried at each state that the proxy may have left things in.
@Suite(.timeLimit(.minutes(15)))
final class RecordingGuardianTests {
    private let directory = TemporaryDirectory()
    private var ring: RecordingRing
    private let lines = "line one\nline two\nline three\n"

    init() throws {
        ring = try RecordingRing(bytes: 4096)
    }

    deinit {
        ring.unmap()
    }

    private func append(_ text: String) {
        let fits = ring.append(Array(text.utf8))
        #expect(fits)
        ring.publish()
    }

    /// A segment whose file holds that already, when it is opened.
    private func segment(_ name: String = "a", holding text: String = "") throws -> RecordingSegment {
        directory.write(name, Bytes(text: text))
        return try RecordingSegment(path: directory.path(name), begun: 0)
    }

    private func write(_ text: some StringProtocol, to segment: RecordingSegment) {
        #expect(Glibc.write(segment.descriptor, String(text), text.utf8.count) == text.utf8.count)
    }

    /// Whatever part was written, and whether the proxy came to note that or not, the file is whole in the end.
    @Test(arguments: ["", Session.headerLine])
    func completesTheFileHoweverMuchIsThere(before: String) throws {
        append(lines)
        for written in 0...lines.utf8.count {
            for noted in 0...written {
                let segment = try segment(holding: before)
                defer { segment.close() }
                write(lines.prefix(written), to: segment)
                ring.advance(to: noted)
                #expect(csupport_ring_rescue(ring.address, segment.descriptor, 0, before.utf8.count) == 0)
                #expect(directory.text("a") == before + lines)
                ring.advance(to: 0)
            }
        }
    }

    /// The stream goes on in a file that was begun in its midst.
    @Test
    func completesAFileBehindACut() throws {
        append(lines)
        let segment = try segment()
        defer { segment.close() }
        write("line t", to: segment)
        ring.advance(to: 9)
        #expect(csupport_ring_rescue(ring.address, segment.descriptor, 9, 0) == 0)
        #expect(directory.text("a") == "line two\nline three\n")
    }

    /// Cut or written to by somebody else: it goes on where the proxy knew itself to be, on a line of its own.
    @Test(arguments: ["", "x", "others write here, and they write much"])
    func doesNotTrustAFileThatSomebodyElseChanged(text: String) {
        append(lines)
        ring.advance(to: 9)
        directory.write("a", Bytes(text: text))
        let file = open(directory.path("a"), O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(file) }
        #expect(csupport_ring_rescue(ring.address, file, 0, 0) == 0)
        #expect(directory.text("a") == text + "\nline two\nline three\n")
    }

    @Test
    func saysThatItCannotWrite() throws {
        append(lines)
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        #expect(csupport_ring_rescue(ring.address, full, 0, 0) == -1)
        #expect(errno == ENOSPC)
    }

    /// The process itself: its end of the socket closes when the proxy dies, and so it does here.
    @Test
    func writesToTheLastFileItWasToldOfWhenTheProxyIsGone() throws {
        let first = try segment("a")
        let second = try segment("b")
        append(lines)
        write("line one\n", to: first)
        var process: pid_t = 0
        let socket = csupport_guardian_start(ring.address, &process)
        #expect(csupport_guardian_watch(socket, first.descriptor, 0, 0) == 0)
        #expect(csupport_guardian_watch(socket, second.descriptor, 9, 0) == 0)
        first.close()
        second.close()
        close(socket)
        var status: CInt = 0
        #expect(waitpid(process, &status, 0) == process)
        #expect(status == 0)
        #expect(directory.text("a") == "line one\n")
        #expect(directory.text("b") == "line two\nline three\n")
    }

    /// The proxy gave up on a disk that hangs, and so does the guardian: this is a pipe that nobody reads.
    @Test
    func doesNotWriteWhatIsAbandoned() throws {
        let path = directory.path("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let segment = try RecordingSegment(path: path, begun: 0)
        defer { segment.close() }
        append(lines)
        ring.abandon()
        var process: pid_t = 0
        let socket = csupport_guardian_start(ring.address, &process)
        #expect(csupport_guardian_watch(socket, segment.descriptor, 0, 0) == 0)
        close(socket)
        #expect(waitpid(process, nil, 0) == process)
        var count: CInt = -1
        #expect(ioctl(segment.descriptor, UInt(FIONREAD), &count) == 0)
        #expect(count == 0)
    }

    /// The proxy may be started again before the guardian of the one before is done.
    @Test
    func isWaitedForByTheNextProxy() throws {
        var ring = try RecordingRing(bytes: 16 << 20)
        defer { ring.unmap() }
        let line = Array((String(repeating: "#", count: 1023) + "\n").utf8)
        while ring.append(line) {}
        ring.publish()
        let segment = try segment(holding: Session.headerLine)
        var process: pid_t = 0
        let socket = csupport_guardian_start(ring.address, &process)
        #expect(csupport_guardian_watch(socket, segment.descriptor, 0, segment.bytesBefore) == 0)
        segment.close()
        close(socket)
        let next = try RecordingSegment(path: segment.path, begun: 0)
        #expect(next.bytesBefore == Session.headerLine.utf8.count + (16 << 20))
        next.close()
        #expect(waitpid(process, nil, 0) == process)
    }

    @Test
    func endsWithoutAWordWhenAllIsWritten() throws {
        let segment = try segment()
        append(lines)
        let guardian = try RecordingGuardian(of: ring)
        #expect(guardian.watch(segment, from: 0))
        #expect(guardian.isAlive)
        segment.close()
        guardian.stop()
        #expect(kill(guardian.process, 0) == -1)
        #expect(errno == ESRCH)
        #expect(directory.text("a") == "")
    }

    /// Nobody may wait for the end of a socket or a pipe that only the guardian still has.
    @Test
    func keepsNoDescriptorOfTheProxy() throws {
        var pipeEnds: [CInt] = [-1, -1]
        #expect(pipe(&pipeEnds) == 0)
        let guardian = try RecordingGuardian(of: ring)
        defer { guardian.stop() }
        close(pipeEnds[1])
        var byte: UInt8 = 0
        #expect(read(pipeEnds[0], &byte, 1) == 0)
        close(pipeEnds[0])
    }

    /// A signal for the whole process group, such as a terminal sends, does not reach it, nor does a polite one.
    @Test
    func outlivesSignalsThatCanBeBlocked() throws {
        let segment = try segment()
        defer { segment.close() }
        let guardian = try RecordingGuardian(of: ring)
        for signal in [SIGTERM, SIGINT, SIGQUIT, SIGHUP] { #expect(kill(guardian.process, signal) == 0) }
        #expect(guardian.watch(segment, from: 0))
        #expect(guardian.isAlive)
        wait("it has a session of its own") { getsid(guardian.process) == guardian.process }
        guardian.stop()
    }

    /// Nor does one that somebody stopped keep the proxy from ending.
    @Test
    func isEndedEvenIfItIsStopped() throws {
        let segment = try segment()
        defer { segment.close() }
        let guardian = try RecordingGuardian(of: ring)
        #expect(kill(guardian.process, SIGSTOP) == 0)
        wait("it is told no more than there is room for") { !guardian.watch(segment, from: 0) }
        guardian.stop()
        #expect(kill(guardian.process, 0) == -1)
    }

    @Test
    func isKnownToBeGone() throws {
        let segment = try segment()
        defer { segment.close() }
        let guardian = try RecordingGuardian(of: ring)
        #expect(kill(guardian.process, SIGKILL) == 0)
        wait("the guardian is gone") { !guardian.isAlive }
        #expect(!guardian.watch(segment, from: 0))
        guardian.stop()
        #expect(kill(guardian.process, 0) == -1)
    }
}
