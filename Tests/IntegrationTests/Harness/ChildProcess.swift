import Foundation
import Synchronization

/// A program started by a test, in its own right: waited for, ended and reaped by its process id.
///
/// The child holds one end of a socket pair, its lifeline, for as long as it lives; so that it has ended is a fact that
/// poll(2) can wait for.
final class ChildProcess: Sendable {
    /// How a process ended.
    enum Ending: Equatable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        init(waitStatus: Int32) {
            let signal = waitStatus & 0x7F
            self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .killed(signal: signal)
        }

        var description: String {
            switch self {
            case .exited(let status): "exited with \(status)"
            case .killed(let signal): "killed by signal \(signal)"
            }
        }
    }

    let name: String
    let id: pid_t
    private let outputPath: String
    private let errorPath: String
    private let lifeline: Int32
    private let ending = Mutex<Ending?>(nil)

    /// Starts a program; what it writes goes to files.
    ///
    /// - Throws: ``Failure`` if it cannot be started.
    init(
        _ arguments: [String],
        name: String,
        environment: [String: String] = [:],
        input: String = "/dev/null",
        logs: String
    ) throws {
        self.name = name
        outputPath = "\(logs).out"
        errorPath = "\(logs).err"
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Failure.system("socketpair") }
        lifeline = ends[0]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let creates = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, creates, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, creates, 0o600)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 3)
        var attributes = Self.unmasked()
        defer { posix_spawnattr_destroy(&attributes) }
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var child = pid_t()
        let error = posix_spawnp(&child, arguments[0], &actions, &attributes, &argv, &envp)
        close(ends[1])
        guard error == 0 else {
            close(lifeline)
            throw Failure("\(arguments[0]): \(String(cString: strerror(error)))")
        }
        id = child
    }

    deinit {
        end()
        close(lifeline)
    }

    /// Signals reach the child, though the test's own thread blocks them, as the threads of a pool do.
    private static func unmasked() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        return attributes
    }

    /// What it wrote to its standard output so far.
    var output: String { Self.text(of: outputPath) }

    /// What it wrote to its standard error so far.
    var errors: String { Self.text(of: errorPath) }

    /// Whether it lives.
    var isRunning: Bool { !Deadline(in: .zero).waits(for: POLLIN, on: lifeline) }

    func signal(_ number: Int32) {
        ending.withLock { ending in
            if ending == nil { kill(id, number) }
        }
    }

    /// How it ended.
    ///
    /// - Throws: ``Failure`` if it has not ended in time.
    @discardableResult
    func waitForEnd(within limit: Duration = Deadline.patience) throws -> Ending {
        if let ending = ending.withLock({ $0 }) { return ending }
        guard Deadline(in: limit).waits(for: POLLIN, on: lifeline) else {
            throw Failure("\(name) still runs after \(limit)")
        }
        return reap()
    }

    /// Ends it if it still runs.
    func end() {
        signal(SIGCONT)
        signal(SIGKILL)
        _ = reap()
    }

    private func reap() -> Ending {
        ending.withLock { ending in
            if let ending { return ending }
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            let result = Ending(waitStatus: status)
            ending = result
            return result
        }
    }

    /// Waits until its standard error holds a text.
    ///
    /// - Throws: ``Failure`` if that does not come, or it ends before.
    func waitForErrors(containing text: String, times: Int = 1) throws {
        let found = Deadline().waits { errors.components(separatedBy: text).count > times || !isRunning }
        guard found, errors.components(separatedBy: text).count > times else {
            throw Failure("\(name) does not say \"\(text)\"; it said:\n\(errors)")
        }
    }

    /// How many descriptors it has open.
    var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count) ?? -1
    }

    /// The memory it holds, in bytes (proc(5), `VmRSS`).
    var residentBytes: Int {
        let lines = Self.text(of: "/proc/\(id)/status").split(separator: "\n")
        let words = lines.first { $0.hasPrefix("VmRSS:") }?.split(separator: " ") ?? []
        return words.compactMap { Int($0) }.first.map { $0 * 1024 } ?? -1
    }

    private static func text(of path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
