public import Libevent
public import PluginKit
public import Recording

/// One monitor and who may reach it through the proxy: what a configuration says of it.
public struct MonitorConfiguration: Sendable, Equatable {
    /// How the monitor is reached.
    public enum Monitor: Sendable, Equatable {
        /// The proxy connects there.
        case connect(Address)
        /// QEMU connects there.
        case listen(Address)
        /// There is no QEMU: a recording plays its part.
        case recording(RecordedMonitor)

        /// The address, whoever connects; `nil` if nobody does.
        public var address: Address? {
            switch self {
            case .connect(let address), .listen(let address): address
            case .recording: nil
            }
        }

        /// Where it is, for people.
        var description: String {
            switch self {
            case .connect(let address), .listen(let address): "\(address)"
            case .recording(let recorded): "recording \(recorded.path)"
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
    /// Where and how it is recorded, if at all.
    public var recording: RecordingOptions?
    /// Whether nobody is served while the recording cannot be written.
    public var needsRecording: Bool
    /// What is left out of the recording besides the secrets that are known anyway; `nil` leaves nothing out.
    public var redaction: [RedactionRule]?
    /// How many clients are served at once.
    public var clientsMax: Int
    /// Whether clients outlive the monitor's connection.
    public var keepsClients: Bool
    /// The policies of listeners that have one, which plugins know of.
    public var policies: [Address: String] = [:]
    /// The plugins, the first to be asked first.
    public var plugins: [PluginInstance] = []
    /// The files of the plugins' secrets that others than their owner may read.
    public var openSecrets: [String] = []
    /// The directory in which plugins keep what must outlive the proxy, if there is one.
    public var stateDirectory: String?

    /// A monitor with the defaults for everything else.
    public init(
        name: String,
        monitor: Monitor,
        listeners: [Address],
        socketMode: UInt32 = 0o600,
        recording: RecordingOptions? = nil,
        needsRecording: Bool = false,
        redaction: [RedactionRule]? = [],
        clientsMax: Int = 1024,
        keepsClients: Bool = false
    ) {
        self.name = name
        self.monitor = monitor
        self.listeners = listeners
        self.socketMode = socketMode
        self.recording = recording
        self.needsRecording = needsRecording
        self.redaction = redaction
        self.clientsMax = clientsMax
        self.keepsClients = keepsClients
    }
}
