internal import CSupport
internal import Glibc

/// The process that writes what waits if this one is killed.
struct RecordingGuardian {
    let process: pid_t
    private let socket: CInt

    /// Starts a guardian of a ring; it is told of a file next.
    init(of ring: RecordingRing) throws(SystemFailure) {
        var process: pid_t = 0
        socket = csupport_guardian_start(ring.address, &process)
        guard socket >= 0 else { throw SystemFailure(code: errno) }
        self.process = process
    }

    /// Tells it where the stream goes from that offset on; `false` if it is gone.
    func watch(_ segment: RecordingSegment, from offset: Int) -> Bool {
        csupport_guardian_watch(socket, segment.descriptor, offset, segment.bytesBefore) == 0
    }

    /// Whether it is still there.
    var isAlive: Bool {
        var event = pollfd(fd: socket, events: 0, revents: 0)
        return poll(&event, 1, 0) == 0
    }

    /// Ends it: all is written, or another one takes its place.
    func stop() {
        csupport_guardian_stop(socket, process)
    }
}
