import Foundation

/// Threads for tests that wait in system calls.
final class WaitingExecutor: TaskExecutor {
    static let shared = WaitingExecutor()

    /// Two for each core: while one test waits for QEMU another may work.
    private let threads = OperationQueue()

    private init() {
        threads.maxConcurrentOperationCount = 2 * ProcessInfo.processInfo.activeProcessorCount
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.addOperation {
            // The others go first; on Linux this is the thread's own, and what it starts inherits it.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
