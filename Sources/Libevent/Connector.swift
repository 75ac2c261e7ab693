internal import CLibevent
internal import Glibc

/// Connects to an ``Address`` without blocking and hands out the socket.
///
/// A host's name that is no number is looked up with getaddrinfo(3), which may block the loop; its addresses are tried
/// one after the other. How long to wait is the owner's business: ``cancel()``. A connector that is given up is
/// cancelled.
public final class Connector {
    private let address: Address
    private let loop: EventLoop
    private var onEnd: ((Result<DescriptorHandle, SystemError>) -> Void)?
    private var candidates: [SocketAddress] = []
    private var socket: DescriptorHandle?
    private var event: WatchedEvent?

    /// Begins at the end of this turn.
    ///
    /// `onEnd` is called once, never from within this call, with the connected socket or with why there is none, that
    /// is the failure of the last address tried. A unix socket whose queue of newcomers is full fails with `EAGAIN`
    /// (connect(2)): to be tried again later.
    public init(
        to address: Address,
        loop: EventLoop,
        onEnd: @escaping (Result<DescriptorHandle, SystemError>) -> Void
    ) {
        self.address = address
        self.loop = loop
        self.onEnd = onEnd
        loop.atTurnEnd { [weak self] in self?.start() }
    }

    /// Gives up without a word; does nothing once it has ended.
    public func cancel() {
        onEnd = nil
        event = nil
        socket = nil
    }

    private func start() {
        guard onEnd != nil else { return }
        do throws(SystemError) {
            candidates = try SocketAddress.resolve(address)
            tryNext(after: SystemError(call: "connect", code: EADDRNOTAVAIL, subject: "\(address)"))
        } catch {
            end(.failure(error))
        }
    }

    private func tryNext(after failure: SystemError) {
        var failure = failure
        while !candidates.isEmpty {
            let candidate = candidates.removeFirst()
            do throws(SystemError) {
                let socket = try makeStreamSocket(candidate.family, for: address)
                guard let number = socket.number else { continue }
                if candidate.withPointer({ connect(number, $0, $1) }) == 0 {
                    end(.success(socket))
                    return
                }
                guard errno == EINPROGRESS else { throw .last("connect", "\(address)") }
                try wait(for: socket, number)
                return
            } catch {
                failure = error
            }
        }
        end(.failure(failure))
    }

    private func wait(for socket: DescriptorHandle, _ number: CInt) throws(SystemError) {
        self.socket = socket
        event = WatchedEvent(
            on: number,
            for: EV_WRITE,
            loop: loop,
            context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, _, context in
            guard let context else { return }
            let connector = Unmanaged<Connector>.fromOpaque(context).takeUnretainedValue()
            withExtendedLifetime(connector) { connector.decided() }
        }
        guard event?.add() == true else { throw .last("epoll_ctl", "\(address)") }
    }

    /// The kernel knows whether the peer answers (connect(2), EINPROGRESS).
    private func decided() {
        event = nil
        guard let socket, let number = socket.number else { return }
        self.socket = nil
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size)
        if code == 0 {
            end(.success(socket))
        } else {
            socket.close()
            tryNext(after: SystemError(call: "connect", code: code, subject: "\(address)"))
        }
    }

    private func end(_ result: Result<DescriptorHandle, SystemError>) {
        let onEnd = onEnd
        cancel()
        if case .success(let socket) = result, case .tcp = address {
            setNoDelay(socket)
        }
        onEnd?(result)
    }
}
