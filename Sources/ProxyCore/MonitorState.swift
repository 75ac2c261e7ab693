internal import QMP
internal import Recording

/// All that is known of the monitor.
struct MonitorState {
    enum Phase {
        /// Not connected; a timer or QEMU itself will change that.
        case away
        /// Being connected to.
        case connecting
        /// Connected, but nothing was said.
        ///
        /// That is no fault: QEMU may be waiting for something else first.
        case silent
        /// It has greeted, and our own negotiation is not answered: replies belong to nobody, since QEMU gives to the
        /// next client what the last one left behind.
        case negotiating
        /// It takes commands.
        case ready
        /// Being closed by us.
        case closing
    }

    var phase = Phase.away
    var decoder: MonitorDecoder
    var greeting: Greeting?
    var lastReceived: Instant?
    var reconnectDelay: Duration
    /// The reason last logged, so that it is logged once.
    var lastTrouble: String?
    /// Names made by `getfd`, as far as replies told.
    ///
    /// QEMU keeps them when their client leaves.
    var descriptorNames: Set<String> = []
    var unsent = 0
    /// How often a connection was made.
    var connections = 0

    init(limits: ProxyLimits) {
        decoder = MonitorDecoder(limits: limits.documents)
        reconnectDelay = limits.reconnectDelayMin
    }

    var hasOutOfBand: Bool { greeting?.capabilities.contains("oob") ?? false }
}
