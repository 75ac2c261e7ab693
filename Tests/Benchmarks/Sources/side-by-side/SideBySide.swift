import ArgumentParser
import Foundation

/// The command: reads its options, prepares the machine, measures, reports.
@main
struct SideBySide: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "side-by-side",
        abstract: "Measures qmp-proxy beside plain relays, all in front of the same pretend QMP monitor.",
        discussion: """
            Prints one table in Markdown for each scenario. All contenders have their turn in each round; a ratio is \
            taken within its round, and the table shows the median over the rounds. What is not installed, or fails, \
            is shown as – and the reason is told on standard error. `show` reads two recordings of 256 MiB, beside \
            cat, grep and jq. `colo-exit` times how soon the plugin `colo` acts on COLO_EXIT.

            Example, from the top of the project:

              swift build -c release && swift build -c release --package-path Tests/Benchmarks
              swift run -c release --package-path Tests/Benchmarks \\
                  side-by-side --json figures.json

            A quick look at two contenders:

              swift run -c release --package-path Tests/Benchmarks \\
                  side-by-side --rounds 1 --only pingpong --only events \\
                  --contender direct --contender haproxy
            """
    )

    @Option(help: "Rounds in which every contender has its turn in every scenario.")
    var rounds = 7

    @Option(help: "Seconds that each turn is measured, after a short warming up.")
    var seconds = 1.0

    @Option(help: ArgumentHelp("Write all figures of all rounds to a file.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("The qmp-proxy to measure.", valueName: "path"))
    var proxy = ".build/release/qmp-proxy"

    @Option(help: ArgumentHelp("What to run; may be given several times. Without: all.", valueName: "part"))
    var only: [Part] = []

    @Option(help: ArgumentHelp("Contender to run; may be given several times. Without: all.", valueName: "name"))
    var contender: [Contender] = []

    @Option(
        help: ArgumentHelp(
            "Where recordings are written, and deleted again. Without: in memory, if there is /dev/shm.",
            valueName: "directory"
        )
    )
    var recordDirectory: String?

    func validate() throws {
        guard rounds > 0 else {
            throw ValidationError("--rounds must be at least 1.")
        }
        guard seconds > 0, seconds <= 3600 else {
            throw ValidationError("--seconds must be above 0 and at most 3600.")
        }
        // Known before the minutes of measuring, not after.
        if let json {
            let directory = URL(fileURLWithPath: json).deletingLastPathComponent().path
            guard FileManager.default.isWritableFile(atPath: directory) else {
                throw ValidationError("--json: cannot write in \(directory).")
            }
        }
    }

    func run() throws {
        let interruption = Interruption()
        defer {
            RunningProcesses.shared.close()
            interruption.cancel()
        }
        raiseDescriptorLimit()

        // Known before the minutes of measuring, too.
        if only.isEmpty || only.contains(.coloExit) { _ = try Programs(proxy: proxy).findOwn("libstopwatch.so") }

        let directory = try makeDirectory(in: FileManager.default.temporaryDirectory.path)
        let recordings = RecordDirectory(wanted: recordDirectory)
        let recordDirectory = try makeDirectory(in: recordings.path)
        let programs = Programs(proxy: proxy)
        let plan = Plan(
            scenarios: Scenario.allCases.filter { only.isEmpty || only.contains(.load($0)) },
            contenders: Contender.allCases.filter { contender.isEmpty || contender.contains($0) },
            rounds: rounds,
            seconds: seconds
        )
        let machine = Machine(contenders: plan.contenders, programs: programs, directory: directory)
        let progress = ProgressLine()
        let bench = Bench(
            plan: plan,
            programs: programs,
            directory: directory,
            recordDirectory: recordDirectory,
            ballast: recordings.isInMemory ? Ballast(path: recordDirectory + "/ballast") : nil
        )
        let results = bench.run(progress)
        let showBench = ShowBench(
            rounds: rounds,
            programs: programs,
            directory: directory,
            recordDirectory: recordDirectory
        )
        let show = only.isEmpty || only.contains(.show) ? try showBench.run(progress) : []
        let coloExit =
            only.isEmpty || only.contains(.coloExit) ? try coloExit(directory, recordDirectory, progress) : []
        progress.clear()

        let report = MarkdownReport(results: results, contenders: plan.contenders, roundCount: plan.rounds)
        print("\(machine.summary). Medians of \(plan.rounds) rounds of \(plan.seconds) s.\n")
        let tables =
            plan.scenarios.map(report.table) + [report.recordingTable(plan.scenarios, directory: recordings)]
            + [report.pluginsTable(plan.scenarios)]
        for table in tables.compactMap({ $0 }) + show.map(MarkdownReport.table) {
            print(table)
        }
        if !coloExit.isEmpty { print(COLOExitBench.table(coloExit)) }
        if let json {
            var report = JSONReport(results: results, show: show, plan: plan, machine: machine, recordings: recordings)
            report.coloExit = coloExit
            try report.write(to: json)
        }
    }
}

extension SideBySide {
    private func coloExit(
        _ directory: String,
        _ recordDirectory: String,
        _ progress: ProgressLine
    ) throws -> [COLOExitResult] {
        let paths = try TrialPaths(directory: directory + "/colo", recordings: recordDirectory + "/recording-colo")
        defer { paths.remove() }
        return try COLOExitBench(programs: Programs(proxy: proxy), paths: paths).run(progress)
    }

    /// Makes a directory that is removed at the end, however it comes.
    private func makeDirectory(in parent: String) throws -> String {
        var template = Array("\(parent)/side-by-side.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure.system("cannot make a directory in \(parent)")
        }
        let path = template.withUnsafeBytes { String(decoding: $0.dropLast(), as: UTF8.self) }
        RunningProcesses.shared.remember(directory: path)
        return path
    }

    /// Each idle client takes one descriptor of the load and up to two of a contender, which inherits the limit.
    private func raiseDescriptorLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        if getrlimit(resource, &limit) == 0 {
            limit.rlim_cur = min(limit.rlim_max, 65_536)
            setrlimit(resource, &limit)
        }
    }
}
