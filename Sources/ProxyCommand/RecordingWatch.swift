internal import CSupport
internal import Glibc

/// Waits until something happens to a recording that is followed (inotify(7)).
final class RecordingWatch {
    /// How long it waits at most, in milliseconds, before it says that something may have happened.
    ///
    /// A second: on a network's file system nobody tells what another machine writes.
    private static let patience: CInt = 1000

    private let descriptor: CInt
    private let output: CInt
    /// What was done on SIGINT and SIGTERM before.
    private let handlers: [(signal: CInt, handler: sighandler_t?)]

    /// Watches a directory for files that come and go.
    ///
    /// SIGINT and SIGTERM are held back from now on, and only ask ``isInterrupted``.
    ///
    /// - Parameters:
    ///   - directory: where the files lie.
    ///   - output: what is written to; when nobody reads it any more, that ends the waiting, too.
    /// - Throws: `CallFailure` when nobody can be told.
    init(directory: String, output: CInt) throws(CallFailure) {
        self.output = output
        // They are let through only while it waits, and do nothing but end that.
        handlers = [SIGINT, SIGTERM].map { ($0, signal($0) { _ in }) }
        descriptor = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw CallFailure("cannot follow") }
        let changes = UInt32(IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE)
        guard inotify_add_watch(descriptor, directory, changes) >= 0 else {
            throw CallFailure("cannot follow \(directory)")
        }
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    deinit {
        close(descriptor)
        var signals = Self.signals
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        for (number, handler) in handlers { signal(number, handler) }
    }

    /// Watches a file that is open for what is written to it.
    func add(_ file: CInt) {
        // The link in /proc leads to this very file, whatever is called by its name now.
        inotify_add_watch(descriptor, "/proc/self/fd/\(file)", UInt32(IN_MODIFY))
    }

    /// Whether SIGINT or SIGTERM has come.
    var isInterrupted: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1
    }

    /// Waits; `false` when it is time to end.
    func wait() -> Bool {
        guard !isInterrupted else { return false }
        var files = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: output, events: 0, revents: 0),
        ]
        var during = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &during)
        sigdelset(&during, SIGINT)
        sigdelset(&during, SIGTERM)
        guard csupport_poll(&files, files.count, Self.patience, &during) >= 0 else { return false }
        drain()
        return files[1].revents & Int16(POLLERR | POLLNVAL) == 0
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while read(descriptor, &buffer, buffer.count) > 0 {}
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }
}
