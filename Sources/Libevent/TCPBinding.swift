internal import Glibc

/// The listening sockets of a host and port, one for each family of addresses.
struct TCPBinding {
    private(set) var descriptors: [DescriptorHandle] = []
    /// The real port.
    private(set) var port: UInt16

    /// With port 0 all sockets get the port that the kernel chose for the first one.
    init(host: String, port: UInt16, backlog: CInt) throws(ListenFailure) {
        let address = Address.tcp(host: host, port: port)
        let found: [SocketAddress]
        do throws(SystemError) { found = try SocketAddress.resolve(address) } catch { throw .failed(error) }
        var names: [SocketAddress] = []
        for name in found where !names.contains(where: { $0.family == name.family }) {
            names.append(name)
        }
        // The port that is free for the first family may be taken in the second.
        var triesLeft = port == 0 ? 8 : 1
        while true {
            self.port = port
            descriptors = []
            triesLeft -= 1
            do throws(ListenFailure) {
                try listen(names, address, backlog: backlog)
                return
            } catch .alreadyListening where triesLeft > 0 {
                continue
            }
        }
    }

    private mutating func listen(_ names: [SocketAddress], _ address: Address, backlog: CInt) throws(ListenFailure) {
        var failure = ListenFailure.failed(SystemError(call: "bind", code: EADDRNOTAVAIL, subject: "\(address)"))
        for name in names {
            do throws(ListenFailure) {
                descriptors.append(try Self.socket(at: name.with(port: port), address, backlog: backlog))
            } catch .failed(let error) where [EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.code) {
                // This machine has only the other family.
                failure = .failed(error)
                continue
            }
            if port == 0, let number = descriptors.first?.number {
                port = SocketAddress { getsockname(number, $0, $1) }?.hostAndPort?.port ?? 0
            }
        }
        if descriptors.isEmpty {
            throw failure
        }
    }

    private static func socket(
        at name: SocketAddress,
        _ address: Address,
        backlog: CInt
    ) throws(ListenFailure) -> DescriptorHandle {
        let descriptor = try Listener.makeSocket(name.family, for: address)
        let number = descriptor.number ?? -1
        var one: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        // Old connections of ours that linger in TIME_WAIT do not keep us from starting again (socket(7)).
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, size)
        if name.family == AF_INET6 {
            // So that both families can have the same port (ipv6(7)).
            setsockopt(number, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &one, size)
        }
        guard name.withPointer({ bind(number, $0, $1) }) == 0 else { throw failure("bind", address) }
        guard Glibc.listen(number, backlog) == 0 else { throw failure("listen", address) }
        return descriptor
    }

    private static func failure(_ call: String, _ address: Address) -> ListenFailure {
        errno == EADDRINUSE ? .alreadyListening(address) : .failed(.last(call, "\(address)"))
    }
}

/// A stream socket that does not block and is not inherited by programs.
func makeStreamSocket(_ family: CInt, for address: Address) throws(SystemError) -> DescriptorHandle {
    let number = socket(family, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw .last("socket", "\(address)") }
    return DescriptorHandle(owning: number)
}

/// Has small messages leave at once (tcp(7), TCP_NODELAY): each turn's output is one write already.
func setNoDelay(_ socket: DescriptorHandle) {
    var one: CInt = 1
    if let number = socket.number {
        setsockopt(number, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }
}
