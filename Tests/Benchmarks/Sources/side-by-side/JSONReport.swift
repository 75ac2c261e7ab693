import Foundation

/// The results as JSON, with every round, for whoever wants to calculate differently.
struct JSONReport: Codable {
    struct ContenderResult: Codable {
        var name: String
        /// By round, beginning with 1.
        var rounds: [Int: Measurement]
        var median: Double?
        var ratioToDirect: Double?
        var ratioToHaproxy: Double?
        var failure: String?
    }

    struct ScenarioResult: Codable {
        var name: String
        var unit: String
        var contenders: [ContenderResult]
        var ratioOfRecordingToNot: Double?
        var roundsWithGap: [Int]?
    }

    var date: Date
    var machine: Machine
    var rounds: Int
    var seconds: Double
    /// Where recordings were written, and whether that is in memory.
    var recordings: String
    var scenarios: [ScenarioResult]
    var show: [ShowResult]
    var coloExit: [COLOExitResult] = []

    init(results: Results, show: [ShowResult], plan: Plan, machine: Machine, recordings: RecordDirectory) {
        date = Date()
        self.recordings = recordings.summary
        self.show = show
        self.machine = machine
        rounds = plan.rounds
        seconds = plan.seconds
        scenarios = plan.scenarios.map { scenario in
            let contenders = plan.contenders.filter(scenario.takes).map { contender in
                ContenderResult(
                    name: contender.rawValue,
                    rounds: results.rounds(scenario, contender),
                    median: results.median(scenario, contender, \.figure),
                    ratioToDirect: results.ratio(scenario, contender, to: .direct),
                    ratioToHaproxy: results.ratio(scenario, contender, to: .haproxy),
                    failure: results.failure(scenario, contender)
                )
            }
            return ScenarioResult(
                name: scenario.rawValue,
                unit: scenario.unit,
                contenders: contenders,
                ratioOfRecordingToNot: results.ratio(scenario, .recordingProxy, to: .proxy),
                roundsWithGap: results.roundsWithGap(scenario, .recordingProxy)
            )
        }
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        try (encoder.encode(self) + Data("\n".utf8)).write(to: URL(fileURLWithPath: path))
    }
}
