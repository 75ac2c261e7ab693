internal import CLibevent

/// Calls back in the loop for each time a signal came; what the signal does by default does not happen.
///
/// Several signals between two turns may be one call. Only one loop of a process can watch signals at a time
/// (libevent, signal.c).
public final class SignalWatch {
    private let action: () -> Void
    private var event: WatchedEvent?

    /// Watches for a signal such as `SIGTERM` as long as this object is kept.
    ///
    /// It keeps what `action` captures.
    ///
    /// - Throws: ``SystemError`` for a signal that cannot be caught.
    public init(signal: CInt, loop: EventLoop, action: @escaping () -> Void) throws(SystemError) {
        self.action = action
        event = WatchedEvent(
            on: signal,
            for: EV_SIGNAL | EV_PERSIST,
            loop: loop,
            context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, _, context in
            guard let context else { return }
            let watch = Unmanaged<SignalWatch>.fromOpaque(context).takeUnretainedValue()
            withExtendedLifetime(watch) { watch.action() }
        }
        if event?.add() != true {
            throw .last("sigaction", "signal \(signal)")
        }
    }

    /// Gives the signal its former effect back.
    public func cancel() {
        event = nil
    }
}
