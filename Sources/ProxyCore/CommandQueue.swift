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
        /// Whose it is; the client may have left.
        let client: Int
        let command: Command
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
            client: Int,
            command: Command,
            isOutOfBand: Bool,
            message: SplicedMessage,
            mapping: IDMapping,
            descriptors: [DescriptorToken],
            askedAt: Instant
        ) {
            self.number = number
            self.client = client
            self.command = command
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

    /// Whether an in-band command may be sent now.
    func admits(_ outgoing: Outgoing, limit: Int) -> Bool {
        barrier == nil && inBandInFlight < (outgoing.descriptors.isEmpty ? limit : 1)
    }

    /// Notes a command that is sent.
    mutating func sent(_ outgoing: Outgoing, at now: Instant) {
        flights.append(Flight(outgoing: outgoing, sentAt: now))
        if !outgoing.isOutOfBand { inBandInFlight += 1 }
        if !outgoing.descriptors.isEmpty { barrier = outgoing.number }
    }

    /// The command that a reply answers; `nil` if there is none of that number.
    mutating func answered(_ number: Int) -> Outgoing? {
        guard let index = flights.firstIndex(where: { $0.outgoing.number == number }) else { return nil }
        let outgoing = flights.remove(at: index).outgoing
        if !outgoing.isOutOfBand { inBandInFlight -= 1 }
        if barrier == number { barrier = nil }
        return outgoing
    }

    /// Forgets everything, since the monitor is gone; returns what was in flight.
    mutating func reset() -> [Outgoing] {
        defer { self = CommandQueue() }
        return flights.map(\.outgoing)
    }
}
