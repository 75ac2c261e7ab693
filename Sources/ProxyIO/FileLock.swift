internal import Glibc

/// The lock on a file or a directory that is written to (flock(2)): by one proxy at a time.
enum FileLock {
    /// How often it is tried to get the lock, and how long to wait between two tries, in milliseconds.
    ///
    /// 2 s in all: the guardian of a proxy that was killed holds it until it has written the rest, at most 64 MiB.
    private static let tries = (count: 100, milliseconds: CInt(20))

    /// Takes the lock, or says who it is that has it.
    static func take(
        _ descriptor: CInt,
        _ path: String,
        busy: String = "is being recorded to already"
    ) throws(Recorder.Failure) {
        for attempt in 1...tries.count {
            guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
            guard attempt < tries.count else { throw Recorder.Failure("\(path) \(busy)") }
            poll(nil, 0, tries.milliseconds)
        }
    }

    /// Whether somebody records to that file.
    static func isTaken(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}

/// A directory that no other proxy writes to, as long as this lives.
///
/// The guardian does not have it: the next proxy need not wait.
final class DirectoryLock: Sendable {
    private let descriptor: CInt

    /// Locks a directory; refused if somebody has it for 2 s, who is `busy` with it.
    init(path: String, busy: String = "is being recorded to already") throws(Recorder.Failure) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Recorder.Failure("open", path, errno) }
        try FileLock.take(descriptor, path, busy: busy)
    }

    deinit {
        close(descriptor)
    }

    /// Gives it up at once, whoever still has this.
    func release() {
        flock(descriptor, LOCK_UN)
    }
}
