internal import PluginKit
internal import QMP

/// A line that a program has said, understood.
enum ProgramOutput: Equatable {
    /// What it wants to be told.
    case hello(Subscriptions)
    /// It speaks another version of the protocol.
    case foreign(version: Int64)
    /// What becomes of the command with that number.
    case verdict(Int, CommandVerdict)
    /// A command of its own, called so by it.
    case execute(Command, tag: String, timeout: Duration)
    /// A note for the recording.
    case mark(String)
    /// A line for the log.
    case log(LogLevel, String)

    /// What is wrong with a line.
    struct Unusable: Error, Equatable {
        let reason: String
        /// Whether nobody is to blame, as when a verdict comes too late.
        var isNobodysFault = false
    }

    private static let types = ["execute", "hello", "log", "mark", "verdict"]

    /// Reads a line.
    init(_ line: Bytes) throws(Unusable) {
        let reader = try OutputReader(line)
        let type = try reader.text("type")
        switch type {
        case "hello": self = try Self.hello(reader)
        case "verdict": self = try Self.verdict(reader)
        case "execute": self = try Self.execute(reader)
        case "mark":
            try reader.only("type", "text")
            self = .mark(try reader.text("text"))
        case "log": self = try Self.log(reader)
        default: throw Unusable(reason: OutputReader.unknown("type", type, among: Self.types))
        }
    }

    private static func hello(_ reader: OutputReader) throws(Unusable) -> ProgramOutput {
        guard let version = reader.value("version")?.integer else {
            throw Unusable(reason: "version: wanted is a whole number")
        }
        // What else another version says is its own affair.
        guard version == ProgramInput.version else { return .foreign(version: version) }
        try reader.only("type", "version", "commands", "events", "replies")
        return .hello(
            Subscriptions(
                commands: try reader.names("commands"),
                events: try reader.names("events"),
                replies: try reader.names("replies")
            )
        )
    }

    private static func verdict(_ reader: OutputReader) throws(Unusable) -> ProgramOutput {
        try reader.only("type", "command", "forward", "replace", "return", "error")
        guard let number = reader.value("command")?.integer else {
            throw Unusable(reason: "command: wanted is a command's number")
        }
        let said: [CommandVerdict?] = [
            try reader.value("forward").map { (value) throws(Unusable) in
                guard value == .bool(true) else { throw Unusable(reason: "forward: wanted is true") }
                return .forward
            },
            try reader.command("replace").map { .replace($0) },
            reader.value("return").map { .answer(.success($0)) },
            try reader.error("error").map { .answer(.failure($0)) },
        ]
        let verdicts = said.compactMap { $0 }
        guard verdicts.count == 1 else {
            throw Unusable(reason: "a verdict has exactly one of forward, replace, return, error")
        }
        return .verdict(Int(number), verdicts[0])
    }

    private static func execute(_ reader: OutputReader) throws(Unusable) -> ProgramOutput {
        try reader.only("type", "tag", "message", "timeout")
        let tag = try reader.text("tag")
        guard let command = try reader.command("message") else {
            throw Unusable(reason: "message: wanted is a command: {\"execute\": …}")
        }
        return .execute(command, tag: tag, timeout: try reader.timeout("timeout") ?? ExecLimits.executionTime)
    }

    private static func log(_ reader: OutputReader) throws(Unusable) -> ProgramOutput {
        try reader.only("type", "level", "text")
        let text = try reader.text("text")
        guard let word = reader.value("level") else { return .log(.info, text) }
        guard let level = word.string.flatMap(LogLevel.init(rawValue:)) else {
            let levels = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
            throw Unusable(reason: "level: wanted is one of \(levels)")
        }
        return .log(level, text)
    }
}
