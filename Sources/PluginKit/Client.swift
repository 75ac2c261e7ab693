public import QMP

/// Who asks.
public struct Client: Sendable, Equatable {
    /// Where a client is, by what the kernel says of its socket.
    public enum Peer: Sendable, Hashable, CustomStringConvertible {
        /// A process of this machine, as it was when it connected (unix(7), SO_PEERCRED).
        case local(pid: Int32, uid: UInt32, gid: UInt32)
        /// A host, by its number such as `127.0.0.1` or `::1`, and a port.
        case internet(host: String, port: UInt16)
        /// No socket, or nothing is known of it any more; the text is for people.
        case other(String)

        /// Such as `pid 123 uid 0 gid 0` or `127.0.0.1:40000`, `[::1]:40000`.
        public var description: String {
            switch self {
            case .local(let pid, let uid, let gid): "pid \(pid) uid \(uid) gid \(gid)"
            case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .other(let text): text
            }
        }
    }

    /// The proxy's number of it; they rise, and none comes again.
    public let number: Int
    /// Where it is.
    public let peer: Peer
    /// The address that it has connected to, such as `unix:/run/vm0/qmp.sock`.
    public let listener: String
    /// What the configuration calls the policy of that address; `nil` if it has none.
    public let policy: String?

    /// A client.
    public init(number: Int, peer: Peer, listener: String, policy: String? = nil) {
        self.number = number
        self.peer = peer
        self.listener = listener
        self.policy = policy
    }
}

/// A command, who asks it, and what came with it.
public struct ClientCommand: Sendable, Equatable {
    /// The proxy's number of the command, which is also in the recording.
    public let number: Int
    /// Who asks.
    public let client: Client
    /// What is asked, as the plugins before this one left it.
    public var command: Command
    /// How many descriptors came with it; they are closed unless the command gets to the monitor.
    public let descriptors: Int

    /// A command of a client's.
    public init(number: Int, client: Client, command: Command, descriptors: Int = 0) {
        self.number = number
        self.client = client
        self.command = command
        self.descriptors = descriptors
    }
}
