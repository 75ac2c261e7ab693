internal import Glibc

/// Tells the service manager how the proxy is, if one asked to be told (sd_notify(3): one datagram a message, to the
/// socket named by `NOTIFY_SOCKET`; sd_watchdog_enabled(3)).
struct ServiceNotifier {
    private let socket: Int32
    /// Half of the watchdog's time, in microseconds; `nil` if none watches.
    let watchdogInterval: Int64?

    /// `nil` if nobody asked.
    init?(environment: (String) -> String?) {
        guard let path = environment("NOTIFY_SOCKET"), path.utf8.count <= 107, path.first == "/" || path.first == "@"
        else { return nil }
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0, Self.connect(socket, to: path) else { return nil }
        let isForUs = environment("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
        watchdogInterval = isForUs ? environment("WATCHDOG_USEC").flatMap(Int64.init).map { max($0 / 2, 1) } : nil
    }

    /// Sends a state such as `READY=1`.
    ///
    /// A manager that does not listen is no fault of ours.
    func send(_ state: String) {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        _ = state.withCString { Glibc.send(socket, $0, strlen($0), flags) }
    }

    /// `@` stands for the NUL that begins an abstract name.
    private static func connect(_ socket: Int32, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { field in
            field.copyBytes(from: path.utf8)
            if path.first == "@" { field[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count + (path.first == "@" ? 0 : 1))
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, length) == 0 }
        }
    }
}
