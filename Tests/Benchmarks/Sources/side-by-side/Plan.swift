/// What is to be measured, and in which order.
struct Plan {
    struct Step {
        var round: Int
        var scenario: Scenario
        var contender: Contender
    }

    var scenarios: [Scenario]
    var contenders: [Contender]
    var rounds: Int
    var seconds: Double

    /// Interleaved: every contender has its turn in a round before the next round begins.
    ///
    /// A slow minute of the machine then meets them all. Each round begins with another contender, for the first turn
    /// of a scenario may differ from the later ones.
    var steps: [Step] {
        (0..<rounds).flatMap { round in
            scenarios.flatMap { scenario in
                let taking = contenders.filter(scenario.takes)
                return taking.indices.map { index in
                    let contender = taking[(index + round) % taking.count]
                    return Step(round: round + 1, scenario: scenario, contender: contender)
                }
            }
        }
    }
}
