import Foundation

/// The results as tables in Markdown, one a scenario.
struct MarkdownReport {
    var results: Results
    var contenders: [Contender]
    var roundCount: Int

    private static let missing = "–"

    func table(_ scenario: Scenario) -> String {
        let rows = contenders.filter(scenario.takes).map { row(scenario, $0) }
        let lines = ["### \(scenario.rawValue)", "", "\(scenario.explanation).", ""] + header(scenario) + rows
        return (lines + notes(scenario) + [""]).joined(separator: "\n")
    }

    private func header(_ scenario: Scenario) -> [String] {
        if scenario == .idle {
            return ["| contender | \(scenario.unit) | lowest – highest | to haproxy |", "|---|--:|--:|--:|"]
        }
        return [
            "| contender | \(scenario.unit) | lowest – highest | latency median µs | p99 µs | to direct | to haproxy |",
            "|---|--:|--:|--:|--:|--:|--:|",
        ]
    }

    private func row(_ scenario: Scenario, _ contender: Contender) -> String {
        let figures = results.rounds(scenario, contender).values.map(\.figure)
        let decimals = scenario == .idle ? 2 : 0
        var range = Self.missing
        if let lowest = figures.min(), let highest = figures.max() {
            range = "\(Self.number(lowest, decimals: decimals)) – \(Self.number(highest, decimals: decimals))"
        }
        var cells = [contender.title, Self.number(medianOf(figures), decimals: decimals), range]
        if scenario != .idle {
            let median = results.median(scenario, contender, \.latencyMedianMicroseconds)
            let p99 = results.median(scenario, contender, \.latencyP99Microseconds)
            let toDirect = results.ratio(scenario, contender, to: .direct)
            cells += [
                Self.number(median, decimals: 1), Self.number(p99, decimals: 1), Self.number(toDirect, decimals: 2),
            ]
        }
        cells.append(Self.number(results.ratio(scenario, contender, to: .haproxy), decimals: 2))
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private func notes(_ scenario: Scenario) -> [String] {
        guard let rounds = results.roundsWithGap(scenario) else {
            return []
        }
        let title = Contender.recordingProxy.title
        guard !rounds.isEmpty else {
            return ["", "\(title): no gap in any recording."]
        }
        let list = rounds.map { "\($0)" }.joined(separator: ", ")
        return ["", "**\(title): gaps in the recording in \(rounds.count) of \(roundCount) rounds (\(list)).**"]
    }

    /// With a comma between thousands, whatever the locale.
    private static func number(_ value: Double?, decimals: Int) -> String {
        guard let value else {
            return missing
        }
        let text = String(format: "%.\(decimals)f", value)
        let parts = text.split(separator: ".", maxSplits: 1)
        let isNegative = text.hasPrefix("-")
        let digits = Array(parts[0].drop { $0 == "-" })
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) {
                grouped.append(",")
            }
            grouped.append(digit)
        }
        let fraction = parts.count > 1 ? ".\(parts[1])" : ""
        return (isNegative ? "-" : "") + grouped + fraction
    }
}
