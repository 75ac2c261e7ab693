internal import QMP

/// A monitor that a plugin has connected.
struct SimulatorSecondMonitor {
    enum Phase {
        case away, connecting, open, closing
    }

    let place: Int
    var monitor: FakeMonitor
    var phase = Phase.connecting
    /// What it says on its way to the proxy, up to which byte what, and what the proxy says on its way to it.
    var incoming = SimulatorStream()
    var said: [SimulatorUpstream.Said] = []
    var outgoing = SimulatorStream()
    var isShellReadScheduled = false
    var isPeerReadScheduled = false
    var isGreeted = false
    var isNegotiationSent = false
    /// Whether the plugin knows that it cannot be reached.
    var isTroubleTold = false
    /// Whether the plugin has given it up.
    var isGivenUp = false
    /// Whether the engine has closed the connection.
    var isClosed = false
}
