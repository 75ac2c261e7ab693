import Foundation
import ProxyTesting
import Testing

/// The engine in a world where everything may go wrong, seed by seed.
///
/// `SIMULATION_SEEDS` says how many, `SIMULATION_FIRST_SEED` from which on (a commit's hash will do, too), and with
/// `SIMULATION_TRACE` everything is written as it happens.
@Suite(.serialized, .timeLimit(.minutes(30)))
struct SimulationTests {
    private static let seedsByDefault: UInt64 = 200

    private static func number(_ name: String) -> UInt64? {
        guard let text = ProcessInfo.processInfo.environment[name] else { return nil }
        return UInt64(text) ?? text.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }
    }

    @Test func theEngineKeepsItsPromisesWhateverHappens() {
        let first = Self.number("SIMULATION_FIRST_SEED") ?? 1
        let count = Self.number("SIMULATION_SEEDS") ?? Self.seedsByDefault
        let isTraced = Self.number("SIMULATION_TRACE") != nil
        var seen: Set<SimulatorSight> = []
        var failures: [Simulator.Failure] = []
        TrapReport.install()
        for offset in 0..<count {
            TrapReport.note(seed: first &+ offset)
            var simulator = Simulator(seed: first &+ offset, trace: isTraced ? { print($0) } : nil)
            let outcome = simulator.run()
            seen.formUnion(outcome.seen.keys)
            if let failure = outcome.failure { failures.append(failure) }
        }
        for failure in failures.prefix(3) { Issue.record("\(failure)") }
        if failures.count > 3 {
            let others = failures.dropFirst(3).map { "\($0.seed) (\($0.invariant.prefix(60)))" }
            Issue.record("\(others.count) more seeds failed: \(others.joined(separator: ", "))")
        }
        guard count >= Self.seedsByDefault else { return }
        let unseen = SimulatorSight.allCases.filter { !seen.contains($0) }
        #expect(unseen == [], "what never happens is not tested")
    }

    @Test func theSameSeedGivesTheSameRun() {
        for seed in (1...10 as ClosedRange<UInt64>) {
            var one = Simulator(seed: seed)
            var other = Simulator(seed: seed)
            let first = one.run()
            let second = other.run()
            #expect(first.actionsHash == second.actionsHash && first.steps == second.steps)
        }
    }

    @Test func aCopyOfTheEngineAsksForTheSame() {
        for seed in (11...20 as ClosedRange<UInt64>) {
            var simulator = Simulator(seed: seed, comparesCopies: true)
            let failure = simulator.run().failure
            #expect(failure == nil, "\(failure?.description ?? "")")
        }
    }

    @Test func anotherSeedGivesAnotherRun() {
        let hashes = (1...10 as ClosedRange<UInt64>).map { seed in
            var simulator = Simulator(seed: seed)
            return simulator.run().actionsHash
        }
        #expect(Set(hashes).count == 10)
    }
}
