internal import Libevent
internal import PluginKit
internal import ProxyIO
internal import QMP

/// The COLO plugin of a proxy, asked by its own commands.
struct COLORemote {
    /// What a person is told when it cannot be asked, or refuses.
    struct Failure: Error, Equatable {
        /// Why, and what to do about it.
        let text: String
    }

    /// How long it is let alone between two looks at its state.
    ///
    /// 250 ms: what a person sees as at once, and four small commands a second.
    static let pause = Duration.milliseconds(250)

    /// Where the proxy's clients connect.
    private let address: Address
    private let client: MonitorClient

    /// Connects to a proxy.
    ///
    /// - Throws: why that fails.
    init(at address: Address) throws {
        self.address = address
        do {
            client = try MonitorClient(to: address)
        } catch let failure as MonitorClient.Failure where !failure.isInterruption {
            throw Failure(text: "\(failure): \(Self.wanted)")
        }
    }

    private static let wanted = "wanted is an address where qmp-proxy serve has its clients"

    /// How things stand, as it was told.
    func status() throws -> Bytes { try ask("query-status") }

    /// The lines of what a command would send now, behind one with the runbook's name.
    ///
    /// - Throws: why there are none.
    func steps(of command: String) throws -> [String] {
        let bytes = try ask("query-steps", [JSONValue.Member("command", .string(command))])
        let value = try? JSONValue(parsing: bytes)
        guard let runbook = value?["runbook"]?.string, let lines = value?["lines"]?.array?.compactMap(\.string) else {
            throw Failure(text: "\(address) tells no steps of \(command): \(bytes.text)")
        }
        return ["# \(runbook)"] + lines
    }

    /// Asks a command of the plugin's.
    ///
    /// - Returns: what it is answered, as it was written.
    /// - Throws: the error that it is answered with, or why there is no answer.
    @discardableResult
    func ask(_ name: String, _ arguments: [JSONValue.Member] = []) throws -> Bytes {
        switch try answer("colo-\(name)", arguments) {
        case .returned(let value): return value
        case .failed("CommandNotFound", _): throw try noPlugin()
        case .failed(_, let description): throw Failure(text: description)
        }
    }

    /// Lets time go by until it is asked again.
    func pause(for duration: Duration) throws { try client.pause(for: duration) }

    private func answer(_ name: String, _ arguments: [JSONValue.Member]) throws -> MonitorClient.Answer {
        try client.ask(try Command(OwnCommandName.prefix + name, arguments))
    }

    /// Who does not know the plugin's commands: a proxy without it, or no proxy at all.
    private func noPlugin() throws -> Failure {
        guard case .returned = try answer("query-status", []) else {
            return Failure(text: "\(address) is no proxy's: \(Self.wanted)")
        }
        return Failure(text: "the proxy at \(address) has no plugin colo: start it with --plugin colo")
    }
}
