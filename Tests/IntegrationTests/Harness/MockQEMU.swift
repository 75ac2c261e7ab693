import Foundation

/// A recording that plays QEMU: the real binary's `mock`.
final class MockQEMU {
    let process: ChildProcess
    /// Where it listens, as it says itself when clients may connect.
    let addresses: [SocketAddress]

    /// Starts `qmp-proxy mock` with a recording that listens on a unix socket, in no time unless told otherwise.
    convenience init(_ recording: String, speed: String = "max", _ arguments: String...) throws {
        let socket = SocketAddress.unix(Workbench.current.newPath("mock"))
        try self.init([recording, "--listen", "\(socket)", "--speed", speed] + arguments)
    }

    /// Starts `qmp-proxy mock`; with a pipe, standard error goes into it.
    init(_ arguments: [String], errorsInto pipe: String? = nil) throws {
        let bench = Workbench.current
        let ready = bench.newPath("ready")
        // Number 3 is taken: a child's lifeline.
        let shell = ["/bin/sh", "-c", "exec \"$@\" 4>\(ready)\(pipe.map { " 2<>\($0)" } ?? "")", "sh"]
        let mock = [try Proxy.binary(), "mock", "--ready-fd", "4"] + arguments
        process = try bench.start(shell + mock, name: "mock")
        var line = ""
        let found = Deadline().waits { [process] in
            line = (try? String(contentsOfFile: ready, encoding: .utf8)) ?? ""
            return line.hasSuffix("\n") || !process.isRunning
        }
        guard found, line.hasSuffix("\n") else { throw Failure("the mock does not start: \(process.errors)") }
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        guard words.first == "READY" else { throw Failure("the mock says \(line)") }
        addresses = words.dropFirst().compactMap { SocketAddress(told: $0.trimmingCharacters(in: .newlines)) }
    }

    /// A connection to it.
    func connect(to address: Int = 0) throws -> RawClient { try RawClient(addresses[address]) }

    /// A client that has negotiated.
    func client(of address: Int = 0, outOfBand: Bool = false) throws -> RawClient {
        let client = try connect(to: address)
        try client.negotiate(outOfBand: outOfBand)
        return client
    }

    /// Asks it to stop, and waits until it has.
    @discardableResult
    func stop() throws -> ChildProcess.Ending {
        process.signal(SIGTERM)
        return try process.waitForEnd()
    }

    /// What it said on standard error, a line each, without the program's name.
    var told: [String] {
        process.errors.split(separator: "\n").filter { $0.hasPrefix("qmp-proxy: ") }.map { String($0.dropFirst(11)) }
    }
}

extension SocketAddress {
    /// An address as the proxy writes it; IPv4 only.
    fileprivate init?(told text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        if parts[0] == "unix" {
            self = .unix(parts[1])
        } else {
            let place = parts[1].split(separator: ":").map(String.init)
            guard place.count == 2, let port = Int(place[1]) else { return nil }
            self = .tcp(host: place[0], port: port)
        }
    }
}
