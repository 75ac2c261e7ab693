internal import CLibevent
internal import CSupport
internal import Glibc

/// Listens at an ``Address`` and hands out the connections that come.
///
/// A socket file is made with its mode from its first moment on; a stale one is replaced, that is one on which nobody
/// listens, and any other file is left alone. At the end the file is removed if it is still ours.
///
/// A host's name is looked up with getaddrinfo(3), which may block; the first IPv4 and the first IPv6 address of it are
/// listened on, as far as this machine has them, with the same port.
public final class Listener {
    /// The address as given, with the real port where 0 was asked for.
    public let boundAddress: Address

    private let loop: EventLoop
    private let onAccept: (AcceptedSocket) -> Void
    private let onFailure: (SystemError) -> Void
    private var sockets: [ListeningSocket] = []
    private var file: UnixSocketFile?
    private var isPaused = false
    private var retry: Timer?
    private var failureWasReported = false

    /// Newcomers that may wait in the kernel, which cuts it to net.core.somaxconn (listen(2)).
    private static let backlog: CInt = 1024
    /// Newcomers accepted before others have their turn.
    private static let acceptsPerTurnMax = 64
    /// How long nobody is accepted when the system has no room for another connection.
    private static let retryDelay = Duration.milliseconds(100)

    /// Listens from the next turn on.
    ///
    /// - Parameters:
    ///   - address: where.
    ///   - mode: who may connect to a unix socket, in the bits of chmod(2).
    ///   - loop: the loop it lives in.
    ///   - onAccept: called for each connection; kept with what it captures until ``close()``.
    ///   - onFailure: called when no connection can be accepted, for lack of descriptors or memory: once until one is
    ///     accepted again. Meanwhile newcomers wait in the kernel, and it is tried again every 100 ms.
    /// - Throws: ``ListenFailure``; then nothing is left behind.
    public init(
        address: Address,
        mode: UInt32 = 0o600,
        loop: EventLoop,
        onAccept: @escaping (AcceptedSocket) -> Void,
        onFailure: @escaping (SystemError) -> Void
    ) throws(ListenFailure) {
        self.loop = loop
        self.onAccept = onAccept
        self.onFailure = onFailure
        let descriptors: [DescriptorHandle]
        switch address {
        case .unix(let path):
            let descriptor = try Self.makeSocket(AF_UNIX, for: address)
            let number = descriptor.number ?? -1
            file = try UnixSocketFile(listening: number, path: path, mode: mode, backlog: Self.backlog)
            descriptors = [descriptor]
            boundAddress = address
        case .tcp(let host, let port):
            let bound = try TCPBinding(host: host, port: port, backlog: Self.backlog)
            descriptors = bound.descriptors
            boundAddress = .tcp(host: host, port: bound.port)
        }
        for descriptor in descriptors {
            let socket = ListeningSocket(descriptor, passesDescriptors: file != nil, loop: loop, listener: self)
            sockets.append(socket)
        }
        if !startAccepting() {
            let error = SystemError.last("epoll_ctl", "\(address)")
            close()
            throw .failed(error)
        }
    }

    deinit {
        close()
    }

    /// Accepts nobody until ``resume()``: who comes waits in the kernel, connected but unanswered.
    public func pause() {
        isPaused = true
        retry?.cancel()
        stopAccepting()
    }

    /// Accepts again, after ``pause()`` or before the 100 ms after a failure are over.
    public func resume() {
        isPaused = false
        retry?.cancel()
        if !startAccepting() {
            backOff(SystemError.last("epoll_ctl", "\(boundAddress)"))
        }
    }

    /// Listens no longer and removes the socket file; may be called again.
    public func close() {
        retry = nil
        // While somebody listens on it, nobody else takes the file for a stale one.
        file?.removeIfOurs()
        file = nil
        for socket in sockets { socket.close() }
        sockets = []
    }

    // MARK: Accepting

    fileprivate func accept(from socket: ListeningSocket) {
        for _ in 0..<Self.acceptsPerTurnMax {
            // Whoever was told of the last one may have had enough.
            guard socket.isAccepting, let number = socket.descriptor.number else { return }
            let accepted = csupport_accept(number)
            guard accepted < 0 else {
                failureWasReported = false
                handOver(DescriptorHandle(owning: accepted), passesDescriptors: socket.passesDescriptors)
                continue
            }
            switch errno {
            case EAGAIN:
                return
            case ECONNABORTED, EPROTO, ENOPROTOOPT, EOPNOTSUPP, EPERM, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
                ENONET:
                // That newcomer's trouble and no other's (accept(2), "Error handling").
                continue
            case let code:
                backOff(SystemError(call: "accept4", code: code, subject: "\(boundAddress)"))
                return
            }
        }
    }

    private func handOver(_ descriptor: DescriptorHandle, passesDescriptors: Bool) {
        if !passesDescriptors {
            setNoDelay(descriptor)
        }
        let peer = Peer(of: descriptor)
        onAccept(AcceptedSocket(descriptor: descriptor, peer: peer, passesDescriptors: passesDescriptors))
    }

    private func backOff(_ error: SystemError) {
        stopAccepting()
        if retry == nil {
            retry = Timer(loop: loop) { [weak self] in
                guard let self, !isPaused else { return }
                resume()
            }
        }
        retry?.set(after: Self.retryDelay)
        if !failureWasReported {
            failureWasReported = true
            onFailure(error)
        }
    }

    private func startAccepting() -> Bool {
        sockets.allSatisfy { $0.startAccepting() }
    }

    private func stopAccepting() {
        for socket in sockets { socket.stopAccepting() }
    }

    static func makeSocket(_ family: CInt, for address: Address) throws(ListenFailure) -> DescriptorHandle {
        do throws(SystemError) {
            return try makeStreamSocket(family, for: address)
        } catch {
            throw .failed(error)
        }
    }
}

/// One of a listener's sockets: it has one for each family of addresses.
private final class ListeningSocket {
    let descriptor: DescriptorHandle
    let passesDescriptors: Bool
    private(set) var isAccepting = false
    private weak var listener: Listener?
    private var event: WatchedEvent?

    init(_ descriptor: DescriptorHandle, passesDescriptors: Bool, loop: EventLoop, listener: Listener) {
        self.descriptor = descriptor
        self.passesDescriptors = passesDescriptors
        self.listener = listener
        event = WatchedEvent(
            on: descriptor.number ?? -1,
            for: EV_READ | EV_PERSIST,
            loop: loop,
            context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, _, context in
            guard let context else { return }
            let socket = Unmanaged<ListeningSocket>.fromOpaque(context).takeUnretainedValue()
            withExtendedLifetime(socket) { socket.listener?.accept(from: socket) }
        }
    }

    func startAccepting() -> Bool {
        isAccepting = isAccepting || event?.add() == true
        return isAccepting
    }

    func stopAccepting() {
        isAccepting = false
        event?.remove()
    }

    func close() {
        isAccepting = false
        event = nil
        descriptor.close()
    }
}
