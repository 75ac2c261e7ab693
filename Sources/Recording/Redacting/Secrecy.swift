internal import CSupport
internal import QMP

/// What is secret of the commands of one name, by ``QMP/CommandTraits/secrets`` and by a user's own rules.
final class Secrecy: Sendable {
    /// When the table says that the members are, of the name itself or of any that is a slip away; `nil` if none is.
    let condition: CommandTraits.Secrets.Condition?
    /// Members that are secret at any depth.
    let members: [[UInt8]]
    /// What own rules name in the command.
    let pointers: [JSONPointer]
    /// What of the reply is secret if the command carries a secret.
    let reply: SecretReplies.Secrets
    /// Whether an own rule speaks of the reply, so that it is secret in any case.
    let isReplyRuled: Bool

    init(of name: Bytes, rules: [RedactionRule]) {
        let exact = Self.known.filter { name.elementsEqual($0.name) }
        let table = (exact.isEmpty ? Self.known.filter { name.isNearly($0.name) } : exact).map(\.secrets)
        condition = table.contains { $0.condition == .always } ? .always : table.first?.condition
        members = table.flatMap(\.members).map { Array($0.utf8) } + [Self.password]
        let own = rules.filter { $0.names.matches(name) }
        pointers = own.map(\.pointer)
        isReplyRuled = own.contains(where: \.isOfReply)
        var reply = SecretReplies.Secrets(pointers: own.filter(\.isOfReply).map(\.pointer))
        for secrets in table {
            switch secrets.reply {
            case .all: reply.isAll = true
            case .members(let names): reply.members += names.map { Array($0.utf8) }
            case .nothing: break
            }
        }
        self.reply = reply
    }

    /// Whether no table and no rule speaks of it.
    var isPlain: Bool { condition == nil && pointers.isEmpty }

    /// Whether a member of that name is secret; block options may stand under dotted names, too (util/keyval.c).
    func isSecret(_ name: Bytes) -> Bool {
        let last = name.lastIndex(of: UInt8(ascii: ".")).map { name[($0 + 1)...] } ?? name
        return members.contains { last.isNearly($0) }
    }

    static let password = Array(CommandTraits.secretMember.utf8)
    private static let known = CommandTraits.secrets.sorted { $0.key < $1.key }
        .map { (name: Array($0.key.utf8), secrets: $0.value) }
}

/// What is known of names that came up lately.
struct SecrecyCache {
    /// 256: QEMU knows some 250 commands, of which few are asked for again and again.
    private static let size = 256

    private var names = [Bytes](repeating: [], count: size)
    private var secrecies = [Secrecy?](repeating: nil, count: size)

    /// What is secret of the commands of a name, or the events.
    mutating func secrecy(of name: Bytes, rules: [RedactionRule]) -> Secrecy {
        // Who finds names that collide gains nothing but a slower proxy.
        let hash = name.withUnsafeBytes { csupport_hash($0.baseAddress, $0.count) }
        let place = Int(hash % UInt64(Self.size))
        if let known = secrecies[place], names[place] == name { return known }
        let secrecy = Secrecy(of: name, rules: rules)
        // A copy, or the bytes that it was read with would be kept, too.
        names[place] = Bytes(Array(name))
        secrecies[place] = secrecy
        return secrecy
    }
}
