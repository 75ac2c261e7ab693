/// What reads a recording from end to end: `show` in its forms, and what everybody has.
enum RecordingReader: String, CaseIterable, Codable {
    case cat
    case grep = "grep -c execute"
    case jq = "jq -c ."
    case text = "show"
    case json = "show --format json"
    case filter = "show --format json '~x query-*'"
    case statistics = "show --stats"

    /// The command that reads the file.
    ///
    /// Throws if the program is not installed.
    func command(reading path: String, programs: Programs) throws -> Command {
        switch self {
        case .cat: Command(try programs.find("cat"), [path])
        case .grep: Command(try programs.find("grep"), ["-c", "execute", path])
        case .jq: Command(try programs.find("jq"), ["-c", ".", path])
        case .text: Command(try programs.findProxy(), ["show", path])
        case .json: Command(try programs.findProxy(), ["show", "--format", "json", path])
        case .filter: Command(try programs.findProxy(), ["show", "--format", "json", path, "~x query-*"])
        case .statistics: Command(try programs.findProxy(), ["show", "--stats", path])
        }
    }

    /// Where its output goes; `nil`: to the log.
    var outputPath: String? {
        // grep ends at the first match where nobody reads how many there are.
        self == .grep ? nil : "/dev/null"
    }
}
