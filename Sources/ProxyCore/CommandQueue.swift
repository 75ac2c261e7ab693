internal import QMP
internal import Recording

/// What is in flight to the monitor, and whose turn it is: fair between clients, within the limit, with the barrier
/// around commands that carry descriptors.
struct CommandQueue {
    /// A command on its way to the monitor.
    ///
    /// It never changes, so that it can be shared instead of copied.
    final class Outgoing: Sendable {
        let number: Int
        /// Whose it is, and may have left; `nil` for a plugin's.
        let client: Int?
        /// The place in the chain of the plugin whose it is; `nil` for a client's.
        let place: Int?
        /// What is executed.
        let command: Command
        /// What the client has said, unless a plugin has put the command in its place.
        let original: Command
        /// Whether it overtakes: only at a monitor that has `oob`; any other refuses it in its turn.
        let isOutOfBand: Bool
        /// What is sent.
        let message: SplicedMessage
        let mapping: IDMapping
        let descriptors: [DescriptorToken]
        /// When the client asked.
        let askedAt: Instant

        init(
            number: Int,
            client: Int?,
            place: Int? = nil,
            command: Command,
            original: Command,
            isOutOfBand: Bool,
            message: SplicedMessage,
            mapping: IDMapping,
            descriptors: [DescriptorToken],
            askedAt: Instant
        ) {
            self.number = number
            self.client = client
            self.place = place
            self.command = command
            self.original = original
            self.isOutOfBand = isOutOfBand
            self.message = message
            self.mapping = mapping
            self.descriptors = descriptors
            self.askedAt = askedAt
        }
    }

    /// A command that was sent and is not answered.
    struct Flight {
        let outgoing: Outgoing
        let sentAt: Instant
    }

    private(set) var flights: [Flight] = []
    private(set) var inBandInFlight = 0
    /// Whether one of those is a plugin's; more than one there never is.
    private(set) var hasExecutionInFlight = false
    /// Whether the last one sent was a plugin's.
    private(set) var sentExecutionLast = false
    /// Whether a command with descriptors is in flight: nothing in-band follows it until it is answered.
    ///
    /// With `oob` QEMU reads ahead and would let one set of descriptors replace the other (chardev/char-socket.c,
    /// `tcp_chr_recv`).
    private var barrier: Int?
    /// Clients that have commands waiting, the next one first.
    private var turns: [Int] = []

    /// Whose turn it is.
    var next: Int? { turns.first }

    /// Puts a client behind the others; once is enough.
    mutating func enqueue(_ client: Int) {
        if !turns.contains(client) { turns.append(client) }
    }

    /// Takes the first client's turn from it.
    mutating func endTurn() {
        turns.removeFirst()
    }

    /// Forgets the turns of a client that leaves.
    mutating func forget(_ client: Int) {
        turns.removeAll { $0 == client }
    }

    /// Whether a client's in-band command may be sent now.
    ///
    /// - Parameters:
    ///   - outgoing: the command.
    ///   - limit: how many may be in flight in all.
    ///   - kept: how many of those are kept for plugins.
    /// - Returns: whether there is room, and nothing that must be alone in flight.
    func admits(_ outgoing: Outgoing, limit: Int, kept: Int) -> Bool {
        guard barrier == nil, outgoing.descriptors.isEmpty else { return barrier == nil && inBandInFlight == 0 }
        let clients = inBandInFlight - (hasExecutionInFlight ? 1 : 0)
        return inBandInFlight < limit && clients < max(1, limit - kept)
    }

    /// Whether a plugin's in-band command may be sent now.
    func admitsExecution(limit: Int) -> Bool {
        barrier == nil && !hasExecutionInFlight && inBandInFlight < limit
    }

    /// Notes a command that is sent.
    mutating func sent(_ outgoing: Outgoing, at now: Instant) {
        flights.append(Flight(outgoing: outgoing, sentAt: now))
        if !outgoing.isOutOfBand {
            inBandInFlight += 1
            sentExecutionLast = outgoing.client == nil
            if sentExecutionLast { hasExecutionInFlight = true }
        }
        if !outgoing.descriptors.isEmpty { barrier = outgoing.number }
    }

    /// The command that a reply answers; `nil` if there is none of that number.
    mutating func answered(_ number: Int) -> Outgoing? {
        guard let index = flights.firstIndex(where: { $0.outgoing.number == number }) else { return nil }
        let outgoing = flights.remove(at: index).outgoing
        if !outgoing.isOutOfBand {
            inBandInFlight -= 1
            if outgoing.client == nil { hasExecutionInFlight = false }
        }
        if barrier == number { barrier = nil }
        return outgoing
    }

    /// Forgets everything, since the monitor is gone; returns what was in flight.
    mutating func reset() -> [Outgoing] {
        defer { self = CommandQueue() }
        return flights.map(\.outgoing)
    }
}
