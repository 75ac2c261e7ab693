internal import QMP

/// What a filter may say: one row a term, for the parser, its errors and the help.
public struct FilterTerm: Sendable {
    /// Such as `~slower`.
    public let name: String
    /// What must follow it, such as `DURATION`; empty if nothing may.
    public let argument: String
    /// Which entries it means.
    public let help: String
    let predicate: @Sendable (String) -> EntryFilter.Predicate?

    private init(
        _ name: String,
        taking argument: String = "",
        _ help: String,
        _ predicate: @escaping @Sendable (String) -> EntryFilter.Predicate?
    ) {
        self.name = name
        self.argument = argument
        self.help = help
        self.predicate = predicate
    }

    /// All of them, in the order of the help.
    public static let all: [FilterTerm] = [
        FilterTerm("~x", taking: "GLOB", "commands of that name, and their replies") { .name(Glob($0)) },
        FilterTerm("~command", taking: "N", "all of the command with that number") { number($0).map { .command($0) } },
        FilterTerm("~reply", "replies") { _ in .reply },
        FilterTerm("~error", "failed replies, and bytes answered with an error") { _ in .failure },
        FilterTerm("~class", taking: "GLOB", "replies with an error of that class") { .errorClass(Glob($0)) },
        FilterTerm("~slower", taking: "DURATION", "replies that took that long, or longer") {
            microseconds($0).map { .slower($0) }
        },
        FilterTerm("~faster", taking: "DURATION", "replies that took less") { microseconds($0).map { .faster($0) } },
        FilterTerm("~oob", "out-of-band commands, and their replies") { _ in .outOfBand },
        FilterTerm("~fds", "what went with descriptors") { _ in .descriptors },
        FilterTerm("~event", taking: "GLOB", "events of that name") { .event(Glob($0)) },
        FilterTerm("~greeting", "greetings") { _ in .greeting },
        FilterTerm("~client", taking: "N", "that client, and the monitor's part of its commands") {
            number($0).map { .client($0) }
        },
        FilterTerm("~monitor", "between proxy and QEMU") { _ in .monitor },
        FilterTerm("~plugin", taking: "GLOB", "a plugin's entries, verdicts and commands") { .plugin(Glob($0)) },
        FilterTerm("~verdict", "what plugins decided") { _ in .verdict },
        FilterTerm("~mark", "marks") { _ in .mark },
        FilterTerm("~received", "what came in") { _ in .received },
        FilterTerm("~sent", "what went out") { _ in .sent },
        FilterTerm("~opened", "connections that opened") { _ in .opened },
        FilterTerm("~closed", "connections that closed") { _ in .closed },
        FilterTerm("~gap", "entries that tell of lost ones") { _ in .gap },
        FilterTerm("~redacted", "messages with redacted values") { _ in .redacted },
        FilterTerm("~text", taking: "STRING", "what has those characters in it") { .text($0) },
        FilterTerm("~after", taking: "SECONDS", "from that time on, as the lines tell it") {
            seconds($0).map { .after($0) }
        },
        FilterTerm("~before", taking: "SECONDS", "before that time") { seconds($0).map { .before($0) } },
        FilterTerm("~all", "everything") { _ in .everything },
    ]

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// What the argument must be, in an error.
    var wanted: String {
        switch argument {
        case "GLOB": "a name, in which * is any characters and ? is one"
        case "N": "a number such as 2"
        case "DURATION": "a duration such as 500ms, 1.5s or 20us"
        case "SECONDS": "seconds such as 12.5"
        default: "a text"
        }
    }

    private static func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private static func seconds(_ text: String) -> Instant? {
        count(text, of: 1_000_000).map { Instant(microseconds: $0) }
    }

    private static let units: [(name: String, microseconds: Double)] = [
        ("us", 1), ("µs", 1), ("ms", 1000), ("min", 60_000_000), ("s", 1_000_000), ("m", 60_000_000),
        ("h", 3_600_000_000),
    ]

    private static func microseconds(_ text: String) -> Int64? {
        guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
        return count(String(text.dropLast(unit.name.count)), of: unit.microseconds)
    }

    /// At most what a recording's times can be, 4e9 seconds.
    private static func count(_ text: String, of microseconds: Double) -> Int64? {
        guard let number = Quantity.decimal(text), number * microseconds <= 4e15 else { return nil }
        return Int64((number * microseconds).rounded())
    }
}
