import ProxyCore
import ProxyTesting
import QMP
import Testing

/// Faults put in on purpose: each must be found, or the simulation checks less than it seems to.
@Suite(.serialized, .timeLimit(.minutes(30)))
struct FaultTests {
    /// What is found among some seeds with a fault in each of them: by the right check if possible.
    private func found(_ fault: Fault) -> String? {
        var other: String?
        for seed in 1...60 as ClosedRange<UInt64> {
            var state = Fault.State()
            var simulator = Simulator(seed: seed, tampering: { fault.apply($0, &$1, &state) })
            guard let found = simulator.run().failure?.invariant else { continue }
            if fault.invariants.contains(where: { found.hasPrefix($0 + ":") }) { return found }
            other = other ?? found
        }
        return other
    }

    @Test(arguments: Fault.allCases)
    func isFound(_ fault: Fault) {
        let found = found(fault)
        let invariants = fault.invariants
        #expect(
            invariants.contains { found?.hasPrefix($0 + ":") == true },
            "\(fault): \(found ?? "nothing was found"), expected one of \(invariants)"
        )
    }

    @Test func aFailureSaysHowToSeeItAgain() {
        var simulator = Simulator(seed: 1, tampering: { _, actions in actions.removeAll { $0 == .stopped } })
        let text = simulator.run().failure?.description ?? ""
        #expect(text.hasPrefix("seed 1, step "))
        #expect(text.hasSuffix("SIMULATION_FIRST_SEED=1 SIMULATION_SEEDS=1 swift test --filter SimulationTests"))
        #expect(text.split(separator: "\n").count > 20)
    }
}
