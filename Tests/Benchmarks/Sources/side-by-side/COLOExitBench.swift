import Foundation

/// What was measured of one kind of moment.
struct COLOExitResult: Codable {
    var moment: COLOExitBench.Moment
    /// In the order in which they were measured.
    var microseconds: [Double]

    /// The value that so much of all is not above; `nil` if there is none.
    func quantile(_ part: Double) -> Double? {
        guard !microseconds.isEmpty else { return nil }
        let rank = (part * Double(microseconds.count)).rounded(.up)
        return microseconds.sorted()[max(0, Int(rank) - 1)]
    }
}

/// Times how soon the plugin `colo` acts on COLO_EXIT: from the event's write in a ``ScriptedMonitor`` to the first
/// command of the failover that arrives there.
///
/// What is measured is an upper bound of the proxy's own time: both hops through the socket, and the wake-ups of both
/// processes, are in it.
struct COLOExitBench {
    /// When COLO_EXIT is said.
    enum Moment: String, CaseIterable, Codable {
        /// Right after one of the plugin's regular questions was answered.
        case quiet
        /// At any time.
        case random

        /// How often it is measured.
        var samples: Int { self == .quiet ? 60 : 40 }

        /// How long after the answer, in seconds: long enough for the proxy to sleep; the plugin asks every 250 ms.
        fileprivate var delay: Double { self == .quiet ? 0.02 : .random(in: 0.02..<0.52) }
    }

    /// What each command of the proxy may take, in all beyond what is measured.
    private static let patience = Duration.seconds(10)

    var programs: Programs
    var paths: TrialPaths

    /// Carries it out, with one proxy.
    func run(_ progress: ProgressLine) throws -> [COLOExitResult] {
        let monitor = try ScriptedMonitor(path: paths.monitor)
        let arguments = [
            "serve", "--qemu", "unix:\(paths.monitor)", "--listen", "unix:\(paths.contender)",
            "--record", paths.recordings + "/vm.qmprec", "--state", paths.directory,
            "--plugin", "colo", "--set", "colo.arbiter=none", "--set", "colo.peer-host=127.0.0.2",
        ]
        let command = Command(try programs.findProxy(), arguments)
        let proxy = try ChildProcess(command, logPath: paths.directory + "/proxy.log")
        defer { proxy.end() }
        return try Moment.allCases.map { moment in
            let microseconds = try (1...moment.samples).map { number in
                progress.show("colo-exit · \(moment.rawValue) · \(number) of \(moment.samples)")
                do {
                    return try sample(moment, monitor.accept(until: .now + Self.patience))
                } catch {
                    throw Failure("\(error)\(proxy.complaint.map { "; qmp-proxy said: \($0)" } ?? "")")
                }
            }
            return COLOExitResult(moment: moment, microseconds: microseconds)
        }
    }

    /// One pair, from its being found to its end, in microseconds.
    private func sample(_ moment: Moment, _ connection: ScriptedConnection) throws -> Double {
        // What it asks in the first round makes it find the pair; from the second one it knows everything.
        for _ in 1...2 { try answer(connection, upTo: "qom-list") }
        let end = ContinuousClock.now + .seconds(moment.delay)
        while let command = try connection.next(until: end) { try connection.answer(command) }

        let timestamp = #""timestamp": {"seconds": 1795230389, "microseconds": 412034}"#
        let said = ContinuousClock.now
        try connection.send(#"{\#(timestamp), "event": "COLO_EXIT", "data": {"mode": "primary", "reason": "error"}}"#)
        // The failover's first command is one that is asked regularly, too: the last before another one is its.
        var first: ContinuousClock.Instant?
        while let command = try connection.next(until: .now + Self.patience) {
            guard command.name == "query-colo-status" else { break }
            first = command.time
            try connection.answer(command)
        }
        guard let first else {
            throw Failure("qmp-proxy began no failover")
        }
        let (seconds, attoseconds) = (first - said).components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    /// Answers until a command was answered.
    private func answer(_ connection: ScriptedConnection, upTo name: String) throws {
        while let command = try connection.next(until: .now + Self.patience) {
            try connection.answer(command)
            if command.name == name { return }
        }
        throw Failure("qmp-proxy did not ask \(name)")
    }
}

extension COLOExitBench {
    /// The figures in Markdown.
    static func table(_ results: [COLOExitResult]) -> String {
        let rows = results.map { result in
            let figures = [0, 0.5, 0.9, 0.99, 1].map { part in
                result.quantile(part).map { String(format: "%.0f", $0) } ?? "–"
            }
            return "| \(result.moment.rawValue) | \(result.microseconds.count) | " + figures.joined(separator: " | ")
                + " |"
        }
        let header = [
            "### colo-exit", "",
            "COLO_EXIT written by the monitor, to the first command of the failover arrived there, µs; recording.", "",
            "| moment | samples | lowest | median | p90 | p99 | highest |", "|---|--:|--:|--:|--:|--:|--:|",
        ]
        return (header + rows + [""]).joined(separator: "\n")
    }
}
