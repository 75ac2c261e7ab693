internal import PluginKit
internal import QMP

/// Allows or denies some commands where all its conditions hold.
struct GuardRule: Sendable {
    /// What refusals name.
    let name: String
    /// Whether it allows; else it denies.
    let allows: Bool

    /// The listeners' policies that it is for; `nil` if for any.
    let policies: [String]?

    private let commands: [Glob]
    private let listeners: [Glob]?
    private let uids: [ClosedRange<UInt32>]?
    private let gids: [ClosedRange<UInt32>]?
    private let networks: [Network]?
    private let arguments: [ArgumentPattern]

    /// A rule as it was set.
    ///
    /// - Parameters:
    ///   - settings: the rule's.
    ///   - label: what it is called if it has no name.
    ///   - others: listeners' policies that have other rules; `nil` for a rule of such a policy.
    /// - Throws: what is wrong with it.
    init(
        settings: PluginSettings,
        label: String,
        besides others: Set<String>? = nil
    ) throws(PluginSettings.Invalid) {
        if others == nil {
            try settings.only("name", "allow", "deny", "listener", "uid", "gid", "address", "arguments")
        } else {
            try settings.only("name", "allow", "deny", "policy", "listener", "uid", "gid", "address", "arguments")
        }
        let wanted = "names of commands, such as quit or block-*"
        let allowed = try settings.values("allow", wanted: wanted) { Glob($0) }
        let denied = try settings.values("deny", wanted: wanted) { Glob($0) }
        guard let commands = allowed ?? denied else { throw settings.missing("allow", wanted: "this, or deny") }
        guard allowed == nil || denied == nil else { throw settings.invalid("deny", wanted: "this, or allow") }
        name = try settings.text("name") ?? label
        allows = denied == nil
        self.commands = commands
        policies = try settings.values("policy", wanted: "a listener's policy without rules of its own") { policy in
            others?.contains(policy) == true ? nil : policy
        }
        listeners = try settings.values("listener", wanted: "an address such as tcp:*") { Glob($0) }
        uids = try settings.values("uid", wanted: "a number, or a range such as 1000-1999") { Self.range($0) }
        gids = try settings.values("gid", wanted: "a number, or a range such as 1000-1999") { Self.range($0) }
        networks = try settings.values("address", wanted: Network.wanted) { Network(parsing: $0) }
        arguments = try Self.arguments(settings)
        if !allows, !arguments.isEmpty, commands.contains(where: { $0.isLiterally(GuardPolicy.anything) }) {
            throw settings.invalid(
                "arguments",
                wanted: "an allow rule: a line for the human monitor can be spelt in many ways"
            )
        }
    }

    private static func arguments(_ settings: PluginSettings) throws(PluginSettings.Invalid) -> [ArgumentPattern] {
        guard let mapping = try settings.mapping("arguments", wanted: "names or pointers, each with a pattern") else {
            return []
        }
        // It would hold for all commands, which nobody writes and means.
        guard !mapping.members.isEmpty else {
            throw settings.invalid("arguments", wanted: "at least one name or pointer, with a pattern")
        }
        var patterns: [ArgumentPattern] = []
        for member in mapping.members {
            guard let text = try mapping.text(member.key, wanted: "a pattern for the value's text") else { continue }
            do throws(JSONPointer.Malformed) {
                patterns.append(ArgumentPattern(try ArgumentPattern.pointer(member.key), Glob(text)))
            } catch {
                throw mapping.invalid(member.key, wanted: "another key: \(error)")
            }
        }
        return patterns
    }

    private static func range(_ text: String) -> ClosedRange<UInt32>? {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { bound in
            // Also keeps out the sign that Swift's own conversion allows.
            bound.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt32(bound) : nil
        }
        guard bounds.count <= 2, let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last else {
            return nil
        }
        return first...last
    }

    /// Whether it has a condition that names a listener's policy.
    func names(policy: String) -> Bool {
        policies?.contains { $0.utf8.elementsEqual(policy.utf8) } ?? false
    }

    /// Whether the arguments of such a command matter to it.
    func looksAtArguments(of command: String) -> Bool {
        !arguments.isEmpty && speaks(of: command)
    }

    /// Whether it is for this command from this client.
    func speaks(of command: String, _ values: [JSONValue.Member], from client: Client) -> Bool {
        guard speaks(of: command) && holds(for: client) else { return false }
        let values = JSONValue.object(values)
        return arguments.allSatisfy { allows ? $0.matchesAll(in: values) : $0.matchesAny(in: values) }
    }

    private func speaks(of command: String) -> Bool {
        if allows, command == GuardPolicy.anything { return commands.contains { $0.isLiterally(command) } }
        return commands.contains { $0.matches(command) }
    }

    private func holds(for client: Client) -> Bool {
        guard policies == nil || client.policy.map(names(policy:)) == true,
            listeners?.contains(where: { $0.matches(client.listener) }) ?? true
        else { return false }
        switch client.peer {
        case .local(_, let uid, let gid):
            return networks == nil && uids?.contains { $0 ~= uid } ?? true && gids?.contains { $0 ~= gid } ?? true
        case .internet(let host, _):
            guard uids == nil, gids == nil else { return false }
            return networks?.contains { $0.contains(host: host) } ?? true
        case .other:
            // Nothing is known of who went at once: it may be anybody, so what might be denied is.
            return !allows || (uids == nil && gids == nil && networks == nil)
        }
    }
}

extension Glob {
    /// Whether it was written just so.
    fileprivate func isLiterally(_ name: String) -> Bool {
        description.utf8.elementsEqual(name.utf8)
    }
}
