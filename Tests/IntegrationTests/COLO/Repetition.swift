import Foundation
import Testing

/// Runs each test of a suite as often as the environment's `COLO_REPEAT` says: what needs luck is found so.
struct Repetition: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    static let count = ProcessInfo.processInfo.environment["COLO_REPEAT"].flatMap { Int($0) } ?? 1

    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        for number in 1...max(1, Self.count) {
            try await function()
            guard Self.count > 1, testCase != nil else { continue }
            FileHandle.standardError.write(Data("\(test.name): \(number) of \(Self.count)\n".utf8))
        }
    }
}

extension Trait where Self == Repetition {
    /// As often as `COLO_REPEAT` says, each time on a bench of its own if `.onWorkbench` stands behind it.
    static var repeated: Self { Self() }
}

extension Trait where Self == TimeLimitTrait {
    /// Long enough for a pair that is made anew since QEMU stalls, as often as `COLO_REPEAT` says.
    static var longEnoughForPairs: Self { .timeLimit(.minutes(15 + 3 * Repetition.count)) }
}
