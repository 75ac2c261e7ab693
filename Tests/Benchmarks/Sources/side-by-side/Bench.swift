/// Carries out a plan.
struct Bench {
    var plan: Plan
    var programs: Programs
    /// Where sockets, logs and configurations are; removed at the end by whoever made it.
    var directory: String
    var recordDirectory: String
    /// For recordings in memory; `nil` where they are not.
    var ballast: Ballast?

    func run(_ progress: ProgressLine) -> Results {
        var results = Results()
        recordMissing(in: &results, progress)
        if plan.contenders.contains(where: \.records) {
            ballast?.hold()
        }
        defer { ballast?.release() }
        // What failed once would only fail again, and some failures take ten seconds.
        for (number, step) in plan.steps.enumerated()
        where results.failure(step.scenario, step.contender) == nil {
            let name = "\(step.scenario.rawValue) · \(step.contender.rawValue)"
            progress.show("\(number + 1)/\(plan.steps.count) · round \(step.round) of \(plan.rounds) · \(name)")
            do {
                let measurement = try measure(step, number: number)
                results.record(measurement, step.scenario, step.contender, round: step.round)
            } catch {
                results.recordFailure("\(error)", step.scenario, step.contender)
                progress.tell("\(step.scenario.rawValue), \(step.contender.rawValue), round \(step.round): \(error)")
            }
        }
        return results
    }

    /// Tells once, and not for every scenario, what is not installed.
    private func recordMissing(in results: inout Results, _ progress: ProgressLine) {
        for contender in plan.contenders {
            do {
                _ = try contender.executable(programs: programs)
            } catch {
                progress.tell("\(contender.rawValue): \(error)")
                for scenario in plan.scenarios {
                    results.recordFailure("\(error)", scenario, contender)
                }
            }
        }
    }

    private func measure(_ step: Plan.Step, number: Int) throws -> Measurement {
        let ballast = step.contender.records ? ballast : nil
        ballast?.release()
        defer { ballast?.hold() }
        let paths = try TrialPaths(
            directory: "\(directory)/\(number)",
            recordings: "\(recordDirectory)/recording-\(number)"
        )
        defer { paths.remove() }
        return try Trial(
            scenario: step.scenario,
            contender: step.contender,
            seconds: plan.seconds,
            programs: programs,
            paths: paths
        ).run()
    }
}
