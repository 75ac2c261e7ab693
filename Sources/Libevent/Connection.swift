internal import CLibevent
internal import Glibc

/// A connected stream socket in an ``EventLoop``.
///
/// Input is read as it comes, at most 256 KiB a turn. Output waits until the end of the turn and then leaves in one
/// system call; what the kernel does not take stays queued. There is no limit: the owner watches the unsent amount.
///
/// Whoever made it keeps it: given up, it is closed at once without a word, except that one that was told to
/// ``finish()`` lives on until its last byte is sent. The delegate is not kept.
public final class Connection {
    /// What the owner calls it.
    public let tag: Int
    /// Whether what is queued here leaves before what is queued for others in the same turn: for the one connection
    /// that all others wait for.
    public var flushesFirst = false

    enum Input {
        case flowing
        case paused
        /// The peer will send no more.
        case ended
    }

    enum Phase {
        case open
        /// To be closed when the last byte is sent.
        case finishing
        /// The socket is closed, the delegate to be told.
        case closing(reason: String)
        /// The delegate was told.
        case gone
    }

    let loop: EventLoop
    let passesDescriptors: Bool
    weak var delegate: (any ConnectionDelegate)?
    /// -1 once it is closed.
    var socket: CInt
    var phase = Phase.open
    var input = Input.flowing
    var readEvent: WatchedEvent?
    /// Whether edges are watched for instead of levels: what cannot be read now would call back for ever.
    var watchesEdges = false
    /// Whether the last read brought much: then the next one goes into memory of its own at once.
    var muchCame = false
    /// There as long as the kernel has no room for output.
    var writeEvent: WatchedEvent?
    var output = OutputQueue()
    /// What sending failed with; input that came before is still read.
    var outputError: CInt = 0
    var unsentWasReported = false
    var waitsForFlush = false
    /// Descriptors that were read, with their byte, when reading was paused.
    var held: HeldInput?

    /// Reads from the socket from the next turn on.
    ///
    /// - Parameters:
    ///   - descriptor: the connected stream socket; it is given away to this connection.
    ///   - tag: what the owner calls it.
    ///   - passesDescriptors: whether the peer may send descriptors, each set of which is then delivered with exactly
    ///     the byte that it came with. It costs a system call for each read.
    ///   - loop: the loop it lives in.
    ///   - delegate: who hears of it.
    public init(
        descriptor: DescriptorHandle,
        tag: Int,
        passesDescriptors: Bool,
        loop: EventLoop,
        delegate: any ConnectionDelegate
    ) {
        self.tag = tag
        self.loop = loop
        self.passesDescriptors = passesDescriptors
        self.delegate = delegate
        socket = descriptor.take() ?? -1
        precondition(socket >= 0, "a connection needs an open socket")
        watchInput()
    }

    deinit {
        if socket >= 0 {
            loop.assertIsolated()
            release()
        }
    }

    /// Whether the socket is closed; the delegate may not have been told yet.
    public var isClosed: Bool {
        socket < 0
    }

    // MARK: What the owner may do

    /// Appends bytes to what is sent at the end of this turn.
    ///
    /// `descriptors` leave with the first of these bytes and are closed on our side; in any case they are given away to
    /// this connection, which may be closed: then nothing is sent. Pieces of one message are queued one after the
    /// other, the last one with `endsMessage`; only ``ConnectionDelegate/connection(_:unsent:beyondCurrent:)`` depends
    /// on it.
    public func queue(_ bytes: ArraySlice<UInt8>, endsMessage: Bool, descriptors: [DescriptorHandle] = []) {
        loop.assertIsolated()
        guard case .open = phase, outputError == 0 else {
            for descriptor in descriptors { descriptor.close() }
            return
        }
        output.append(bytes, endsMessage: endsMessage, descriptors: descriptors)
        flushAtTurnEnd()
    }

    /// Delivers nothing more until ``resumeReading()``; what comes stays in the kernel, and the peer has to wait.
    public func pauseReading() {
        loop.assertIsolated()
        if case .flowing = input {
            input = .paused
        }
    }

    /// Delivers what comes again, and what came in between.
    public func resumeReading() {
        loop.assertIsolated()
        guard case .open = phase, case .paused = input else { return }
        input = .flowing
        if watchesEdges {
            watch(edges: false)
        }
        if held != nil {
            readEvent?.activate(EV_READ)
        }
    }

    /// Sends what is unsent, then closes; nothing is read any more and nothing more can be queued.
    ///
    /// The owner may forget the connection now, and the delegate is told of the end as of any other. A peer that does
    /// not read keeps it waiting: the owner limits that with ``close()``.
    public func finish() {
        loop.assertIsolated()
        guard case .open = phase else { return }
        phase = .finishing
        readEvent = nil
        held = nil
        loop.keep(self)
        flushAtTurnEnd()
    }

    /// Closes at once; what is unsent is lost.
    ///
    /// The delegate is told at the end of this turn.
    public func close() {
        loop.assertIsolated()
        guard socket >= 0 else { return }
        phase = .closing(reason: closedByUs)
        release()
        flushAtTurnEnd()
    }

    // MARK: What reading and writing share

    /// Ends it from within the loop.
    func end(_ reason: String) {
        phase = .gone
        release()
        delegate?.connection(self, closed: reason)
    }

    func flushAtTurnEnd() {
        guard !waitsForFlush else { return }
        waitsForFlush = true
        loop.flushAtTurnEnd(self)
    }

    /// Watches for edges or for levels; libevent allows no mixture of them on one descriptor.
    func watch(edges: Bool) {
        let isBlocked = writeEvent != nil
        writeEvent = nil
        watchesEdges = edges
        watchInput()
        if isBlocked, socket >= 0 {
            watchOutput()
        }
    }

    /// Called back for input, and for the peer's leaving.
    private func watchInput() {
        let conditions = EV_READ | EV_PERSIST | (watchesEdges ? EV_ET : 0)
        readEvent = nil
        readEvent = WatchedEvent(on: socket, for: conditions, loop: loop, context: context) { _, _, context in
            Connection.from(context) { $0.readable() }
        }
        if readEvent?.add() != true {
            closeUnwatched()
        }
    }

    /// Called back when the kernel has room again.
    func watchOutput() {
        let conditions = EV_WRITE | EV_PERSIST | (watchesEdges ? EV_ET : 0)
        writeEvent = nil
        writeEvent = WatchedEvent(on: socket, for: conditions, loop: loop, context: context) { _, _, context in
            Connection.from(context) { $0.writable() }
        }
        if writeEvent?.add() != true {
            closeUnwatched()
        }
    }

    /// The kernel refuses to watch the socket, for lack of memory or by its limit (epoll_ctl(2), ENOSPC).
    private func closeUnwatched() {
        phase = .closing(reason: SystemError.last("epoll_ctl", "").description)
        release()
        flushAtTurnEnd()
    }

    private func release() {
        // Before the socket is closed: its number may be another one's at once.
        readEvent = nil
        writeEvent = nil
        output.removeAll()
        held = nil
        _ = Glibc.close(socket)
        socket = -1
        loop.release(self)
    }

    private var context: UnsafeMutableRawPointer {
        Unmanaged.passUnretained(self).toOpaque()
    }

    /// Keeps the connection for the length of a callback: the events go with it, so it is there when they come.
    private static func from(_ context: UnsafeMutableRawPointer?, _ body: (Connection) -> Void) {
        guard let context else { return }
        let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
        withExtendedLifetime(connection) { body(connection) }
    }
}

/// The reason told when the owner closed it.
let closedByUs = "closed by us"
