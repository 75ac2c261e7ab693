internal import ArgumentParser
internal import Foundation
internal import Recording

/// `qmp-proxy demo`: a COLO pair loses its primary; ends by itself.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a COLO pair that loses its primary: the failover, and a new partner.",
        discussion: """
            Recordings of a real pair play both QEMUs. Before each stands the proxy with the COLO plugin, as it would \
            before QEMU. The primary dies, the other side goes on alone, and takes a new partner: what happens is \
            printed as it happens, the commands that the plugin injects with their replies. Takes some seconds.

            With --qemu there are two real QEMUs, on 127.0.0.1 and 127.0.0.2, and the primary is killed.

            The exit status is 0 when all went as it should, and 1 if not.

            EXAMPLE: qmp-proxy demo
            """
    )

    @Flag(help: "Show it with two real QEMUs (qemu-system-x86_64 and qemu-img).")
    var qemu = false

    /// Why it cannot be shown, or what went otherwise than it should, for a person.
    struct Failure: Error {
        let text: String
    }

    func run() throws {
        // What was started is to be ended, too, when nobody reads on, as behind `| head`.
        signal(SIGPIPE, SIG_IGN)
        let folder = FileManager.default.temporaryDirectory.appending(path: "qmp-proxy-demo-\(getpid())")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let programs = DemoPrograms(folder: folder.path)
            defer { programs.end() }
            let pair: any DemoPair = qemu ? try DemoQEMUs(programs) : DemoRecordings(programs)
            var show = try DemoShow(pair, programs)
            let isWhole = try show.run()
            programs.end()
            try FileManager.default.removeItem(at: folder)
            guard isWhole else { throw ExitCode.failure }
        } catch let code as ExitCode {
            throw code
        } catch {
            Self.say((error as? Failure)?.text ?? "\(error)")
            // rmdir(2) takes it if nothing was begun.
            if rmdir(folder.path) != 0 { Self.say("what was recorded and logged is in \(folder.path)") }
            throw ExitCode.failure
        }
    }

    private static func say(_ text: String) {
        FileHandle.standardError.write(Data("qmp-proxy: \(text)\n".utf8))
    }
}

/// The two QEMUs of a demonstration, real or not.
protocol DemoPair {
    /// What it is, in a line.
    var title: String { get }
    /// What the plugin is to know of it besides the usual, as lines of YAML.
    var settings: [String] { get }
    /// How long the demonstration may take, in seconds.
    var secondsMax: Double { get }
    /// Starts both.
    func start() throws
    /// The story has come to a chapter, so many seconds ago: may do what the next one begins with.
    func act(in chapter: DemoStory.Chapter, after seconds: Double) throws
}
