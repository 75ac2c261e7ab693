internal import QMP

/// Which replies, by their commands' numbers, are to be redacted; each is forgotten once it has passed.
///
/// Numbers are given in the order of arrival, from 1. A command that was never seen may have carried anything: a
/// recording may lack it, so its reply is taken for secret.
struct SecretReplies {
    /// What of a reply is secret.
    struct Secrets: Equatable {
        /// The description of an error, which may quote the command.
        var isErrorSecret = true
        /// All that is returned.
        var isAll = false
        /// Members of what is returned, at any depth.
        var members: [[UInt8]] = []
        /// What a user's own rules name.
        var pointers: [JSONPointer] = []

        static let all = Secrets(isAll: true)

        mutating func formUnion(_ other: Secrets) {
            isErrorSecret = isErrorSecret || other.isErrorSecret
            isAll = isAll || other.isAll
            members += other.members.filter { !members.contains($0) }
            pointers += other.pointers.filter { !pointers.contains($0) }
        }
    }

    private struct Awaited {
        var secrets: Secrets
        var client: Int?
        var wasSent = false
        var wasAnswered = false
        var clientHasLeft = false
    }

    /// Replies awaited at most; beyond, all of commands so far are taken for secret.
    ///
    /// 65,536: all that 1,024 clients may have waiting.
    private static let awaitedMax = 1 << 16
    /// Gaps between the numbers that were seen; beyond, they are taken for one.
    ///
    /// 64: there are none but in a damaged recording.
    private static let unseenMax = 64

    private var awaited: [Int: Awaited] = [:]
    private var unseen: [ClosedRange<Int>] = []
    private var highest = 0

    /// Whether all that is known is that nothing is secret: the plain case, and quick.
    var isEmpty: Bool { awaited.isEmpty && unseen.isEmpty }

    /// Whether a reply that is on its way from the monitor may be secret.
    var isAnyDue: Bool { !unseen.isEmpty || awaited.values.contains { $0.wasSent && !$0.wasAnswered } }

    /// What of the reply to a command is secret, `nil` if nothing is.
    func secrets(ofReplyTo number: Int) -> Secrets? {
        guard !isEmpty || number > highest else { return nil }
        if let known = awaited[number] { return known.secrets }
        return number > highest || unseen.contains { $0.contains(number) } ? .all : nil
    }

    /// Whether a command was seen, or one that came later.
    func hasPassed(_ number: Int) -> Bool { number <= highest }

    /// Whether a command was seen and found to carry no secret.
    func isKnownPlain(_ number: Int) -> Bool {
        number <= highest && (isEmpty || awaited[number] == nil && !unseen.contains { $0.contains(number) })
    }

    /// Notes a plugin's command, which has its number before its turn, and may come behind later ones.
    mutating func sawOfPlugin(_ number: Int) {
        saw(number)
        guard let index = unseen.firstIndex(where: { $0.contains(number) }) else { return }
        let gap = unseen.remove(at: index)
        if gap.lowerBound < number { unseen.append(gap.lowerBound...number - 1) }
        if number < gap.upperBound { unseen.append(number + 1...gap.upperBound) }
    }

    /// Notes that a command was seen.
    mutating func saw(_ number: Int) {
        guard number > highest else { return }
        if number > highest + 1 { unseen.append(highest + 1...number - 1) }
        if unseen.count > Self.unseenMax { unseen = [(unseen.map(\.lowerBound).min() ?? number)...number - 1] }
        highest = number
    }

    /// Notes a command that carries secrets.
    mutating func await(_ number: Int, _ secrets: Secrets, client: Int?) {
        guard awaited[number] != nil || awaited.count < Self.awaitedMax else {
            awaited = [:]
            unseen = [1...max(highest, number)]
            return
        }
        awaited[number, default: Awaited(secrets: secrets)].secrets.formUnion(secrets)
        if let client { awaited[number]?.client = client }
    }

    /// Notes that a command went to the monitor.
    mutating func sent(_ number: Int) {
        if !awaited.isEmpty { awaited[number]?.wasSent = true }
    }

    /// Notes that the monitor has answered a command.
    mutating func answered(_ number: Int) {
        guard !awaited.isEmpty, let known = awaited[number] else { return }
        if known.clientHasLeft { awaited[number] = nil } else { awaited[number]?.wasAnswered = true }
    }

    /// Notes that a client has its reply.
    mutating func passed(_ number: Int) {
        if !awaited.isEmpty { awaited[number] = nil }
    }

    /// Notes that a plugin has the reply to a command of its own, which no client gets.
    mutating func passedToPlugin(_ number: Int) {
        if !awaited.isEmpty, awaited[number]?.client == nil { awaited[number] = nil }
    }

    /// Notes that a client has left: what the monitor was not asked, or has answered, comes no more.
    mutating func closed(client: Int) {
        for (number, known) in awaited where known.client == client {
            if known.wasSent, !known.wasAnswered {
                awaited[number]?.clientHasLeft = true
            } else {
                awaited[number] = nil
            }
        }
    }

    /// Notes that the monitor has gone, and will answer nothing more of what it was sent.
    mutating func closedMonitor() {
        for (number, known) in awaited where known.wasSent {
            if known.clientHasLeft { awaited[number] = nil } else { awaited[number]?.wasAnswered = true }
        }
    }
}
