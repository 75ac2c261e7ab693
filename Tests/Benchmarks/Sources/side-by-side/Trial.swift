import Foundation

/// One scenario on one contender in one round, with processes of its own: what an earlier scenario did to a
/// contender's memory has no part in the figures.
struct Trial {
    var scenario: Scenario
    var contender: Contender
    var seconds: Double
    var programs: Programs
    var paths: TrialPaths

    /// What goes on besides `seconds` before it must be over: connecting, and replies that are awaited for ten seconds.
    private static let allowance = Duration.seconds(60)
    /// What the contenders' own clean-up after the first client is given before memory is measured.
    private static let settling: useconds_t = 300_000

    func run() throws -> Measurement {
        let echo = Command(try programs.findOwn("echo-monitor"), [paths.monitor])
        let monitor = try ChildProcess(echo, logPath: log("monitor"))
        defer { monitor.end() }
        try waitForGreeting(at: paths.monitor, from: monitor, name: "echo-monitor")

        guard let command = try contender.command(paths: paths, programs: programs) else {
            return try measure(at: paths.monitor, between: nil)
        }
        let between = try ChildProcess(command, logPath: log("contender"))
        defer { between.end() }
        try waitForGreeting(at: paths.contender, from: between, name: contender.rawValue)

        var measurement = try measure(at: paths.contender, between: between)
        if contender.records {
            // Only once it has ended is everything written.
            between.end()
            let recording = try Recording(paths: paths, programs: programs)
            guard recording.bytes > 0 else {
                throw Failure("it wrote no recording")
            }
            // What the simple relay has lost, it says in the end.
            measurement.recordingHasGap = recording.hasGap || (contender == .recordingTee && between.complaint != nil)
            measurement.recordingBytes = recording.bytes
        }
        return measurement
    }

    private func measure(at path: String, between: ChildProcess?) throws -> Measurement {
        if scenario == .idle {
            guard let between else {
                throw Failure("there is no process between to measure")
            }
            return try measureMemory(at: path, of: between)
        }
        let load = try startLoad(at: path, ["--seconds", "\(seconds)"])
        defer { load.end() }
        let line = try load.readLine(until: .now + .seconds(seconds) + Self.allowance)
        guard let line else {
            throw Failure(reason(of: load, between: between))
        }
        let report = try JSONDecoder().decode(LoadReport.self, from: Data(line.utf8))
        return Measurement(
            figure: report.operationsPerSecond,
            latencyMedianMicroseconds: report.latencyMedianMicroseconds,
            latencyP99Microseconds: report.latencyP99Microseconds
        )
    }

    private func measureMemory(at path: String, of between: ChildProcess) throws -> Measurement {
        usleep(Self.settling)
        let before = try ProcessTree(root: between.pid).proportionalKiB()
        let load = try startLoad(at: path, [])
        defer { load.end() }
        guard try load.readLine(until: .now + Self.allowance) == "ready" else {
            throw Failure(reason(of: load, between: between))
        }
        usleep(Self.settling)
        let after = try ProcessTree(root: between.pid).proportionalKiB()
        // It ends well only if no client was lost meanwhile.
        load.closeInput()
        guard try load.readLine(until: .now + Self.allowance) != nil else {
            throw Failure(reason(of: load, between: between))
        }
        return Measurement(figure: Double(after - before) / Double(Scenario.idleClients))
    }

    private func startLoad(at path: String, _ arguments: [String]) throws -> ChildProcess {
        let all = scenario.loadArguments + ["--socket", path] + arguments
        return try ChildProcess(Command(try programs.findOwn("load"), all), logPath: log("load"), talks: true)
    }

    private func reason(of load: ChildProcess, between: ChildProcess?) -> String {
        let first = load.complaint ?? "load ended without a figure"
        guard let between, let second = between.complaint else {
            return first
        }
        return "\(first); \(contender.rawValue) said: \(second)"
    }

    private func log(_ name: String) -> String {
        "\(paths.directory)/\(name).log"
    }
}
