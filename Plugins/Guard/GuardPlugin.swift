public import PluginKit
public import QMP

/// Who may run what.
///
/// What it refuses is answered with a `GenericError` that names the rule, and gets neither to the plugins behind it nor
/// to the monitor. It sees a command as the plugins before it have left it, and names and values as QEMU reads them, so
/// that no way to write them makes a difference.
public struct GuardPlugin: Plugin {
    /// `guard`.
    public static let name = "guard"

    /// It only rules what others do.
    public static let executes = false

    /// Whether nothing is refused, but marked.
    private let isDryRun: Bool
    /// For clients whose listener has no policy, or one that only its rules speak of.
    private let own: GuardPolicy
    /// For clients whose listener has a policy of that name.
    private let others: [String: GuardPolicy]
    /// How often a command was refused, by the reason; there are about as many as rules.
    private var refused: [String: Int] = [:]

    /// Takes `mode`, `default`, `rules`, `policies` and `dry-run`.
    public init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("mode", "default", "rules", "policies", "dry-run")
        isDryRun = try settings.truth("dry-run") ?? false
        var others = ["read-only": GuardPolicy.readOnly]
        let declared = try settings.mapping("policies", wanted: "names of policies, each with its mode or rules")
        for name in declared?.members.map(\.key) ?? [] {
            guard let policy = try declared?.mapping(name), name != "read-only" else {
                throw PluginSettings.Invalid(
                    path: ["policies", name],
                    reason: "is known already: wanted is another name"
                )
            }
            others[name] = try GuardPolicy(settings: policy, name: name)
        }
        own = try GuardPolicy(settings: settings, besides: Set(others.keys), isAlone: declared == nil)
        self.others = others
    }

    /// `read-only`, those that are declared, and those that rules name.
    public var policies: [String] { Set(Array(others.keys) + own.policies).sorted() }

    /// The mode, how many rules there are, and how often each of them refused a command, or would have in a dry run.
    public var state: JSONValue {
        let rules = own.rules.count + others.values.reduce(0) { $0 + $1.rules.count }
        let counts = refused.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .integer(Int64($0.value))) }
        return .object([
            JSONValue.Member("mode", .string(own.mode)),
            JSONValue.Member("policies", .array(others.keys.sorted().map { .string($0) })),
            JSONValue.Member("rules", .integer(Int64(rules))),
            JSONValue.Member("dry-run", .bool(isDryRun)),
            JSONValue.Member(isDryRun ? "would-refuse" : "refused", .object(counts)),
        ])
    }

    /// Warns that a dry run protects nothing.
    public mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
        if isDryRun { context.log(.warning, "dry run: what would be refused is marked and goes on") }
    }

    /// Refuses what the client may not run.
    public mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard let reason = refusal(of: command) else { return .forward }
        refused[reason, default: 0] += 1
        let subject = "The command" + (command.command.name.map { " \($0)" } ?? "")
        if isDryRun {
            context.mark("\(subject) would be refused: \(reason)")
            return .forward
        }
        return .answer(.failure(ProtocolError(.generic, "\(subject) is refused by \(context.plugin): \(reason)")))
    }

    /// Why a command is refused; `nil` if it is not.
    private func refusal(of command: ClientCommand) -> String? {
        let client = command.client
        guard let name = client.policy else { return own.refusal(of: command.command, from: client) }
        let policy = others[name] ?? (own.knows(policy: name) ? own : nil)
        // A name that is misspelt somewhere must not open a door.
        guard let policy else { return "the listener's policy \(name) is not known" }
        return policy.refusal(of: command.command, from: client)
    }
}
