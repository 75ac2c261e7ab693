internal import Glibc
internal import Libevent
internal import ProxyIO
internal import QMP

/// What is to be served, as flags and file say it.
///
/// Both are read into ``Draft``s, which then go through the same checks: so a flag may complete what a file leaves out,
/// and whatever is wrong names the place where it was said.
enum Configuration {
    /// What may be said of a monitor, in the file's word for it.
    enum Key: String, CaseIterable {
        case name
        case qemu
        case qemuListen = "qemu-listen"
        case listen
        case record
        case sync
        case rotateSize = "rotate-size"
        case rotateAge = "rotate-age"
        case keepSegments = "keep-segments"
        case keepSize = "keep-size"
        case onRecordFailure = "on-record-failure"
        case redact
        case noRedaction = "no-redaction"
        case plugins
        case state
        case maxClients = "max-clients"
        case keepClients = "keep-clients"
        case socketMode = "socket-mode"

        /// The flag for it.
        var flag: String { self == .plugins ? "--plugin" : "--\(rawValue)" }
    }

    /// Where something was said.
    struct Place: CustomStringConvertible {
        /// The file, `nil` for a flag.
        var file: String?
        /// From 1 in a file.
        var line = 0
        /// From 1 in a file.
        var column = 0
        /// `monitors[0].listen[1]` or `--listen`; empty for the file as a whole.
        var path: String

        /// A flag's.
        static func flag(_ key: Key) -> Place {
            Place(path: key.flag)
        }

        var description: String {
            guard let file else { return path }
            return "\(file):\(line):\(column)" + (path.isEmpty ? "" : ": \(path)")
        }
    }

    /// A value, and where it was said.
    struct Said<Value> {
        var value: Value
        var place: Place
    }

    /// One thing that is wrong.
    struct Problem: CustomStringConvertible {
        /// Where; `nil` for what no flag says.
        var place: Place?
        /// What.
        var text: String

        /// A line for a person; it begins with FILE:LINE:COLUMN, which editors know to jump to, or the program's name.
        var description: String {
            (place?.file == nil ? "qmp-proxy: " : "") + (place.map { "\($0): \(text)" } ?? text)
        }
    }

    /// All that is wrong, in the order of the file.
    struct Invalid: Error {
        var problems: [Problem]
    }

    /// The monitor that flags alone describe.
    static func monitors(flags: Draft) throws(Invalid) -> [MonitorConfiguration] {
        var draft = flags
        draft.name = flags.name ?? draft.flag(.name, "vm0")
        return try checked([draft], problems: flags.contradictions)
    }

    /// The monitors that a file describes, together with what flags say of its only one.
    static func monitors(file: String, text: String, flags: Draft) throws(Invalid) -> [MonitorConfiguration] {
        var reader = ConfigurationReader(file: file)
        var drafts = reader.drafts(in: text)
        var problems = reader.problems + drafts.flatMap(\.contradictions) + flags.contradictions
        if drafts.count == 1 {
            drafts[0].complete(with: flags)
        } else if drafts.count > 1, !flags.flagNames.isEmpty {
            let names = flags.flagNames.joined(separator: ", ")
            let text = "flags describe one monitor, but \(file) has \(drafts.count): say it there"
            problems.append(Problem(text: "\(names): \(text)"))
        }
        return try checked(drafts, problems: problems)
    }

    /// A file's text, or a pipe's; what is not UTF-8 in it becomes U+FFFD, which the reader refuses.
    static func text(of file: String, bytesMax: Int = .max) throws(Unusable) -> String {
        let cause = { Unusable(description: "cannot read \(file): \(String(cString: strerror(errno)))") }
        guard let stream = fopen(file, "re") else { throw cause() }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = fread(&piece, 1, piece.count, stream), count > 0 {
            bytes += piece[..<count]
            guard bytes.count <= bytesMax else {
                throw Unusable(description: "\(file) has more than \(Quantity.text(bytes: bytesMax))")
            }
        }
        guard ferror(stream) == 0 else { throw cause() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A file's text, or a pipe's, if all of it is UTF-8.
    static func wholeText(of file: String, bytesMax: Int) throws(Unusable) -> String {
        let text = try text(of: file, bytesMax: bytesMax)
        guard !text.unicodeScalars.contains("\u{FFFD}") else { throw Unusable(description: "\(file) is not UTF-8") }
        return text
    }

    /// What only shows when everything is known: what is missing, and what is there twice.
    private static func checked(_ drafts: [Draft], problems: [Problem]) throws(Invalid) -> [MonitorConfiguration] {
        var problems = problems
        let monitors = drafts.compactMap { $0.configuration(&problems) }
        problems += repetitions(drafts.compactMap(\.name))
        problems += repetitions(drafts.flatMap(\.addresses))
        problems += repetitions(drafts.compactMap(\.recording.path).filter { !$0.value.hasSuffix("/") })
        guard problems.isEmpty else {
            let position = { (problem: Problem) in (problem.place?.line ?? 0, problem.place?.column ?? 0) }
            throw Invalid(problems: problems.sorted { position($0) < position($1) })
        }
        return monitors
    }

    /// A problem for each value that is there already.
    static func repetitions<Value: Hashable>(_ all: [Said<Value>], wanted: String = "another") -> [Problem] {
        var places: [Value: Place] = [:]
        return all.compactMap { said in
            guard let place = places[said.value] else {
                places[said.value] = said.place
                return nil
            }
            return Problem(place: said.place, text: "\"\(said.value)\" is already \(place.path): wanted is \(wanted)")
        }
    }
}
