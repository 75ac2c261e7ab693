internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// What is going to happen in a simulated world, the earliest first.
struct SimulatorAgenda {
    /// All that may happen by itself.
    enum Happening {
        /// A client connects.
        case arrives
        /// The shell accepts those who wait.
        case accepts
        /// A client writes something.
        case writes(client: Int)
        /// A client takes its leave.
        case leaves(client: Int)
        /// A client reads again.
        case wakes(client: Int)
        /// The shell reads from an endpoint.
        case shellReads(Endpoint)
        /// An endpoint reads what the proxy has sent.
        case peerReads(Endpoint)
        /// The shell tells how much is unsent.
        case tellsUnsent(Endpoint)
        /// The shell tells that a connection is gone.
        case tellsClosed(Endpoint, reason: String)
        /// A timer's time has come, if it was not moved since.
        case fires(ProxyTimer, generation: Int)
        /// An attempt to connect to the monitor ends.
        case connects(attempt: Int)
        /// QEMU says its first word on a connection.
        case greets(connection: Int)
        /// QEMU has executed a command.
        case executes(command: Int)
        /// QEMU does what came into its head: says an event, dies, hangs.
        case monitorActs
        /// QEMU is started again.
        case monitorStarts
        /// QEMU reads again.
        case monitorWakes
        /// The recording has trouble.
        case recordingTroubled
        /// An attempt to connect to a second monitor ends.
        case connectsSecond(Int)
        /// A second monitor greets, says an event, or goes.
        case actsSecond(Int)
        /// A second monitor has executed a command.
        case executesSecond(Int, command: Int)
        /// A plugin's value is stored, or cannot be.
        case stores(plugin: Int, number: Int)
        /// A program reads a line.
        case programReads(Int, Bytes)
        /// A program ends.
        case programEnds(Int, ProgramEnd)
        /// The proxy is asked to stop.
        case stops
        /// All trouble ends.
        case calms
        /// The proxy must have stopped by now.
        case mustHaveStopped
    }

    private struct Entry {
        let time: Instant
        let order: Int
        let happening: Happening

        static func < (one: Entry, other: Entry) -> Bool {
            one.time == other.time ? one.order < other.order : one.time < other.time
        }
    }

    private var heap: [Entry] = []
    private var orders = 0

    /// Puts something on the agenda; what is due at the same time happens in the order in which it was put there.
    mutating func add(_ happening: Happening, at time: Instant) {
        orders += 1
        heap.append(Entry(time: time, order: orders, happening: happening))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the next thing from the agenda.
    mutating func next() -> (time: Instant, happening: Happening)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return (first.time, first.happening) }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == parent { return (first.time, first.happening) }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
