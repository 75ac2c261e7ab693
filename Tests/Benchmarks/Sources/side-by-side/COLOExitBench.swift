import Foundation

/// What was measured of one kind of moment.
struct COLOExitResult: Codable {
    var moment: COLOExitBench.Moment
    /// From the event's write to the command's arrival, in the order in which they were measured.
    var microseconds: [Double]
    /// From the event's read by the proxy to its write of the command.
    var microsecondsInside: [Double]

    /// The value that so much of all is not above; `nil` if there is none.
    static func quantile(_ part: Double, of values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let rank = (part * Double(values.count)).rounded(.up)
        return values.sorted()[max(0, Int(rank) - 1)]
    }
}

/// Times how soon the plugin `colo` acts on COLO_EXIT: from the event's write in a ``ScriptedMonitor`` to the first
/// command of the failover that arrives there.
///
/// Both hops through the socket, and the wake-ups of both processes, are in it. The proxy's own time, from its read of
/// the event to its write of the command, is taken inside of it, by a library that is preloaded.
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
        let stopwatch = [
            "LD_PRELOAD=" + (try programs.findOwn("libstopwatch.so")), "STOPWATCH=" + timesPath,
        ]
        let command = Command(try programs.find("env"), stopwatch + [try programs.findProxy()] + arguments)
        let proxy = try ChildProcess(command, logPath: paths.directory + "/proxy.log")
        defer { proxy.end() }
        return try Moment.allCases.map { moment in
            let before = try times().count
            let microseconds = try (1...moment.samples).map { number in
                progress.show("colo-exit · \(moment.rawValue) · \(number) of \(moment.samples)")
                do {
                    return try sample(moment, monitor.accept(until: .now + Self.patience))
                } catch {
                    throw Failure("\(error)\(proxy.complaint.map { "; qmp-proxy said: \($0)" } ?? "")")
                }
            }
            let inside = Array(try times()[before...])
            return COLOExitResult(moment: moment, microseconds: microseconds, microsecondsInside: inside)
        }
    }

    private var timesPath: String { paths.directory + "/times" }

    /// What the preloaded library has taken until now.
    private func times() throws -> [Double] {
        guard let data = FileManager.default.contents(atPath: timesPath) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { Double($0) }
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
        let rows = results.flatMap { result in
            [("written to arrived", result.microseconds), ("read to written", result.microsecondsInside)].map {
                let (what, values) = $0
                let figures = [0, 0.5, 0.9, 0.99, 1].map { part in
                    COLOExitResult.quantile(part, of: values).map { String(format: "%.0f", $0) } ?? "–"
                }
                return "| \(result.moment.rawValue) | \(what) | \(values.count) | "
                    + figures.joined(separator: " | ") + " |"
            }
        }
        let header = [
            "### colo-exit", "",
            "From COLO_EXIT to the first command of the failover, µs; recording: written by the monitor to arrived "
                + "there, and read by the proxy to written by it.",
            "",
            "| moment | from, to | samples | lowest | median | p90 | p99 | highest |",
            "|---|---|--:|--:|--:|--:|--:|--:|",
        ]
        return (header + rows + [""]).joined(separator: "\n")
    }
}
