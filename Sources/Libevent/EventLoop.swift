internal import CLibevent
internal import Glibc
internal import Synchronization

/// One libevent loop, and the executor of the actors that live on it.
///
/// A turn is: one `epoll_wait`, the callbacks of what came, the jobs of the actors, then one write for each connection
/// and program that has something to be sent. So what many callbacks of a turn queue for one of them leaves in one
/// system call.
///
/// The base has no locks: other threads only append to the queue of jobs and write to an eventfd
/// (libevent, event.h, `EVENT_BASE_FLAG_NOLOCK`; eventfd(2)).
///
/// `@unchecked Sendable`: `owner`, `jobs` and `wakeDescriptor` are constants that any thread may use. All else is
/// reached on the loop's thread only, which every entry checks (``assertIsolated()``), and the deinitialiser runs when
/// nobody holds the loop any more.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
    let base: OpaquePointer
    /// Bytes on their way in or out; nothing is kept here while somebody else's code is called.
    let scratch: UnsafeMutableRawBufferPointer
    /// Room for the pieces of one write; used as ``scratch`` is.
    let gathering: UnsafeMutableBufferPointer<iovec>

    private let start = EventLoop.now()
    private let jobs = JobQueue()
    private let wakeDescriptor: CInt
    private let wakeEvent: UnsafeMutablePointer<event>
    private let owner = Atomic<pthread_t>(pthread_self())

    private var flushStarts: [() -> Void] = []
    private var isStopping = false
    /// The thread whose next job is that of the turns, while there is one.
    private let beginner = Atomic<pthread_t>(0)
    private var turns: UnownedJob?
    private var jobsTaken: [UnownedJob] = []
    private var errands: [() -> Void] = []
    private var lateErrands: [() -> Void] = []
    private var unflushed: [any Flushing] = []
    private var flushing: [any Flushing] = []
    private var finishing: [ObjectIdentifier: Connection] = [:]

    /// Makes a loop that belongs to the calling thread until another one calls ``run()``.
    ///
    /// - Parameter isPrecise: whether timers are late by microseconds instead of milliseconds, for one more system call
    ///   in each turn that waits for one (libevent, event.h, `EVENT_BASE_FLAG_PRECISE_TIMER`).
    /// - Throws: ``SystemError`` when the kernel has no descriptor left for it.
    public init(isPrecise: Bool = false) throws(SystemError) {
        let wakeDescriptor = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        guard wakeDescriptor >= 0 else { throw .last("eventfd", "") }
        let configuration = event_config_new()
        defer { event_config_free(configuration) }
        event_config_set_flag(configuration, CInt(EVENT_BASE_FLAG_NOLOCK.rawValue))
        if isPrecise { event_config_set_flag(configuration, CInt(EVENT_BASE_FLAG_PRECISE_TIMER.rawValue)) }
        guard let base = event_base_new_with_config(configuration) else {
            defer { close(wakeDescriptor) }
            throw .last("event_base_new_with_config", "")
        }
        let wakeEvent = event_new(base, wakeDescriptor, Int16(EV_READ | EV_PERSIST), drainWakeDescriptor, nil)
        guard let wakeEvent, event_add(wakeEvent, nil) == 0 else {
            defer {
                event_base_free(base)
                close(wakeDescriptor)
            }
            throw .last("event_add", "eventfd")
        }
        self.base = base
        self.wakeEvent = wakeEvent
        self.wakeDescriptor = wakeDescriptor
        scratch = .allocate(byteCount: 256 * 1024, alignment: 64)
        gathering = .allocate(capacity: 64)
    }

    deinit {
        event_free(wakeEvent)
        event_base_free(base)
        close(wakeDescriptor)
        scratch.deallocate()
        gathering.deallocate()
    }

    // MARK: Time

    /// Microseconds of the system's monotonic clock; any thread may ask.
    public static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Microseconds since this loop was made, by ``now()``'s clock; any thread may ask.
    public func microsecondsSinceStart() -> Int64 {
        Self.now() - start
    }

    // MARK: Running

    /// Called, the first one first, before what was queued is offered to the kernel, several times a turn if need be,
    /// and at the turn's end.
    ///
    /// So what must be done before anybody can know of it, such as recording it, is done in time.
    public var beforeFlush: [() -> Void] {
        get {
            assertIsolated()
            return flushStarts
        }
        set {
            assertIsolated()
            flushStarts = newValue
        }
    }

    /// Runs turns on the calling thread, to which the loop belongs from here on, until ``stop()`` is called.
    ///
    /// May be called again afterwards. Jobs that come when nobody runs the loop wait until somebody does.
    public func run() {
        owner.store(pthread_self(), ordering: .sequentiallyConsistent)
        isStopping = false
        Turns(loop: self).assumeIsolated { $0.begin() }
        guard let turns = turns.take() else { preconditionFailure("a task of an actor is enqueued when it is made") }
        turns.runSynchronously(on: asUnownedSerialExecutor())
    }

    /// Makes the turns of a ``run()`` one long job: so the runtime knows whose thread this is, and lets callbacks into
    /// their actors without a long look.
    private actor Turns {
        let loop: EventLoop

        init(loop: EventLoop) {
            self.loop = loop
        }

        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

        func begin() {
            loop.beginner.store(pthread_self(), ordering: .relaxed)
            Task { loop.takeTurns() }
            loop.beginner.store(0, ordering: .relaxed)
        }
    }

    private func takeTurns() {
        while !isStopping {
            let result = event_base_loop(base, hasWork ? EVLOOP_NONBLOCK : EVLOOP_ONCE)
            precondition(result == 0, "the wake-up is always watched, and epoll_wait fails on a closed epoll only")
            runJobs()
            endTurn()
        }
    }

    /// Has ``run()`` return at the end of this turn.
    public func stop() {
        assertIsolated()
        isStopping = true
    }

    /// Makes a waiting loop take a turn; any thread and any signal handler may call it.
    public func wake() {
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, 8)
    }

    /// Calls back at the end of this turn, or in the next one.
    public func atTurnEnd(_ errand: @escaping () -> Void) {
        assertIsolated()
        errands.append(errand)
    }

    /// Calls back when what was queued in this turn was offered to the kernel.
    ///
    /// For what nobody outside waits for, such as a line of the log or waking another thread, which may take this one's
    /// processor.
    ///
    /// - Parameters:
    ///   - first: whether it comes before those that are there already.
    ///   - errand: what is called.
    public func afterFlush(first: Bool = false, _ errand: @escaping () -> Void) {
        assertIsolated()
        lateErrands.insert(errand, at: first ? 0 : lateErrands.endIndex)
    }

    private var hasWork: Bool {
        !unflushed.isEmpty || !errands.isEmpty || !lateErrands.isEmpty || !jobs.isEmpty
    }

    private func runJobs() {
        jobs.takeAll(into: &jobsTaken)
        for job in jobsTaken {
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
        jobsTaken.removeAll(keepingCapacity: true)
    }

    private func endTurn() {
        for errand in Self.take(&errands) { errand() }
        // What one flush makes others queue leaves in this turn too; an endless exchange is cut into turns.
        for _ in 0..<8 where !unflushed.isEmpty {
            for errand in flushStarts { errand() }
            swap(&unflushed, &flushing)
            for output in flushing { output.flush() }
            flushing.removeAll(keepingCapacity: true)
        }
        for errand in flushStarts { errand() }
        for errand in Self.take(&lateErrands) { errand() }
    }

    /// Empties it, since errands may bring others.
    private static func take(_ errands: inout [() -> Void]) -> [() -> Void] {
        guard !errands.isEmpty else { return [] }
        defer { errands.removeAll() }
        return errands
    }

    // MARK: What the module's own types ask for

    /// Has it flushed at the end of this turn, and keeps it until then.
    func flushAtTurnEnd(_ output: any Flushing) {
        unflushed.insert(output, at: output.flushesFirst ? 0 : unflushed.count)
    }

    /// Keeps a connection that has bytes to send when its owner may have forgotten it.
    func keep(_ connection: Connection) {
        finishing[ObjectIdentifier(connection)] = connection
    }

    /// Keeps it no longer.
    func release(_ connection: Connection) {
        finishing[ObjectIdentifier(connection)] = nil
    }

    /// Traps on any thread but the loop's.
    func assertIsolated() {
        precondition(isOnLoopThread, "an event loop's things are used on its thread only")
    }

    private var isOnLoopThread: Bool {
        owner.load(ordering: .relaxed) == pthread_self()
    }
}

extension EventLoop {
    /// Queues an actor's job and wakes the loop; called by the Swift runtime, from any thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        if beginner.load(ordering: .relaxed) == pthread_self() { return turns = UnownedJob(job) }
        // On its own thread the loop looks into the queue before it waits.
        if jobs.append(UnownedJob(job)), !isOnLoopThread {
            wake()
        }
    }

    /// This loop as the runtime wants it; an actor returns it as its `unownedExecutor`.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Whether the calling thread is the loop's: then nothing else of its actors can be running.
    public func isIsolatingCurrentContext() -> Bool? {
        isOnLoopThread
    }

    /// Lets `assumeIsolated` work in callbacks, where no task runs; traps on another thread.
    public func checkIsolated() {
        precondition(isOnLoopThread, "called outside of the event loop's thread")
    }
}

/// Empties the eventfd, whose only use is to end `epoll_wait`.
private func drainWakeDescriptor(descriptor: CInt, conditions: Int16, context: UnsafeMutableRawPointer?) {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
}
