public import Libevent

/// One monitor and who may reach it through the proxy: what a configuration says of it.
public struct MonitorConfiguration: Sendable, Equatable {
    /// How the monitor is reached.
    public enum Monitor: Sendable, Equatable {
        /// The proxy connects there.
        case connect(Address)
        /// QEMU connects there.
        case listen(Address)

        /// The address, whoever connects.
        public var address: Address {
            switch self {
            case .connect(let address), .listen(let address): address
            }
        }
    }

    /// The monitor's name in logs, recordings and `query-status`.
    public var name: String
    /// Where QEMU is.
    public var monitor: Monitor
    /// Where clients connect.
    public var listeners: [Address]
    /// The mode of the unix sockets that are created, such as 0o600.
    public var socketMode: UInt32
    /// The file that is recorded to, if any.
    public var recording: String?
    /// How many clients are served at once.
    public var clientsMax: Int
    /// Whether clients outlive the monitor's connection.
    public var keepsClients: Bool

    /// A monitor with the defaults for everything else.
    public init(
        name: String,
        monitor: Monitor,
        listeners: [Address],
        socketMode: UInt32 = 0o600,
        recording: String? = nil,
        clientsMax: Int = 1024,
        keepsClients: Bool = false
    ) {
        self.name = name
        self.monitor = monitor
        self.listeners = listeners
        self.socketMode = socketMode
        self.recording = recording
        self.clientsMax = clientsMax
        self.keepsClients = keepsClients
    }
}
