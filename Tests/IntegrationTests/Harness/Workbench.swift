import Foundation
import Synchronization
import Testing

/// Where one test works: a directory of its own, and the processes it has started, which end with it.
final class Workbench: Sendable {
    @TaskLocal private static var running: Workbench?

    /// The bench of the test that runs.
    static var current: Workbench {
        guard let running else { preconditionFailure("the suite lacks the trait .onWorkbench") }
        return running
    }

    /// Short, since a unix socket's path has room for 107 bytes.
    let directory: String
    private let children = Mutex<[ChildProcess]>([])
    private let counter = Mutex(0)
    private let hasFailed = Mutex(false)

    private init() throws {
        var template = Array("/tmp/qp-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else { throw Failure.system("mkdtemp") }
        directory = String(cString: path)
    }

    /// A path in its directory.
    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// A path that nothing else on this bench has.
    func newPath(_ name: String) -> String {
        let number = counter.withLock { counter in
            counter += 1
            return counter
        }
        return path("\(name)\(number)")
    }

    /// Starts a program that ends with the test.
    func start(
        _ arguments: [String],
        name: String,
        environment: [String: String] = [:],
        input: String = "/dev/null"
    ) throws -> ChildProcess {
        let logs = newPath("\(name).")
        let child = try ChildProcess(arguments, name: name, environment: environment, input: input, logs: logs)
        children.withLock { $0.append(child) }
        return child
    }

    /// Runs a program to its end.
    func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = "/dev/null",
        within limit: Duration = Deadline.patience
    ) throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let child = try start(arguments, name: "run", environment: environment, input: input)
        let ending = try child.waitForEnd(within: limit)
        return (ending, child.output, child.errors)
    }

    private func noteFailure() {
        hasFailed.withLock { $0 = true }
    }

    /// Ends what was started; shows what it said if the test failed.
    private func clear(testNamed name: String) {
        let children = children.withLock { $0 }
        for child in children.reversed() { child.end() }
        if hasFailed.withLock({ $0 }) {
            let said = children.map { "--- \($0.name) (\($0.id)) said:\n\($0.errors.suffix(20_000))" }
            let text = "\n=== processes of the failed test \(name)\n" + said.joined(separator: "\n") + "\n===\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
        if Self.keepsFailed, hasFailed.withLock({ $0 }) { return }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Whether what a failed test has left is kept, recordings among it: `KEEP_FAILED` is in the environment.
    private static let keepsFailed = ProcessInfo.processInfo.environment["KEEP_FAILED"] != nil

    /// Gives each test a workbench, or all tests of a suite one.
    struct Trait: SuiteTrait, TestTrait, TestScoping {
        let isRecursive: Bool

        @concurrent func provideScope(
            for test: Test,
            testCase: Test.Case?,
            performing function: @Sendable @concurrent () async throws -> Void
        ) async throws {
            // Tests with a real QEMU wait in system calls; on the threads that all tests share they would keep the
            // others from running. What they have started ends there, too: on its way back to the shared threads a
            // test waits behind all others, and its QEMUs would go on meanwhile.
            try await withTaskExecutorPreference(WaitingExecutor.shared) {
                let bench = try Workbench()
                defer { bench.clear(testNamed: test.name) }
                do {
                    try await Workbench.$running.withValue(bench, operation: function)
                } catch {
                    bench.noteFailure()
                    throw error
                }
            }
        }
    }

    fileprivate static func noteFailure(_ issue: Issue) -> Issue? {
        running?.noteFailure()
        return issue
    }
}

extension Trait where Self == Workbench.Trait {
    /// A ``Workbench`` for each test.
    static var onWorkbench: Self { Self(isRecursive: true) }
}

extension Trait where Self == IssueHandlingTrait {
    /// Shows what a failed test's processes said.
    static var showingLogs: Self { .compactMapIssues { Workbench.noteFailure($0) } }
}
