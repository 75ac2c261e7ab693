import ArgumentParser
import Glibc
import QMP
import Recording

/// `qmp-proxy redact`: an old recording without its secrets.
struct Redact: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take the secrets out of a recording that was made without redaction, or by older rules.",
        discussion: """
            What needs no change is written byte for byte. Lines that cannot be read may hold a secret, too: they are \
            left out, and told on standard error. The file itself stays as it is.

            EXAMPLE: a recording to be shown to others, with a rule of one's own besides
              qmp-proxy redact vm0.qmprec -o vm0-shown.qmprec \\
                --redact 'blockdev-* /arguments/auth'

            A RULE is the name of a command or an event, in which * stands for anything and ? for any character, and a \
            JSON pointer to the value, in which * is any one step: 'qom-get /return', 'JOB_* /data/id'.
            """
    )

    @Argument(help: "The file that was recorded to.", completion: .file(extensions: ["qmprec"]))
    var recording: String

    @Option(name: .shortAndLong, help: "The file to write, which must not exist; - is standard output.")
    var output: String

    @Option(
        name: .customLong("redact"),
        help: ArgumentHelp("Redact this, too; may be given more than once.", valueName: "rule"),
        transform: { text in
            do {
                return try RedactionRule(parsing: text)
            } catch {
                throw ValidationError("\(error)")
            }
        }
    )
    var rules: [RedactionRule] = []

    func run() throws {
        // A reader that goes away is told by write(2) and ends the output, not the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            try redact()
        } catch let error as RecordingDecoder.NotARecording {
            throw failure("\(recording) is no recording: \(error)")
        } catch let error as Failure {
            throw failure(error.text)
        } catch let error as CallFailure {
            throw failure(error.description)
        }
    }

    /// What ends it, in words for a person.
    private struct Failure: Error {
        let text: String
    }

    private func failure(_ text: String) -> ExitCode {
        note(text)
        return ExitCode.failure
    }

    private func note(_ text: String) {
        say("qmp-proxy: \(Readable.text(text))\n")
    }

    private func say(_ text: String) {
        _ = try? write(Array(text.utf8), to: STDERR_FILENO)
    }

    private func redact() throws {
        let input = open(recording, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw CallFailure("cannot open \(recording)") }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0 else { throw CallFailure("cannot read \(recording)") }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw Failure(text: "\(recording) is a directory: redact its files one by one")
        }
        guard output != "-" else {
            return try copy(input, bytes: Int(status.st_size), to: STDOUT_FILENO)
        }
        let file = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            guard errno == EEXIST else { throw CallFailure("cannot create \(output)") }
            throw Failure(text: "\(output) exists already and is left as it is: name another file, or remove it first")
        }
        do {
            defer { close(file) }
            try copy(input, bytes: Int(status.st_size), to: file)
        } catch {
            unlink(output)
            throw error
        }
    }

    /// In pieces, so that a recording may be of any length.
    private func copy(_ input: CInt, bytes total: Int, to output: CInt) throws {
        var copy = RedactedCopy(rules: rules)
        var progress = ProgressLine(total: total, at: ProgressLine.now)
        defer { if let erasure = progress.erasure() { say(erasure) } }
        let isShown = isatty(STDERR_FILENO) == 1
        var done = 0
        func tell(_ text: String) {
            if let erasure = progress.erasure() { say(erasure) }
            note("\(recording), \(text)")
        }
        while let bytes = try read(input) {
            try copy.take(bytes[...], note: tell)
            guard try write(copy.takeLines(), to: output) else { return }
            done += bytes.count
            if isShown, let line = progress.line(bytes: done, at: ProgressLine.now) { say(line) }
        }
        try copy.finish(note: tell)
        guard try write(copy.takeLines(), to: output) else { return }
        if let erasure = progress.erasure() { say(erasure) }
        note(copy.summary)
    }

    /// Up to 64 KiB, `nil` at the end.
    private func read(_ file: CInt) throws -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, initialized in
            repeat { count = Glibc.read(file, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
            initialized = max(0, count)
        }
        guard count >= 0 else { throw CallFailure("cannot read \(recording)") }
        return bytes.isEmpty ? nil : bytes
    }
}
