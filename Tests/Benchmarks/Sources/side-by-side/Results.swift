/// All measurements so far.
struct Results {
    private struct Key: Hashable {
        var scenario: Scenario
        var contender: Contender
    }

    private var measurements: [Key: [Int: Measurement]] = [:]
    private var failures: [Key: String] = [:]

    mutating func record(_ measurement: Measurement, _ scenario: Scenario, _ contender: Contender, round: Int) {
        measurements[Key(scenario: scenario, contender: contender), default: [:]][round] = measurement
    }

    mutating func recordFailure(_ reason: String, _ scenario: Scenario, _ contender: Contender) {
        failures[Key(scenario: scenario, contender: contender)] = reason
    }

    func failure(_ scenario: Scenario, _ contender: Contender) -> String? {
        failures[Key(scenario: scenario, contender: contender)]
    }

    /// The measurements by round; none where the contender failed in any round, for the rest would flatter it.
    func rounds(_ scenario: Scenario, _ contender: Contender) -> [Int: Measurement] {
        let key = Key(scenario: scenario, contender: contender)
        return failures[key] == nil ? measurements[key] ?? [:] : [:]
    }

    /// The median over the rounds of what one contender measured.
    func median(_ scenario: Scenario, _ contender: Contender, _ value: (Measurement) -> Double?) -> Double? {
        medianOf(rounds(scenario, contender).values.compactMap(value))
    }

    /// The median over the rounds of the ratio to another contender in the same round.
    ///
    /// By round, so that what slows the whole machine for a while slows both sides of the ratio.
    func ratio(_ scenario: Scenario, _ contender: Contender, to other: Contender) -> Double? {
        medianOf(ratios(scenario, contender, to: other))
    }

    /// The ratio to another contender in each round that both have a figure of.
    func ratios(_ scenario: Scenario, _ contender: Contender, to other: Contender) -> [Double] {
        let base = rounds(scenario, other)
        return rounds(scenario, contender).compactMap { round, measurement -> Double? in
            guard let figure = base[round]?.figure, figure > 0 else {
                return nil
            }
            return measurement.figure / figure
        }
    }

    /// The rounds in which a contender's recording had a gap, or `nil` where nothing was recorded.
    func roundsWithGap(_ scenario: Scenario, _ contender: Contender) -> [Int]? {
        let rounds = rounds(scenario, contender)
        return rounds.isEmpty ? nil : rounds.filter { $0.value.recordingHasGap == true }.keys.sorted()
    }
}

/// The middle one of the values, or the mean of the middle two; `nil` if there are none.
func medianOf(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else {
        return nil
    }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
