internal import CLibevent
internal import CSupport
internal import Glibc

/// A program that runs beside this one, and is spoken with in lines.
///
/// It has pipes for its standard input, output and error and a process group of its own; what it has started in that
/// group ends with it at the latest. What is written waits until the end of the turn and then leaves in one system
/// call; what the kernel does not take stays queued. There is no limit: the owner watches the unsent amount.
///
/// SIGPIPE must be ignored in this process and SIGCHLD must not be (waitpid(2), "Notes"). Whoever made it keeps it:
/// given up, it is killed without a word. The delegate is not kept.
public final class ChildProcess {
    /// How a program has ended.
    public enum Ending: Sendable, Hashable {
        /// By itself, with that status.
        case exited(status: Int32)
        /// By that signal.
        case killed(signal: Int32)
    }

    /// How long things are waited for.
    public struct Patience: Sendable {
        /// From ``ChildProcess/stop()`` to SIGTERM.
        ///
        /// 1 s: a filter ends with its input, and who wants to save something has time for it.
        public var beforeTermination = Duration.seconds(1)
        /// From SIGTERM to SIGKILL.
        ///
        /// 2 s: who has not heeded both by then hangs. A service manager kills us after 90 s (systemd.service(5),
        /// `TimeoutStopSec`).
        public var beforeKilling = Duration.seconds(2)
        /// From the program's end to that of its output, which a process that it has started may hold open; and from
        /// SIGKILL to the end, which a disk that hangs holds up.
        ///
        /// 1 s: what the program has written itself lies in the pipe already.
        public var afterwards = Duration.seconds(1)

        /// The usual times.
        public init() {}
    }

    /// The longest line of standard output, in bytes: one that is longer ends the program.
    ///
    /// 1 MiB: the long replies of a monitor fit, and a program that has gone astray is told from them.
    public static let lineBytesMax = 1 << 20
    /// What is told of one line of standard error, in bytes.
    ///
    /// 8 KiB: a line in a log that is longer is no help.
    public static let complaintBytesMax = 8 << 10

    enum Phase {
        case running
        /// Its input is closed when all is written; SIGTERM comes next.
        case asked
        /// SIGKILL comes next.
        case terminated
        case killed
        /// It has ended and is not reaped; its output is read to the end.
        case ended
        /// The delegate was told.
        case gone
    }

    /// What the owner calls it.
    public let tag: Int
    /// The process's number.
    public let id: Int32

    let loop: EventLoop
    let patience: Patience
    weak var delegate: (any ChildProcessDelegate)?
    var phase = Phase.running
    /// Its pidfd; -1 once it is reaped.
    var handle: CInt
    var endEvent: WatchedEvent?
    var alarm: Timer?
    var standardOutput: LinePipe?
    var standardError: LinePipe?
    /// -1 once it is closed.
    var standardInput: CInt
    /// There as long as the pipe has no room.
    var inputEvent: WatchedEvent?
    var output = OutputQueue()
    /// How much is unsent by what the owner was told and has written since.
    var unsentKnown = 0
    var waitsForFlush = false

    /// Starts a program; this call waits until it is executed.
    ///
    /// - Parameters:
    ///   - arguments: the program, which is looked for in PATH unless it has a slash, and its arguments.
    ///   - tag: what the owner calls it.
    ///   - patience: how long things are waited for.
    ///   - loop: the loop it is watched in.
    ///   - delegate: who hears of it.
    /// - Throws: why it cannot be started.
    public init(
        _ arguments: [String],
        tag: Int,
        patience: Patience = Patience(),
        loop: EventLoop,
        delegate: any ChildProcessDelegate
    ) throws(SystemError) {
        loop.assertIsolated()
        let program = try Self.execute(arguments)
        self.tag = tag
        self.patience = patience
        self.loop = loop
        self.delegate = delegate
        (id, handle, standardInput) = (program.pid, program.handle, program.input)
        standardOutput = pipe(program.output, lineBytesMax: Self.lineBytesMax) { $0.wrote($1) }
        standardError = pipe(program.errors, lineBytesMax: Self.complaintBytesMax) {
            $0.delegate?.childProcess($0, complained: $1.bytes)
        }
        try standardOutput?.start()
        try standardError?.start()
        try watchEnd()
    }

    deinit {
        loop.assertIsolated()
        closeInput()
        endEvent = nil
        guard handle >= 0 else { return }
        signal(SIGKILL)
        // Who dies later than this is reaped by whoever becomes its parent when this process ends.
        _ = reap()
        close(handle)
    }

    // MARK: What the owner may do

    /// Ends it: its input is closed behind what was written, then it gets SIGTERM, then SIGKILL.
    public func stop() {
        loop.assertIsolated()
        guard phase == .running else { return }
        phase = .asked
        setAlarm(after: patience.beforeTermination)
        flushAtTurnEnd()
    }

    /// Kills it and what it has started in its process group, at once.
    public func kill() {
        loop.assertIsolated()
        guard phase != .gone else { return }
        signal(SIGKILL)
        guard phase != .ended else { return }
        phase = .killed
        setAlarm(after: patience.afterwards)
    }

    // MARK: Its start

    private static func execute(_ arguments: [String]) throws(SystemError) -> csupport_program {
        let subject = arguments.first ?? ""
        // A C string would end there.
        guard !subject.isEmpty, !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw SystemError(call: "posix_spawn", code: EINVAL, subject: subject)
        }
        let pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var program = csupport_program()
        guard csupport_start_program(pointers, &program) == 0 else { throw .last("posix_spawn", subject) }
        return program
    }

    private func pipe(
        _ descriptor: CInt,
        lineBytesMax: Int,
        onLine: @escaping (ChildProcess, LineDecoder.Line) -> Void
    ) -> LinePipe {
        LinePipe(
            descriptor,
            lineBytesMax: lineBytesMax,
            loop: loop,
            onLine: { [weak self] line in if let self { onLine(self, line) } },
            onEnd: { [weak self] in self?.finishIfSilent() }
        )
    }

    private func wrote(_ line: LineDecoder.Line) {
        guard line.isCut else {
            delegate?.childProcess(self, wrote: line.bytes)
            return
        }
        standardOutput?.close()
        stop()
        let reason = "a line of its standard output is longer than \(Self.lineBytesMax) bytes"
        delegate?.childProcess(self, isEndedBecause: reason)
        finishIfSilent()
    }

    private func watchEnd() throws(SystemError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        endEvent = WatchedEvent(on: handle, for: EV_READ, loop: loop, context: context) { _, _, context in
            ChildProcess.from(context) { $0.ended() }
        }
        if endEvent?.add() != true { throw .last("epoll_ctl", "") }
    }

    /// Keeps the program's object for the length of a callback: the events go with it, so it is there when they come.
    static func from(_ context: UnsafeMutableRawPointer?, _ body: (ChildProcess) -> Void) {
        guard let context else { return }
        let program = Unmanaged<ChildProcess>.fromOpaque(context).takeUnretainedValue()
        withExtendedLifetime(program) { body(program) }
    }
}
