internal import CLibevent

/// Calls back once, some time after it was set; never early.
///
/// Late by some milliseconds at most, as long as the loop is not busy: unless the loop is a precise one, libevent waits
/// in whole milliseconds and measures with a coarse clock. A timer that its owner gives up never calls back.
public final class Timer {
    private let loop: EventLoop
    private let action: () -> Void
    private var event: WatchedEvent?
    /// Microseconds on ``EventLoop/now()``'s clock; `nil` when it is not set.
    private var deadline: Int64?

    /// Makes a timer that is not set yet.
    ///
    /// It keeps what `action` captures.
    public init(loop: EventLoop, action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
    }

    /// Whether it will call back.
    public var isSet: Bool {
        deadline != nil
    }

    /// Calls back that much later; parts of a microsecond are dropped, and a timer set before is moved.
    public func set(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        deadline = EventLoop.now() + microseconds
        if event == nil {
            event = WatchedEvent(
                on: -1,
                for: 0,
                loop: loop,
                context: Unmanaged.passUnretained(self).toOpaque()
            ) { _, _, context in
                guard let context else { return }
                let timer = Unmanaged<Timer>.fromOpaque(context).takeUnretainedValue()
                withExtendedLifetime(timer) { timer.fired() }
            }
        }
        event?.add(afterMicroseconds: microseconds)
    }

    /// Does not call back any more; may be set again.
    public func cancel() {
        deadline = nil
        event?.remove()
    }

    private func fired() {
        guard let deadline else { return }
        let left = deadline - EventLoop.now()
        // libevent counts from when the turn's callbacks began, which may be long ago.
        if left > 0 {
            event?.add(afterMicroseconds: left)
            return
        }
        self.deadline = nil
        action()
    }
}
