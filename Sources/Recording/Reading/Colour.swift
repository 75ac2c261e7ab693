/// How a part of a transcript stands out on a terminal.
enum Colour: Equatable {
    case plain, bold, dim
    /// What failed, or was lost.
    case trouble
    case event
    /// What a plugin or a person did.
    case remark
    /// So that the lines of one client are found among those of others.
    case client(Int)

    /// Switches it all off again.
    static let end = "\u{1B}[0m"

    init(of entry: Entry, _ meaning: Meaning) {
        switch (entry.kind, meaning.subject) {
        case (.mark, _), (.verdict, _): self = .remark
        case (.gap, _), (_, .invalid), (_, .reply(.failed)): self = .trouble
        case (_, .event): self = .event
        default: self = meaning.plugin == nil ? .plain : .remark
        }
    }

    /// What switches it on (ECMA-48, 8.3.117).
    var sequence: String {
        switch self {
        case .plain: ""
        case .bold: "\u{1B}[1m"
        case .dim: "\u{1B}[2m"
        case .trouble: "\u{1B}[31m"
        case .event: "\u{1B}[33m"
        case .remark: "\u{1B}[1;35m"
        // Green, blue, cyan and their bright forms: the rest have a meaning.
        case .client(let number): "\u{1B}[\([32, 34, 36, 92, 94, 96][Int(number.magnitude % 6)])m"
        }
    }
}
