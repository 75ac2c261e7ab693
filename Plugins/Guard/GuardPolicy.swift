internal import PluginKit
internal import QMP

/// What some clients may run: the first rule that speaks of a command decides, and what none speaks of the default.
struct GuardPolicy: Sendable {
    /// What becomes of a command that no rule speaks of.
    enum Default: String, CaseIterable {
        case allow, deny
        case readOnly = "read-only"
    }

    private enum Mode: String, CaseIterable {
        case readOnly = "read-only"
        case rules
    }

    /// Executes any line of the human monitor, `quit` among them, so that it is allowed by its own name only.
    static let anything = "human-monitor-command"

    /// What only reads, and nothing else.
    static let readOnly = GuardPolicy(rules: [], otherwise: .readOnly, label: "read-only")

    let rules: [GuardRule]
    private let otherwise: Default
    /// What refusals name that are no rule's.
    private let label: String

    private init(rules: [GuardRule], otherwise: Default, label: String) {
        self.rules = rules
        self.otherwise = otherwise
        self.label = label
    }

    /// A policy that listeners may name.
    init(settings: PluginSettings, name: String) throws(PluginSettings.Invalid) {
        try settings.only("mode", "default", "rules")
        try self.init(settings, of: " of \(name)", isAlone: true) { (rule, label) throws(PluginSettings.Invalid) in
            try GuardRule(settings: rule, label: label)
        }
    }

    /// The policy of clients whose listener names none of these.
    ///
    /// - Parameters:
    ///   - settings: the plugin's.
    ///   - policies: the names that listeners may have for other policies.
    ///   - isAlone: whether there are no settings but these.
    /// - Throws: what is wrong with them.
    init(settings: PluginSettings, besides policies: Set<String>, isAlone: Bool) throws(PluginSettings.Invalid) {
        try self.init(settings, of: "", isAlone: isAlone) { (rule, label) throws(PluginSettings.Invalid) in
            try GuardRule(settings: rule, label: label, besides: policies)
        }
    }

    private init(
        _ settings: PluginSettings,
        of name: String,
        isAlone: Bool,
        rule: (PluginSettings, String) throws(PluginSettings.Invalid) -> GuardRule
    ) throws(PluginSettings.Invalid) {
        let mode = try settings.choice("mode", of: Mode.self)
        let otherwise = try settings.choice("default", of: Default.self)
        let list = try settings.list("rules", wanted: "a list of rules")
        if mode == .readOnly {
            for key in ["default", "rules"] where settings.value(key) != nil {
                throw settings.invalid(key, wanted: "mode: rules with it; its default may be read-only")
            }
            self = .readOnly
            return
        }
        if isAlone, mode == nil, otherwise == nil, list == nil {
            throw settings.missing("mode", wanted: "read-only, or rules")
        }
        guard let otherwise else {
            throw settings.missing("default", wanted: "allow or deny or read-only: for what no rule speaks of")
        }
        var rules: [GuardRule] = []
        for (index, settings) in (list ?? []).enumerated() {
            rules.append(try rule(settings, "rule \(index + 1)\(name)"))
        }
        self.init(rules: rules, otherwise: otherwise, label: "default\(name)")
    }

    /// For operators.
    var mode: String { (rules.isEmpty && otherwise == .readOnly ? Mode.readOnly : .rules).rawValue }

    /// The listeners' policies that rules speak of.
    var policies: [String] { rules.flatMap { $0.policies ?? [] } }

    /// Whether a rule speaks of a listener's policy.
    func knows(policy: String) -> Bool {
        rules.contains { $0.names(policy: policy) }
    }

    /// Why a command is refused; `nil` if it is not.
    func refusal(of command: Command, from client: Client) -> String? {
        let isOpen = otherwise == .allow && rules.allSatisfy(\.allows)
        if isOpen { return nil }
        // Versions of QEMU differ in what they take for a wrong envelope.
        guard let name = command.name else { return "its envelope is wrong" }
        // They may be long, and are parsed only for who asks.
        let arguments = rules.contains { $0.looksAtArguments(of: name) } ? command.arguments : []
        if let rule = rules.first(where: { $0.speaks(of: name, arguments, from: client) }) {
            return rule.allows ? nil : rule.name
        }
        if name == Self.anything { return "\(name) is only allowed by a rule with its name" }
        switch otherwise {
        case .allow: return nil
        case .deny: return label
        case .readOnly:
            return CommandTraits.isReadOnly(name) || OwnCommandName.isQuery(name) ? nil : label
        }
    }
}
