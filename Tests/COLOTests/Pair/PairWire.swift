import ProxyTesting
import QMP
import Recording

/// A connection between two programs: bytes come in order, and while the link between their hosts is cut they wait.
final class PairWire {
    private unowned let world: PairWorld
    private let crosses: Bool
    private let isHeartbeat: Bool
    private var receivers: [((Bytes?) -> Void)?]
    private var waiting: [(end: Int, bytes: Bytes?)] = []
    private var last: [Instant]

    /// A connection; each end is told what comes, and `nil` when the other end is gone.
    init(
        _ world: PairWorld,
        crosses: Bool,
        isHeartbeat: Bool = false,
        _ one: @escaping (Bytes?) -> Void,
        _ other: @escaping (Bytes?) -> Void
    ) {
        self.world = world
        self.crosses = crosses
        self.isHeartbeat = isHeartbeat
        receivers = [one, other]
        last = [world.now, world.now]
        if crosses { world.wires.append(self) }
    }

    /// Whether nobody listens any more.
    var isDone: Bool { receivers.allSatisfy { $0 == nil } }

    /// Sends to that end.
    func send(_ bytes: Bytes?, to end: Int) {
        let slow = isHeartbeat ? world.heartbeatDelay : .zero
        let time = max(last[end], world.now + .microseconds(world.generator.int(20...400)) + slow)
        last[end] = time
        world.after(.microseconds(time.microseconds - world.now.microseconds)) { [self] in arrive(bytes, at: end) }
    }

    /// That end hangs up, or its program is gone.
    func close(from end: Int) {
        guard receivers[end] != nil else { return }
        receivers[end] = nil
        send(nil, to: 1 - end)
    }

    /// The link is mended.
    func flush() {
        let arrived = waiting
        waiting = []
        for (end, bytes) in arrived { arrive(bytes, at: end) }
    }

    private func arrive(_ bytes: Bytes?, at end: Int) {
        if crosses, !world.reachesProxies { return waiting.append((end, bytes)) }
        let receiver = receivers[end]
        if bytes == nil { receivers[end] = nil }
        receiver?(bytes)
    }
}
