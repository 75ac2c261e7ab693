internal import CLibevent
internal import Glibc

/// One libevent event: freed exactly once, and always before its loop is.
///
/// The context is not retained: whoever owns the event is the context, and an event that is freed is never called
/// (libevent, event.h, `event_free`: also from within its own callback).
struct WatchedEvent: ~Copyable {
    private let loop: EventLoop
    private let pointer: UnsafeMutablePointer<event>

    /// An event that is not yet watched for.
    ///
    /// `conditions` are libevent's `EV_…`; 0 makes a timer.
    init(
        on descriptor: CInt,
        for conditions: CInt,
        loop: EventLoop,
        context: UnsafeMutableRawPointer,
        callback: @escaping event_callback_fn
    ) {
        loop.assertIsolated()
        guard let pointer = event_new(loop.base, descriptor, Int16(conditions), callback, context) else {
            preconditionFailure("event_new fails for lack of memory or on impossible conditions only")
        }
        self.loop = loop
        self.pointer = pointer
    }

    deinit {
        event_free(pointer)
    }

    /// Watches until ``remove()``, or once if it is not persistent; `false` with `errno` if the kernel refuses.
    func add() -> Bool {
        event_add(pointer, nil) == 0
    }

    /// Calls back once after that time, at least 1 microsecond; set again, it is moved.
    func add(afterMicroseconds microseconds: Int64) {
        let time = max(microseconds, 1)
        var interval = timeval(tv_sec: Int(time / 1_000_000), tv_usec: Int(time % 1_000_000))
        precondition(event_add(pointer, &interval) == 0, "a timer fails for lack of memory only")
    }

    /// Watches no longer; may be added again.
    func remove() {
        event_del(pointer)
    }

    /// Calls back in the next turn as if the condition had come.
    func activate(_ condition: CInt) {
        event_active(pointer, condition, 0)
    }
}
