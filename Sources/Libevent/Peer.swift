internal import CSupport
internal import Glibc

/// Who is at the other end of a socket.
public enum Peer: Sendable, Hashable, CustomStringConvertible {
    /// A process of this machine, as it was when it connected or began to listen (unix(7), SO_PEERCRED).
    case local(pid: Int32, uid: UInt32, gid: UInt32)
    /// A host's number and port.
    case internet(host: String, port: UInt16)

    /// Such as `pid 123 uid 0 gid 0` or `127.0.0.1:40000`, `[::1]:40000`.
    public var description: String {
        switch self {
        case .local(let pid, let uid, let gid):
            "pid \(pid) uid \(uid) gid \(gid)"
        case .internet(let host, let port):
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// Asks the kernel who is at the other end of a connected socket; `nil` when it is gone already or no socket.
    public init?(of socket: DescriptorHandle) {
        guard let number = socket.number else { return nil }
        let name = SocketAddress { getpeername(number, $0, $1) }
        if let (host, port) = name?.hostAndPort {
            self = .internet(host: host, port: port)
            return
        }
        var (pid, uid, gid): (Int32, UInt32, UInt32) = (0, 0, 0)
        guard name?.family == AF_UNIX, csupport_peer_credentials(number, &pid, &uid, &gid) == 0 else { return nil }
        self = .local(pid: pid, uid: uid, gid: gid)
    }
}
