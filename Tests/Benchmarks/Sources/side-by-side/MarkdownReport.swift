import Foundation

/// The results as tables in Markdown: one a scenario, what recording costs in each, one a recording that was read.
struct MarkdownReport {
    var results: Results
    var contenders: [Contender]
    var roundCount: Int

    private static let missing = "–"

    /// What recording costs, `nil` where that was not measured.
    func recordingTable(_ scenarios: [Scenario], directory: RecordDirectory) -> String? {
        let pairs: [(Contender, Contender)] = [(.recordingProxy, .proxy), (.recordingTee, .tee)]
        let rows = scenarios.flatMap { scenario in pairs.compactMap { recordingRow(scenario, $0, to: $1) } }
        guard !rows.isEmpty else {
            return nil
        }
        let header = [
            "### what recording costs", "", "Recordings in \(directory.summary).", "",
            "| scenario | who records | to not recording | lowest – highest | rounds with gaps |",
            "|---|---|--:|--:|--:|",
        ]
        return (header + rows + [""]).joined(separator: "\n")
    }

    static func table(_ result: ShowResult) -> String {
        let megabytes = number(Double(result.bytes) / 1_000_000, decimals: 0)
        let rows = result.readings.map { reading in
            "| \(reading.name) | \(number(reading.median, decimals: 0)) | \(range(reading.rounds, decimals: 0)) |"
        }
        let header = [
            "### show, \(result.recording.rawValue)", "", "\(result.recording.explanation), \(megabytes) MB.", "",
            "| reader | MB/s | lowest – highest |", "|---|--:|--:|",
        ]
        return (header + rows + [""]).joined(separator: "\n")
    }

    private func recordingRow(_ scenario: Scenario, _ contender: Contender, to plain: Contender) -> String? {
        let ratios = results.ratios(scenario, contender, to: plain)
        guard let median = medianOf(ratios), let gaps = results.roundsWithGap(scenario, contender)?.count else {
            return nil
        }
        let cells = [
            plain.title, Self.number(median, decimals: 2), Self.range(ratios, decimals: 2), "\(gaps) of \(roundCount)",
        ]
        return "| \(scenario.rawValue) | " + cells.joined(separator: " | ") + " |"
    }

    /// What plugins cost, `nil` where that was not measured.
    func pluginsTable(_ scenarios: [Scenario]) -> String? {
        let plugins: [Contender] = [.pluginsProxy, .execProxy, .verdictProxy]
        let rows = scenarios.flatMap { scenario in plugins.compactMap { pluginsRow(scenario, $0) } }
        guard !rows.isEmpty else {
            return nil
        }
        let header = [
            "### what plugins cost", "",
            "| scenario | with | to without | lowest – highest | latency more, median µs |", "|---|---|--:|--:|--:|",
        ]
        return (header + rows + [""]).joined(separator: "\n")
    }

    private func pluginsRow(_ scenario: Scenario, _ contender: Contender) -> String? {
        let ratios = results.ratios(scenario, contender, to: .proxy)
        guard let median = medianOf(ratios) else {
            return nil
        }
        let plain = results.rounds(scenario, .proxy)
        let more = results.rounds(scenario, contender).compactMap { round, measurement -> Double? in
            guard let one = measurement.latencyMedianMicroseconds, let other = plain[round]?.latencyMedianMicroseconds
            else {
                return nil
            }
            return one - other
        }
        let cells = [
            contender.title, Self.number(median, decimals: 2), Self.range(ratios, decimals: 2),
            Self.number(medianOf(more), decimals: 1),
        ]
        return "| \(scenario.rawValue) | " + cells.joined(separator: " | ") + " |"
    }

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
        let median = Self.number(medianOf(figures), decimals: decimals)
        var cells = [contender.title, median, Self.range(figures, decimals: decimals)]
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
        guard let rounds = results.roundsWithGap(scenario, .recordingProxy) else {
            return []
        }
        let title = Contender.recordingProxy.title
        guard !rounds.isEmpty else {
            return ["", "\(title): no gap in any recording."]
        }
        let list = rounds.map { "\($0)" }.joined(separator: ", ")
        return ["", "**\(title): gaps in the recording in \(rounds.count) of \(roundCount) rounds (\(list)).**"]
    }

    private static func range(_ values: [Double], decimals: Int) -> String {
        guard let lowest = values.min(), let highest = values.max() else {
            return missing
        }
        return "\(number(lowest, decimals: decimals)) – \(number(highest, decimals: decimals))"
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
