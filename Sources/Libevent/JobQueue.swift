internal import Glibc

/// The jobs that wait for the loop; the only thing that other threads reach.
///
/// `@unchecked Sendable`: every access to `jobs` and `wakeIsUnderWay` is made with `mutex` held, and both are private.
/// (A pthread mutex: the thread sanitizer does not understand `Synchronization.Mutex`.)
final class JobQueue: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var jobs: [UnownedJob] = []
    private var wakeIsUnderWay = false

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        precondition(pthread_mutex_init(mutex, nil) == 0, "a plain mutex needs nothing that can be missing")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    var isEmpty: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return jobs.isEmpty
    }

    /// Appends a job and tells whether it is the first one since the last ``takeAll(into:)``: then the loop has to
    /// be woken.
    func append(_ job: UnownedJob) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        jobs.append(job)
        defer { wakeIsUnderWay = true }
        return !wakeIsUnderWay
    }

    /// Moves all jobs to an empty array, whose room is used for the next ones.
    func takeAll(into taken: inout [UnownedJob]) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        wakeIsUnderWay = false
        if !jobs.isEmpty {
            swap(&jobs, &taken)
        }
    }
}
