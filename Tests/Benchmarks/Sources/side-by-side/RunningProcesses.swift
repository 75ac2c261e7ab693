import Foundation
import Synchronization

/// Every process and directory that must not outlive this program, however it ends.
final class RunningProcesses: Sendable {
    static let shared = RunningProcesses()

    private struct State {
        var groups: Set<pid_t> = []
        var directories: Set<String> = []
        /// Set when the program ends: from then on nothing may be started.
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Starts a process, which must lead a process group of its own, and remembers it.
    func start(_ spawn: () throws -> pid_t) throws -> pid_t {
        try state.withLock { state in
            guard !state.isClosed else {
                throw Failure("interrupted")
            }
            let pid = try spawn()
            state.groups.insert(pid)
            return pid
        }
    }

    func forget(_ pid: pid_t) {
        state.withLock { _ = $0.groups.remove(pid) }
    }

    /// Has the directory removed at the end.
    func remember(directory: String) {
        state.withLock { _ = $0.directories.insert(directory) }
    }

    /// Ends all that is left.
    func close() {
        state.withLock { state in
            state.isClosed = true
            for group in state.groups {
                kill(-group, SIGKILL)
            }
            for directory in state.directories {
                try? FileManager.default.removeItem(atPath: directory)
            }
            state.groups = []
            state.directories = []
        }
    }
}
