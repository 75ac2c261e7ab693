/// A connection that a ``Listener`` has accepted: not blocking, closed with its handle.
public struct AcceptedSocket: Sendable {
    /// Owns the socket.
    public let descriptor: DescriptorHandle
    /// Who connected; `nil` when that one is gone already.
    public let peer: Peer?
    /// Whether descriptors can be sent over it: only over unix sockets (unix(7), SCM_RIGHTS).
    public let passesDescriptors: Bool
}
