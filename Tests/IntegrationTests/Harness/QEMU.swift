import Foundation

/// A real QEMU without a machine in it, and its monitors.
final class QEMU {
    /// How a monitor is reached.
    enum Monitor {
        /// QEMU listens on a unix socket.
        case unix(String, isPretty: Bool = false)
        /// QEMU listens on a port.
        case tcp(port: Int)
        /// QEMU connects, and does so again a second after a break.
        case connecting(SocketAddress)

        fileprivate func arguments(_ id: String) -> [String] {
            let (place, options, isPretty) =
                switch self {
                case .unix(let path, let isPretty): ("path=\(path)", "server=on,wait=off", isPretty)
                case .tcp(let port): ("host=127.0.0.1,port=\(port)", "server=on,wait=off", false)
                case .connecting(.unix(let path)): ("path=\(path)", "reconnect=1", false)
                case .connecting(.tcp(let host, let port)): ("host=\(host),port=\(port)", "reconnect=1", false)
                }
            let mode = "mode=control,pretty=\(isPretty ? "on" : "off")"
            return ["-chardev", "socket,id=\(id),\(place),\(options)", "-mon", "chardev=\(id),\(mode)"]
        }

        fileprivate var address: SocketAddress {
            switch self {
            case .unix(let path, _): .unix(path)
            case .tcp(let port): .tcp(host: "127.0.0.1", port: port)
            case .connecting(let address): address
            }
        }

        fileprivate var listens: Bool { if case .connecting = self { false } else { true } }
    }

    private let bench: Workbench
    private let monitors: [Monitor]
    private let arguments: [String]
    private(set) var process: ChildProcess

    /// Starts one with a unix socket as its monitor.
    convenience init(isPretty: Bool = false, _ arguments: String...) throws {
        try self.init([.unix(Workbench.current.newPath("qemu"), isPretty: isPretty)], arguments)
    }

    /// Starts one with several monitors.
    convenience init(monitors: Int) throws {
        try self.init((0..<monitors).map { _ in .unix(Workbench.current.newPath("qemu")) })
    }

    init(_ monitors: [Monitor], _ arguments: [String] = []) throws {
        bench = Workbench.current
        self.monitors = monitors
        self.arguments = arguments
        process = try Self.start(monitors, arguments, on: bench)
    }

    private static func start(
        _ monitors: [Monitor],
        _ arguments: [String],
        on bench: Workbench
    ) throws -> ChildProcess {
        let machine = arguments.contains("-M") ? [] : ["-M", "none"]
        let sockets = monitors.enumerated().flatMap { $1.arguments("compat_monitor\($0)") }
        let all = ["qemu-system-x86_64"] + machine + ["-display", "none", "-nodefaults"] + sockets + arguments
        let process = try bench.start(all, name: "qemu")
        // No connection to try it: QEMU 7.2 may crash on one that is closed as it starts (GLib's g_source_destroy).
        for monitor in monitors where monitor.listens {
            let listens = Deadline().waits { !process.isRunning || monitor.address.isListenedOn }
            guard listens, process.isRunning else { throw Failure("qemu does not start: \(process.errors)") }
        }
        return process
    }

    /// Whether its first monitor has `pretty=on`.
    var isPretty: Bool { if case .unix(_, isPretty: true) = monitors[0] { true } else { false } }

    /// Where a monitor is.
    func address(of monitor: Int = 0) -> SocketAddress { monitors[monitor].address }

    /// A connection past the proxy.
    func connect(to monitor: Int = 0) throws -> RawClient {
        let client = try RawClient(address(of: monitor), name: "direct client")
        client.isPretty = isPretty
        client.isDirect = true
        return client
    }

    /// Kills it (-9).
    func kill() throws {
        process.signal(SIGKILL)
        try process.waitForEnd()
    }

    /// Freezes it: sockets stay, nothing is read or said.
    func freeze() {
        process.signal(SIGSTOP)
    }

    func thaw() {
        process.signal(SIGCONT)
    }

    /// Starts it again after its end, at the same addresses.
    func restart() throws {
        process = try Self.start(monitors, arguments, on: bench)
    }
}
