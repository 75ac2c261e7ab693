internal import Glibc

extension Address {
    /// A text that is no address.
    ///
    /// Reads as `"tcp:localhost" is no address: the port is missing; wanted is tcp:HOST:PORT`.
    public struct Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        /// The whole text.
        public let text: String
        /// What is wrong with it, and what is wanted.
        public let reason: String

        /// One line with both.
        public var description: String {
            "\"\(text)\" is no address: \(reason)"
        }
    }

    /// Reads `unix:PATH`, `tcp:HOST:PORT` or `tcp:[IPV6]:PORT`.
    ///
    /// - Throws: ``Invalid`` with the reason. Whether the host exists is not looked up here.
    public init(parsing text: String) throws(Invalid) {
        if let path = text.dropping(prefix: "unix:") {
            self = .unix(path: try Self.path(path, in: text))
        } else if let rest = text.dropping(prefix: "tcp:") {
            let (host, port) = try Self.hostAndPort(rest, in: text)
            self = .tcp(host: host, port: try Self.port(port, in: text))
        } else {
            throw Invalid(text: text, reason: "wanted is unix:PATH or tcp:HOST:PORT")
        }
    }

    private static func path(_ path: Substring, in text: String) throws(Invalid) -> String {
        if path.isEmpty {
            throw Invalid(text: text, reason: "the path is missing; wanted is unix:PATH")
        }
        if path.utf8.contains(0) {
            throw Invalid(text: text, reason: "the path holds a NUL")
        }
        return String(path)
    }

    private static func hostAndPort(_ rest: Substring, in text: String) throws(Invalid) -> (String, Substring) {
        if let bracketed = rest.dropping(prefix: "[") {
            guard let end = bracketed.firstIndex(of: "]") else {
                throw Invalid(text: text, reason: "the bracket ] is missing; wanted is tcp:[IPV6]:PORT")
            }
            let host = String(bracketed[..<end])
            guard isIPv6(host) else {
                throw Invalid(text: text, reason: "\"\(host)\" is no IPv6 address, and only these stand in brackets")
            }
            guard let port = bracketed[end...].dropping(prefix: "]:") else {
                throw Invalid(text: text, reason: "the port is missing; wanted is tcp:[IPV6]:PORT")
            }
            return (host, port)
        }
        guard let colon = rest.lastIndex(of: ":") else {
            throw Invalid(text: text, reason: "the port is missing; wanted is tcp:HOST:PORT")
        }
        let host = rest[..<colon]
        if host.isEmpty {
            throw Invalid(text: text, reason: "the host is missing; wanted is tcp:HOST:PORT")
        }
        if host.contains(":") {
            throw Invalid(text: text, reason: "an IPv6 address stands in brackets: tcp:[IPV6]:PORT")
        }
        if host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "]") }) {
            throw Invalid(text: text, reason: "the host holds white space, a control character or a bracket")
        }
        return (String(host), rest[rest.index(after: colon)...])
    }

    private static func port(_ digits: Substring, in text: String) throws(Invalid) -> UInt16 {
        if digits.isEmpty {
            throw Invalid(text: text, reason: "the port is missing")
        }
        // Also keeps out the sign that Swift's own conversion allows.
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw Invalid(text: text, reason: "the port \"\(digits)\" is no number")
        }
        guard let port = UInt16(digits) else {
            throw Invalid(text: text, reason: "the port \(digits) is not between 0 and 65535")
        }
        return port
    }

    private static func isIPv6(_ host: String) -> Bool {
        // What follows a % names an interface (RFC 4007, section 11), which getaddrinfo looks up.
        let number = host.prefix { $0 != "%" }
        var address = in6_addr()
        return !host.utf8.contains(0) && inet_pton(AF_INET6, String(number), &address) == 1
    }
}

extension StringProtocol where SubSequence == Substring {
    fileprivate func dropping(prefix: String) -> Substring? {
        utf8.starts(with: prefix.utf8) ? self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...] : nil
    }
}
