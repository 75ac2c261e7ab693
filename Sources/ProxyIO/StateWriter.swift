internal import Dispatch
internal import Libevent
internal import QMP
internal import Synchronization

/// Stores what plugins of one monitor want kept, on a thread of its own: nobody waits for the disk.
///
/// A value that another one of the same plugin follows before its turn comes is not written: it is stored when that is.
final class StateWriter: Sendable {
    /// What has become of a value.
    struct Result: Equatable {
        /// The plugin's place in the chain.
        let plugin: Int
        let number: Int
        /// Why it is not stored, in a line for a person; `nil` if it is.
        let failure: String?
    }

    private struct State {
        var waiting = 0
        var bytesWaiting = 0
        var results: [Result] = []
        /// The last value of each plugin, by its number, and those before it that it stands for.
        var last: [Int: Int] = [:]
        var passedOver: [Int: [Int]] = [:]
    }

    /// How many values may wait for the disk.
    ///
    /// 64: a plugin stores one and goes on when that is done; who stores more often than a disk can follow is told.
    static let waitingMax = 64
    /// How many bytes these may have in all: four of the longest values.
    static let bytesWaitingMax = 4 * StateFile.bytesMax
    /// How long ``close()`` waits for the disk.
    ///
    /// 5 s, as a recording does.
    private static let closingTimeMax = DispatchTimeInterval.seconds(5)

    private let files: [StateFile]
    private let onResult: @Sendable () -> Void
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "qmp-proxy.state")

    /// A writer of these plugins' files; `onResult` is called on any thread when there is something to
    /// ``takeResults()``.
    init(_ files: [StateFile], onResult: @escaping @Sendable () -> Void) {
        self.files = files
        self.onResult = onResult
    }

    /// Stores a value behind those that wait already, or refuses it.
    func store(_ value: Bytes, plugin: Int, number: Int) {
        let failure = state.withLock { state -> String? in
            if value.count > StateFile.bytesMax { return "\(value.count) bytes, \(StateFile.bytesMax) are allowed" }
            guard state.waiting < Self.waitingMax, state.bytesWaiting + value.count <= Self.bytesWaitingMax else {
                return "\(state.waiting) values wait for the disk already"
            }
            state.waiting += 1
            state.bytesWaiting += value.count
            state.last[plugin] = number
            return nil
        }
        if failure != nil {
            tell(Result(plugin: plugin, number: number, failure: failure))
            return
        }
        queue.async { [self] in
            let isLast = state.withLock { state in
                state.waiting -= 1
                state.bytesWaiting -= value.count
                if state.last[plugin] != number { state.passedOver[plugin, default: []].append(number) }
                return state.last[plugin] == number
            }
            guard isLast else { return }
            var failure: String?
            do throws(SystemError) { try files[plugin].replace(with: value) } catch { failure = "\(error)" }
            let numbers = state.withLock { $0.passedOver.removeValue(forKey: plugin) ?? [] } + [number]
            for number in numbers { tell(Result(plugin: plugin, number: number, failure: failure)) }
        }
    }

    /// What has become of values since this was last asked, in the order in which it has.
    func takeResults() -> [Result] {
        state.withLock { state in
            defer { state.results = [] }
            return state.results
        }
    }

    /// Returns when nothing waits any more, or after 5 s; what is not stored then, in a line for a person.
    func close() -> String? {
        let end = DispatchSemaphore(value: 0)
        queue.async { end.signal() }
        guard end.wait(timeout: .now() + Self.closingTimeMax) == .success else {
            return "the last states of plugins could not be stored in time"
        }
        return takeResults().lazy.compactMap(\.failure).first.map { "a plugin's last state is not stored: \($0)" }
    }

    private func tell(_ result: Result) {
        state.withLock { $0.results.append(result) }
        onResult()
    }
}
