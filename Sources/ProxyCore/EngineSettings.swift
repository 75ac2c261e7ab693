/// What an engine is told when it is made.
public struct EngineSettings: Sendable, Equatable {
    /// The monitor's name, for people.
    public var name: String
    /// The monitor's address, for people.
    public var monitorAddress: String
    /// Whether QEMU connects to us, so that we wait instead of trying again.
    public var waitsForMonitor = false
    /// Whether descriptors can be passed to the monitor: only over a unix socket.
    public var passesDescriptors = true
    /// Whether clients outlive the monitor's connection.
    public var keepsClients = false
    /// The recording's path, `nil` if there is none: then nothing is recorded, unless ``isWatched``.
    public var recording: String?
    /// Whether entries are wanted though there is no recording.
    public var isWatched = false
    /// Whether nobody is served while the recording cannot be written.
    public var needsRecording = false
    /// The proxy's version, for people.
    public var version: String
    /// Marks our own negotiation among replies that belong to others; unlike that of any proxy before.
    public var nonce: String
    /// The limits.
    public var limits = ProxyLimits()

    /// Settings with the defaults for everything else.
    public init(name: String, monitorAddress: String, version: String, nonce: String) {
        self.name = name
        self.monitorAddress = monitorAddress
        self.version = version
        self.nonce = nonce
    }
}
