internal import Foundation
internal import Recording

/// The programs that a demonstration has started, which end with it.
final class DemoPrograms {
    /// Where they have their files.
    let folder: String
    private var running: [Process] = []

    /// How long one may take to end when it is asked to, in seconds.
    ///
    /// Five: a proxy waits that long for a QEMU that does not answer.
    private static let patience = 5.0

    init(folder: String) {
        self.folder = folder
    }

    /// The path of a file of theirs.
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Starts a program; what it logs is in a file of its name.
    ///
    /// - Throws: `Demo.Failure` when it is not there.
    @discardableResult
    func start(_ name: String, _ command: [String]) throws -> Process {
        guard let program = command.first, let file = Self.find(program) else {
            throw Demo.Failure(text: "\(command.first ?? name) is not installed")
        }
        let log = path("\(name).log")
        guard FileManager.default.createFile(atPath: log, contents: nil) else {
            throw Demo.Failure(text: "\(log) cannot be written")
        }
        let process = Process()
        process.executableURL = URL(filePath: file)
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardOutput = output
        process.standardError = output
        // It would inherit that SIGINT and SIGTERM are held back (``RecordingWatch``).
        var (none, blocked) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &blocked)
        defer { pthread_sigmask(SIG_SETMASK, &blocked, nil) }
        try process.run()
        running.append(process)
        return process
    }

    /// Starts this very program.
    @discardableResult
    func startProxy(_ name: String, _ arguments: [String]) throws -> Process {
        try start(name, [URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path] + arguments)
    }

    /// Runs a program to its end.
    ///
    /// - Throws: `Demo.Failure` unless it has ended well.
    func run(_ name: String, _ command: [String]) throws {
        let process = try start(name, command)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Demo.Failure(text: "\(command.joined(separator: " ")) has failed: see \(path("\(name).log"))")
        }
    }

    /// A program that has ended although nobody has asked it to.
    var ended: String? {
        running.first { !$0.isRunning && $0.terminationStatus != 0 && $0.terminationReason == .exit }?
            .executableURL?.lastPathComponent
    }

    /// Kills one of them.
    func kill(_ process: Process) {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        running.removeAll { $0 === process }
    }

    /// Ends them all, the last one first.
    func end() {
        while let process = running.popLast() {
            let start = ProgressLine.now
            if process.isRunning { process.terminate() }
            while process.isRunning, ProgressLine.now.seconds(since: start) < Self.patience { poll(nil, 0, 10) }
            if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
        }
    }

    /// Where a program is; `nil` if it is nowhere.
    static func find(_ program: String) -> String? {
        if program.hasPrefix("/") { return program }
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
