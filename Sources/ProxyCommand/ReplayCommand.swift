import ArgumentParser
import Glibc
import Libevent
import Logging
import ProxyIO
internal import QMP
import Recording

/// `qmp-proxy replay`: what clients said to yesterday's QEMU, said to today's.
struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play the recorded clients to another QEMU, and compare its replies.",
        discussion: """
            The clients say what they said, in the same order and with the same pauses; each command waits for the \
            replies and events that had come before it. Only commands that reached QEMU are said. Descriptors that \
            came with them are replaced by /dev/null. What QEMU replies is compared with what was recorded, but for \
            ids, timestamps and redacted values: a line tells each difference, the recorded value on the left.

            EXAMPLES
              What a client asked yesterday, asked of today's QEMU, started with
              -qmp unix:/run/vm0/qemu.sock,server=on,wait=off
                qmp-proxy replay vm0.qmprec --to unix:/run/vm0/qemu.sock

              As fast as it answers, process ids and file names aside:
                qmp-proxy replay vm0.qmprec --to unix:/run/vm0/qemu.sock \\
                  --speed max --ignore /return/pid \\
                  --ignore 'query-block* /return/*/inserted/file'

              What would be said, when, by whom, and what of it has effects:
                qmp-proxy replay vm0.qmprec --dry-run

            A recording with commands that may change something is refused unless --allow-effects is said: replay it \
            to a VM that may be lost.

            An ADDRESS is unix:PATH or tcp:HOST:PORT. The exit status is 0 when all replies are equal, 1 when one is \
            different or cannot be read or the replay could not be ended, 64 on wrong usage.
            """
    )

    @Argument(
        help: "A file, a directory of segments, or - for standard input.",
        completion: .file(extensions: ["qmprec"])
    )
    var recording: String

    @Option(
        help: ArgumentHelp("QEMU's monitor socket, to which nobody else is connected.", valueName: "ADDRESS"),
        transform: Configuration.address
    )
    var to: Address?

    @OptionGroup
    var playing: PlayingFlags

    @Option(
        help: ArgumentHelp(
            "Do not compare this: a JSON pointer into replies, such as /return/*/pid, perhaps behind a command's name.",
            valueName: "POINTER"
        ),
        transform: { text in
            do {
                return try ReplyComparison.rule(parsing: text)
            } catch {
                throw ValidationError("\(error)")
            }
        }
    )
    var ignore: [RedactionRule] = []

    @Option(
        help: ArgumentHelp(
            "Do not wait for events of this name, such as RTC_CHANGE, which the guest causes; * and ? as in a shell.",
            valueName: "NAME"
        ),
        transform: { Glob($0) }
    )
    var ignoreEvent: [Glob] = []

    @Option(
        help: ArgumentHelp(
            "Give up when something takes twice as long as in the recording, and this. (default: 60s)",
            valueName: "DURATION"
        ),
        transform: Configuration.duration
    )
    var timeout: Duration?

    @Flag(help: "Only list what would be said.")
    var dryRun = false

    @Flag(help: "Say commands that may change something, too.")
    var allowEffects = false

    func validate() throws {
        if to == nil, !dryRun { throw ValidationError("--to ADDRESS is wanted: the QEMU to replay to.") }
    }

    func run() throws {
        // A reader that goes away is told by write(2) and ends the output, not the process.
        signal(SIGPIPE, SIG_IGN)
        let plan: ReplayPlan
        var notes: [String] = []
        do {
            let recording = try RecordingLoader.load(recording)
            notes = recording.notes
            plan = try ReplayPlan(recording, ignoringEvents: ignoreEvent)
        } catch let failure as ShowSession.Failure {
            throw self.failure(failure.text)
        } catch {
            for note in notes { tell(note) }
            throw failure("\(error)")
        }
        for note in plan.notes { tell(note) }
        if dryRun { return say(plan.listing(settings)) }
        guard let to else { return }
        if let refusal = refusal(of: plan) { throw failure(refusal) }
        if let note = note(on: plan.descriptors, to: to) { tell(note) }
        var tally = try replay(plan, to: to)
        let summary = tally.summary(at: ProgressLine.now)
        if let reason = tally.failure { tell(reason) }
        say([summary])
        if !tally.isEqual { throw ExitCode.failure }
    }

    private func replay(_ plan: ReplayPlan, to address: Address) throws -> ReplayTally {
        var logger = Logger(label: "qmp-proxy")
        // The rest is told in the words of a replay.
        logger.logLevel = .error
        let tally = ReplayTally(
            total: plan.commands.count { $0.reply != nil || !$0.isNegotiation },
            isColoured: TerminalColour.isWanted,
            showsProgress: isatty(STDERR_FILENO) == 1,
            at: ProgressLine.now
        )
        do {
            return try ReplayService.run(to: address, version: Version.current, logger: logger, report: tally) {
                ClientPlayback(
                    plan,
                    comparison: ReplyComparison(ignoring: ignore),
                    settings: settings,
                    patience: timeout ?? ClientPlayback.patienceDefault,
                    monitor: $0,
                    at: $1
                )
            }
        } catch {
            throw failure("\(error)")
        }
    }

    private var settings: PlaybackSettings {
        var settings = PlaybackSettings()
        playing.apply(to: &settings)
        return settings
    }

    /// Why a plan is not played; `nil` if it may be.
    private func refusal(of plan: ReplayPlan) -> String? {
        var lines: [String] = []
        if !plan.redacted.isEmpty {
            lines.append("these commands cannot be replayed, since values in them were redacted:")
            lines += plan.redacted
        }
        if !plan.effects.isEmpty, !allowEffects {
            lines.append("these commands may change something; if that QEMU may be changed, say --allow-effects:")
            lines += plan.effects
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    /// What becomes of descriptors; `nil` if there are none.
    private func note(on descriptors: Int, to address: Address) -> String? {
        guard descriptors > 0 else { return nil }
        let count = descriptors == 1 ? "1 descriptor is" : "\(descriptors) descriptors are"
        guard case .unix = address else { return "\(count) left out: none can be passed over TCP" }
        return "\(count) replaced by /dev/null"
    }

    private func say(_ lines: [String]) {
        _ = try? write(Array((lines.joined(separator: "\n") + "\n").utf8), to: STDOUT_FILENO)
    }

    private func tell(_ text: String) {
        let lines = text.split(separator: "\n").map { Readable.text(String($0)) }
        _ = try? write(Array("qmp-proxy: \(lines.joined(separator: "\n"))\n".utf8), to: STDERR_FILENO)
    }

    private func failure(_ text: String) -> ExitCode {
        tell(text)
        return ExitCode.failure
    }
}
