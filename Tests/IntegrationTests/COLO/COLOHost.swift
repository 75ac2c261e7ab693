import Foundation
import QMP

/// One of the two hosts of a pair: a QEMU, and a proxy before it that keeps its state and its recording.
final class COLOHost {
    let name: String
    let network: COLONetwork
    let place: COLONetwork.Place
    let peer: COLONetwork.Place
    /// Where QEMU listens for the proxy, whichever QEMU it is.
    let monitor: SocketAddress
    /// Where the proxy listens for this host's clients.
    let listener: SocketAddress
    /// What the COLO plugin is told beside what it must know of the network; without it there is no plugin.
    var settings: [String: String]?
    let recording: String
    private let state: String
    private var startedQEMU: COLOQEMU?
    private var startedProxy: Proxy?
    private var connectedOperator: COLOMonitor?

    init(_ name: String, number: Int, of network: COLONetwork) {
        let bench = Workbench.current
        self.name = name
        self.network = network
        place = network.places[number]
        peer = network.places[1 - number]
        monitor = .unix(bench.newPath("\(name)-qemu"))
        listener = .unix(bench.newPath("\(name)-proxy"))
        recording = bench.newPath("\(name)-recording")
        state = bench.newPath("\(name)-state")
    }

    // MARK: - QEMU

    var qemu: COLOQEMU {
        get throws {
            guard let startedQEMU else { throw Failure("host \(name) has no QEMU") }
            return startedQEMU
        }
    }

    /// Starts a QEMU; a new secondary's disk is empty, and gets all from its primary.
    @discardableResult
    func start(_ role: COLOQEMU.Role, isEmpty: Bool = false) throws -> COLOQEMU {
        let qemu = try COLOQEMU(role, on: self, isEmpty: isEmpty)
        startedQEMU = qemu
        return qemu
    }

    // MARK: - The proxy

    var proxy: Proxy {
        get throws {
            guard let startedProxy else { throw Failure("host \(name) has no proxy") }
            return startedProxy
        }
    }

    /// Starts the proxy, again if it ran before: what it has kept and recorded is still there.
    func startProxy() throws {
        let file = Workbench.current.newPath("\(name)-yaml")
        try configuration.write(toFile: file, atomically: false, encoding: .utf8)
        let command = place.prefix.isEmpty ? nil : "set -- \(place.prefix.joined(separator: " ")) \"$@\""
        startedProxy = try Proxy(["--config", file], listen: [], shell: command)
    }

    /// Kills the proxy (-9).
    func killProxy() throws {
        try proxy.stop(SIGKILL)
        connectedOperator = nil
    }

    /// Asks the COLO plugin, as an operator does.
    ///
    /// - Throws: ``Failure`` with what it answers if that is an error.
    @discardableResult
    func order(_ command: String, _ arguments: String = "{}") throws -> JSONValue {
        do {
            let client = try connectedOperator ?? COLOMonitor(listener, name: "operator of \(name)", isDirect: false)
            connectedOperator = client
            return try client.ask("__org.qmp-proxy_colo-\(command)", arguments)
        } catch {
            connectedOperator = nil
            throw error
        }
    }

    /// Waits until the COLO plugin is in a state.
    func waitForState(_ wanted: String, within limit: Duration = Deadline.patience) throws {
        var last = JSONValue.null
        let found = Deadline(in: limit).waits(every: 20) {
            // Clients are closed when QEMU ends, and the proxy may have to find the next one.
            guard let status = try? order("query-status") else { return false }
            last = status
            return status["state"]?.string == wanted
        }
        guard found else { throw Failure("host \(name) is not \(wanted): \(last.written().text)") }
    }

    /// A client that has negotiated.
    func client() throws -> RawClient {
        let client = try RawClient(listener, name: "client of \(name)")
        try client.negotiate()
        return client
    }

    private var configuration: String {
        """
        monitors:
          - name: \(name)
            qemu: \(monitor)
            listen:
              - \(listener)
              - {address: "tcp:\(place.address):\(network.proxyPort)", policy: read-only}
            record: \(recording)
            state: \(state)/
            plugins:
              - guard: {default: allow}
        \(plugin)
        """
    }

    private var plugin: String {
        guard let settings else { return "" }
        var all = network.ports.mapValues { "\($0)" }
        all["peer"] = "tcp:\(peer.address):\(network.proxyPort)"
        all["peer-host"] = peer.address
        all["listen-host"] = place.listenHost
        all["loop-host"] = place.loopHost
        all.merge(settings) { $1 }
        let lines = all.sorted { $0.key < $1.key }.map { "          \($0): '\($1.replacing("'", with: "''"))'" }
        return "      - colo:\n" + lines.joined(separator: "\n")
    }

    // MARK: - The end

    /// Ends all that runs here, and forgets what was kept and recorded.
    func clear() throws {
        try startedProxy?.stop(SIGKILL)
        try startedQEMU?.kill()
        (startedProxy, startedQEMU, connectedOperator) = (nil, nil, nil)
        for path in [state, recording] { try? FileManager.default.removeItem(atPath: path) }
    }
}
