import Foundation

/// A process that this program started, in a process group of its own.
///
/// The group is what is signalled, for contenders may have children; and Ctrl-C in the terminal does not reach it, so
/// that a measurement is ended by this program and not from two sides.
final class ChildProcess {
    let pid: pid_t
    /// Open only with `talks`.
    private var input: Int32 = -1
    private var output: Int32 = -1
    private var unread: [UInt8] = []
    private let logPath: String
    private var isReaped = false

    /// Starts a program whose complaints go to a file.
    ///
    /// - Parameters:
    ///   - command: What to start.
    ///   - logPath: The file that takes standard error.
    ///   - outputPath: The file that takes standard output unless it `talks`; without, the log does.
    ///   - talks: Whether standard input and output are pipes to this program.
    /// - Throws: ``Failure`` if it cannot be started.
    init(_ command: Command, logPath: String, outputPath: String? = nil, talks: Bool = false) throws {
        self.logPath = logPath
        var theirInput: Int32 = -1
        var theirOutput: Int32 = -1
        if talks {
            (theirInput, input) = try Self.makePipe()
            (output, theirOutput) = try Self.makePipe()
        }
        defer {
            for descriptor in [theirInput, theirOutput] where descriptor >= 0 {
                close(descriptor)
            }
        }
        pid = try RunningProcesses.shared.start {
            try Self.spawn(command, logPath, outputPath ?? logPath, input: theirInput, output: theirOutput)
        }
    }

    deinit {
        end()
    }

    /// Whether the process has not ended yet.
    var isRunning: Bool {
        var information = siginfo_t()
        // WNOWAIT leaves it to be reaped by `end`, so that its group cannot become somebody else's before.
        let result = waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT)
        return result == 0 && information._sifields._sigchld.si_pid == 0
    }

    /// Waits for the end, however long; whether it was a good one.
    func waitForEnd() -> Bool {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return information.si_code == CLD_EXITED && information._sifields._sigchld.si_status == 0
    }

    /// The last line that the process complained with.
    var complaint: String? {
        guard let data = FileManager.default.contents(atPath: logPath) else {
            return nil
        }
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init)
    }

    /// The next line of standard output, or `nil` at its end.
    func readLine(until deadline: ContinuousClock.Instant) throws -> String? {
        while true {
            if let newline = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[..<newline], as: UTF8.self)
                unread.removeSubrange(...newline)
                return line
            }
            try waitUntilReadable(output, deadline: deadline)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &buffer, buffer.count)
            if count <= 0 {
                return nil
            }
            unread += buffer[..<count]
        }
    }

    /// Closes standard input, which tells `load` to end its idling.
    func closeInput() {
        if input >= 0 {
            close(input)
            input = -1
        }
    }

    /// Asks the process to end, insists after five seconds, and leaves nothing of its group.
    func end() {
        guard !isReaped else {
            return
        }
        isReaped = true
        closeInput()
        waitUntilAlone()
        kill(-pid, SIGTERM)
        let deadline = ContinuousClock.now + .seconds(5)
        while isRunning, ContinuousClock.now < deadline {
            usleep(2_000)
        }
        kill(-pid, SIGKILL)
        waitpid(pid, nil, 0)
        RunningProcesses.shared.forget(pid)
        if output >= 0 {
            close(output)
        }
    }

    /// Gives children the time to end, as socat's do when their clients have left, and their parent to reap them.
    private func waitUntilAlone() {
        let deadline = ContinuousClock.now + .seconds(2)
        while isRunning, ProcessTree(root: pid).pids.count > 1, ContinuousClock.now < deadline {
            usleep(20_000)
        }
    }
}

extension ChildProcess {
    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw Failure.system("pipe")
        }
        // Not for the processes that are started later: they would keep the pipe open.
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ command: Command,
        _ logPath: String,
        _ outputPath: String,
        input: Int32,
        output: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, logPath, flags, 0o600)
        if input >= 0 {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
            posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, flags, 0o600)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This program ignores the signals it has dispatch sources for; its children must not.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in Interruption.signals {
            sigaddset(&signals, number)
        }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))

        let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        return try withCStrings([command.executable] + command.arguments) { arguments in
            try withCStrings(environment) { environment in
                var pid: pid_t = 0
                let status = posix_spawn(&pid, command.executable, &actions, &attributes, arguments, environment)
                guard status == 0 else {
                    throw Failure.system("cannot start \(command.executable)", status)
                }
                return pid
            }
        }
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) throws -> Result
    ) rethrows -> Result {
        let pointers = strings.map { strdup($0) }
        defer {
            for pointer in pointers {
                free(pointer)
            }
        }
        return try body(pointers + [nil])
    }
}
