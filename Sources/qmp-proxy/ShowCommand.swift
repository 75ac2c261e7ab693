import ArgumentParser
import Glibc
import Recording

/// `qmp-proxy show`: a recording as text for people and for `grep`.
struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a recording, one line an entry.",
        discussion: """
            Each line says when, from where to where, the proxy's number of the command, what it is, how long the \
            reply took since the client asked, and the message. What cannot be read is told on standard error and left \
            out.

            EXAMPLE: what client 1 asked, and how long QEMU took
              qmp-proxy show vm0.qmprec | grep -e 'client 1 →' -e 'QEMU → proxy'
            """
    )

    @Argument(help: "The file that was recorded to.", completion: .file(extensions: ["qmprec"]))
    var recording: String

    @Flag(help: "Print messages in full, not only their first 200 characters.")
    var full = false

    func run() throws {
        do {
            try show()
        } catch let error as RecordingDecoder.NotARecording {
            throw failure("\(recording) is no recording: \(error)")
        } catch let error as CallFailure {
            throw failure(error.text)
        }
    }

    /// A system call that has just failed.
    private struct CallFailure: Error {
        let text: String

        init(_ what: String) {
            let code = errno
            text = "\(what): \(strerror(code).map { String(cString: $0) } ?? "error \(code)")"
        }
    }

    private func failure(_ text: String) -> ExitCode {
        _ = try? write("qmp-proxy: \(text)\n", to: STDERR_FILENO)
        return ExitCode.failure
    }

    /// Reads in pieces, so that a recording may be of any length, and still be written to.
    private func show() throws {
        let file = open(recording, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw CallFailure("cannot open \(recording)") }
        defer { close(file) }
        var decoder = RecordingDecoder()
        var transcript = Transcript(charactersMax: full ? nil : 200)
        while let bytes = try read(file) {
            decoder.append(bytes[...])
            var text = ""
            while let item = try decoder.next() { try show(item, &transcript, &text) }
            guard try write(text, to: STDOUT_FILENO) else { return }
        }
        var nothing = ""
        if let item = try decoder.finish() { try show(item, &transcript, &nothing) }
    }

    private func show(_ item: RecordingDecoder.Item, _ transcript: inout Transcript, _ text: inout String) throws {
        switch item {
        case .header(let header, _): text += transcript.line(for: header) + "\n"
        case .entry(let entry, _): text += transcript.line(for: entry) + "\n"
        case .note(let note, let line):
            // In the order in which a terminal shows both.
            _ = try write(text, to: STDOUT_FILENO)
            text = ""
            _ = try write("qmp-proxy: \(recording), line \(line): \(note)\n", to: STDERR_FILENO)
        }
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

    /// Writes a text; `false` when nobody reads it any more, as behind `| head`.
    private func write(_ text: String, to file: CInt) throws -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                return false
            } else if errno != EINTR {
                throw CallFailure("cannot write")
            }
        }
        return true
    }
}
