internal import Glibc

/// Runs a closure on a thread of its own that no signal disturbs; returns an `errno`, 0 if it runs.
///
/// Signals are for the event loop; and with SIGXFSZ or SIGPIPE blocked a write just fails.
func startRecordingThread(_ body: @escaping () -> Void) -> CInt {
    let work = Unmanaged.passRetained(Work(body: body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread,
        nil,
        { context in
            var signals = sigset_t()
            sigfillset(&signals)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
            return nil
        },
        work.toOpaque()
    )
    if code == 0 { pthread_detach(thread) } else { work.release() }
    return code
}

private final class Work {
    let body: () -> Void

    init(body: @escaping () -> Void) {
        self.body = body
    }
}
