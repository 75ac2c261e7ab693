import Foundation

/// Where a socket is, in the proxy's own notation: `unix:PATH` or `tcp:HOST:PORT`.
enum SocketAddress: CustomStringConvertible {
    case unix(String)
    case tcp(host: String, port: Int)

    var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        }
    }

    /// A unix socket's path, `HOST:PORT` of any other.
    var path: String { String("\(self)".drop { $0 != ":" }.dropFirst()) }

    /// A TCP port of this machine that nobody listens on.
    static func freePort() throws -> Int {
        let descriptor = try SocketAddress.tcp(host: "127.0.0.1", port: 0).listen()
        defer { close(descriptor) }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { field in
            getsockname(descriptor, field.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
        }
        guard result == 0 else { throw Failure.system("getsockname") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Whether somebody listens there, as the kernel's tables tell (proc(5)); IPv4 only.
    var isListenedOn: Bool { isListenedOn(seenBy: getpid()) }

    /// The same, as a process sees it that may be in another network namespace.
    func isListenedOn(seenBy process: pid_t) -> Bool {
        switch self {
        case .unix(let path):
            let lines = Self.lines(of: "/proc/\(process)/net/unix")
            return lines.contains { $0.contains(" 00010000 ") && $0.hasSuffix(" \(path)") }
        case .tcp(_, let port):
            let number = String(port, radix: 16, uppercase: true)
            let mark = ":" + String(repeating: "0", count: 4 - number.count) + number + " 00000000:0000 0A "
            return Self.lines(of: "/proc/\(process)/net/tcp").contains { $0.contains(mark) }
        }
    }

    /// A table of the kernel's; it comes in pieces, each of which is a short read.
    private static func lines(of path: String) -> [Substring] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }

    /// A connected socket.
    ///
    /// - Throws: ``Failure`` if nobody accepts.
    func connected(within limit: Duration = .seconds(10)) throws -> Int32 {
        let descriptor = try makeSocket(SOCK_STREAM)
        var time = timeval(tv_sec: Int(limit.components.seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        let result = try withAddress { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else {
            defer { close(descriptor) }
            throw Failure.system("connect to \(self)")
        }
        return descriptor
    }

    /// A listening socket, or a bound one for datagrams.
    func listen(datagrams: Bool = false) throws -> Int32 {
        let descriptor = try makeSocket(datagrams ? SOCK_DGRAM : SOCK_STREAM)
        var isReused: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
        guard try withAddress({ bind(descriptor, $0, $1) }) == 0,
            datagrams || Glibc.listen(descriptor, 16) == 0
        else {
            defer { close(descriptor) }
            throw Failure.system("listen on \(self)")
        }
        return descriptor
    }

    private func makeSocket(_ type: __socket_type) throws -> Int32 {
        let family =
            switch self {
            case .unix: AF_UNIX
            case .tcp(let host, _): host.contains(":") ? AF_INET6 : AF_INET
            }
        let descriptor = socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.system("socket") }
        return descriptor
    }

    private func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) throws -> Result {
        switch self {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
                throw Failure("\(path) is too long for a socket")
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return Self.rebound(address, body)
        case .tcp(let host, let port) where host.contains(":"):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(port).bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { throw Failure("no address: \(host)") }
            return Self.rebound(address, body)
        case .tcp(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw Failure("no address: \(host)") }
            return Self.rebound(address, body)
        }
    }

    private static func rebound<Address, Result>(
        _ address: Address,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
