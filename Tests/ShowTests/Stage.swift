import Glibc
import QMP
import Recording
import Testing

@testable import ProxyCommand

/// A directory for recordings, and what `show` says of them; gone with the test.
final class Stage: Sendable {
    let directory: String

    init() {
        var template = Array("/tmp/qmp-proxy-test-XXXXXX\0".utf8CString)
        directory = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit {
        guard let folder = opendir(directory) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink(path(name))
        }
        closedir(folder)
        rmdir(directory)
    }

    func path(_ name: String) -> String {
        "\(directory)/\(name)"
    }

    /// Adds to a file, which begins with that if there is none.
    func append(_ text: String, to name: String) {
        let file = open(path(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(file) }
        let bytes = Array(text.utf8)
        #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    func contents(_ name: String) -> String {
        let file = open(path(name), O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(file, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        return String(decoding: text, as: UTF8.self)
    }

    /// What `show` prints, what it complains of, and whether all is well; paths without the directory.
    func show(
        _ name: String,
        _ change: (inout ShowSession.Options) throws -> Void = { _ in }
    ) throws -> Shown {
        var options = ShowSession.Options()
        options.output = open(path("output"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        options.errors = open(path("errors"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer {
            close(options.output)
            close(options.errors)
        }
        try change(&options)
        var failure: String?
        var isWell = false
        do {
            var session = try ShowSession(path(name), options)
            isWell = try session.run()
        } catch let error as ShowSession.Failure {
            failure = error.text
        } catch let error as CallFailure {
            failure = error.description
        }
        let prefix = directory + "/"
        return Shown(
            output: contents("output").replacing(prefix, with: ""),
            errors: failure?.replacing(prefix, with: "") ?? contents("errors").replacing(prefix, with: ""),
            isWell: isWell
        )
    }
}

/// What a run of `show` said.
struct Shown: Equatable {
    var output = ""
    var errors = ""
    var isWell = true
}

/// Lines of a recording.
enum Lines {
    static let header = header(nil)

    static func header(_ previous: String?, begins: Double = 0) -> String {
        var header = RecordingHeader(started: "2026-11-21T03:06:29.120Z", proxy: "0.1.0", monitor: "vm0")
        header.previous = previous
        header.begins = Instant(microseconds: Int64(begins * 1_000_000))
        var line: [UInt8] = []
        RecordingEncoder.append(header, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    static func mark(_ time: Double, _ text: String) -> String {
        let time = Instant(microseconds: Int64(time * 1_000_000))
        return line(Entry(time: time, place: .proxy, kind: .mark(text: text)))
    }

    static func line(_ entry: Entry) -> String {
        var line: [UInt8] = []
        RecordingEncoder.append(entry, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    static func message(
        _ microseconds: Int64,
        _ place: Entry.Place,
        isSent: Bool,
        _ command: Int,
        _ text: String
    ) -> String {
        let content = Entry.Content.message(SplicedMessage(Bytes(text: text)), .json)
        let kind: Entry.Kind = isSent ? .sent(content) : .received(content)
        return line(Entry(time: Instant(microseconds: microseconds), place: place, kind: kind, command: command))
    }

    /// What `show` prints of a mark.
    static func shown(_ time: String, _ mark: String) -> String {
        "     \(time)  proxy                       mark: \(mark)\n"
    }
}
