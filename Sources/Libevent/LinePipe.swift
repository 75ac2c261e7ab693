internal import CLibevent
internal import Glibc

/// The end of a pipe from which lines are read, until all who can write to it have closed it.
final class LinePipe {
    /// How much is read in one turn of the loop, in bytes.
    ///
    /// 64 KiB: a pipe holds as much (pipe(7)); who writes more does not keep others waiting.
    private static let bytesPerTurnMax = 64 * 1024

    private let loop: EventLoop
    private let onLine: (LineDecoder.Line) -> Void
    private let onEnd: () -> Void
    private var lines: LineDecoder
    /// -1 once it is closed.
    private var descriptor: CInt
    private var event: WatchedEvent?

    /// Takes a descriptor, which is given away to this object.
    init(
        _ descriptor: CInt,
        lineBytesMax: Int,
        loop: EventLoop,
        onLine: @escaping (LineDecoder.Line) -> Void,
        onEnd: @escaping () -> Void
    ) {
        self.loop = loop
        self.onLine = onLine
        self.onEnd = onEnd
        self.descriptor = descriptor
        lines = LineDecoder(lineBytesMax: lineBytesMax)
    }

    deinit {
        close()
    }

    var isClosed: Bool { descriptor < 0 }

    /// Reads from the next turn on.
    ///
    /// - Throws: when the kernel refuses to watch it.
    func start() throws(SystemError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        event = WatchedEvent(on: descriptor, for: EV_READ | EV_PERSIST, loop: loop, context: context) { _, _, context in
            guard let context else { return }
            let pipe = Unmanaged<LinePipe>.fromOpaque(context).takeUnretainedValue()
            withExtendedLifetime(pipe) { pipe.readable() }
        }
        if event?.add() != true { throw .last("epoll_ctl", "") }
    }

    /// Reads no more; who writes to it gets SIGPIPE.
    func close() {
        guard descriptor >= 0 else { return }
        // Before the descriptor is closed: its number may be another one's at once.
        event = nil
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// Tells of the line that has begun, if one has, and of the end.
    func finish() {
        guard !isClosed else { return }
        close()
        if let last = lines.finish() { onLine(last) }
        onEnd()
    }

    private func readable() {
        let count = read(descriptor, loop.scratch.baseAddress, Self.bytesPerTurnMax)
        guard count > 0 else {
            if count == 0 || (errno != EAGAIN && errno != EINTR) { finish() }
            return
        }
        var bytes = Array(loop.scratch[..<count])[...]
        while !isClosed, let line = lines.next(from: &bytes) { onLine(line) }
    }
}
