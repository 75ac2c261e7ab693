internal import Glibc

/// An address as the kernel wants it.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t

    var family: CInt {
        CInt(storage.ss_family)
    }

    /// A socket file's address.
    init(path: String) throws(SystemError) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= Address.unixPathBytesMax, !bytes.contains(0) else {
            throw SystemError(call: "socket address", code: ENAMETOOLONG, subject: "unix:\(path)")
        }
        storage.ss_family = sa_family_t(AF_UNIX)
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        withUnsafeMutableBytes(of: &storage) { $0[offset...].copyBytes(from: bytes) }
        length = socklen_t(offset + bytes.count + 1)
    }

    private init(copying address: UnsafePointer<sockaddr>, length: socklen_t) {
        self.length = length
        let bytes = UnsafeRawBufferPointer(start: address, count: Int(length))
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
    }

    /// What a call such as `getsockname` writes; `nil` when it fails.
    init?(_ fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt) {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var size = length
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { fill($0, &size) }
        }
        guard result >= 0 else { return nil }
        length = size
    }

    /// Hands the address to a system call.
    func withPointer<Result>(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, length) }
        }
    }

    /// Host and port as numbers; `nil` for what is not of the internet.
    var hostAndPort: (host: String, port: UInt16)? {
        guard family == AF_INET || family == AF_INET6 else { return nil }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let result = withPointer {
            getnameinfo(
                $0,
                $1,
                &host,
                socklen_t(host.count),
                &port,
                socklen_t(port.count),
                NI_NUMERICHOST | NI_NUMERICSERV
            )
        }
        guard result == 0, let number = UInt16(text(port)) else { return nil }
        return (text(host), number)
    }

    /// The same host with another port; what is not of the internet stays as it is.
    func with(port: UInt16) -> SocketAddress {
        var changed = self
        // In sockaddr_in and sockaddr_in6 alike.
        if family == AF_INET || family == AF_INET6, let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_port) {
            withUnsafeMutableBytes(of: &changed.storage) {
                $0.storeBytes(of: port.bigEndian, toByteOffset: offset, as: UInt16.self)
            }
        }
        return changed
    }

    private func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The addresses of an ``Address``, in the order of getaddrinfo(3), which blocks for a name that is no number.
    static func resolve(_ address: Address) throws(SystemError) -> [SocketAddress] {
        let host: String
        let port: UInt16
        switch address {
        case .unix(let path):
            return [try SocketAddress(path: path)]
        case .tcp(let name, let number):
            (host, port) = (name, number)
        }
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var first: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &first)
        guard result == 0 else {
            guard result != EAI_SYSTEM else { throw .last("getaddrinfo", "\(address)") }
            let reason = String(cString: gai_strerror(result))
            throw SystemError(call: "getaddrinfo", code: 0, subject: "\(address)", reason: reason)
        }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next?.pointee {
            if let pointer = entry.ai_addr {
                found.append(SocketAddress(copying: pointer, length: entry.ai_addrlen))
            }
            next = entry.ai_next
        }
        return found
    }
}
