/// Where a socket listens: `unix:/run/vm0/qmp.sock`, `tcp:localhost:4444`, `tcp:[::1]:4444`.
public enum Address: Sendable, Hashable, CustomStringConvertible {
    /// A socket file, at most 107 bytes (``unixPathBytesMax``).
    case unix(path: String)
    /// A host's name or number (without brackets) and a port; port 0 lets the kernel choose when listening.
    case tcp(host: String, port: UInt16)

    /// What a socket file's path may hold: 107 bytes, and one more for the NUL behind them (unix(7), `sun_path`).
    public static let unixPathBytesMax = 107

    /// The form that ``init(parsing:)`` reads.
    public var description: String {
        switch self {
        case .unix(let path):
            "unix:\(path)"
        case .tcp(let host, let port):
            host.utf8.contains(UInt8(ascii: ":")) ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        }
    }
}
