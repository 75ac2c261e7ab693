import Foundation
import Testing

/// Where the proxy listens, and where it refuses to.
@Suite(.onWorkbench, .showingLogs)
struct SocketTests {
    private static let queryName = #"{"execute": "query-name", "id": 1}"#
    private static let named = "{\"return\": {}, \"id\": 1}\r\n"

    @Test(arguments: [([], 0o600), (["--socket-mode", "0660"], 0o660), (["--socket-mode", "777"], 0o777)])
    func aSocketFileHasTheModeAskedForAndGoesWithTheProxy(_ options: [String], _ mode: Int) throws {
        // What the shell's mask would take away or leave has no say.
        let proxy = try Proxy(["--qemu", "unix:/nowhere"], options, shell: "umask 0007")
        let attributes = try FileManager.default.attributesOfItem(atPath: proxy.address.path)
        #expect(attributes[.posixPermissions] as? Int == mode)
        #expect(try proxy.stop() == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: proxy.address.path))
    }

    @Test func aStaleSocketFileIsReplaced() throws {
        let path = Workbench.current.path("stale")
        close(try SocketAddress.unix(path).listen())
        #expect(FileManager.default.fileExists(atPath: path))
        let qemu = try QEMU()
        let proxy = try Proxy(["--qemu", "\(qemu.address())"], listen: [.unix(path)])
        #expect(try proxy.client().ask(Self.queryName) == Self.named)
    }

    @Test func aProxyThatListensAlreadyIsLeftAlone() throws {
        let proxy = try Proxy(QEMU())
        let client = try proxy.client()
        let second = try serve(at: proxy.address)
        #expect(second.ending == .exited(1))
        #expect(second.errors == "qmp-proxy: somebody is already listening on \(proxy.address)\n")
        #expect(try client.ask(Self.queryName) == Self.named)
        #expect(try proxy.client().ask(Self.queryName) == Self.named)
    }

    @Test func aPortInUseIsRefused() throws {
        let address = SocketAddress.tcp(host: "127.0.0.1", port: try SocketAddress.freePort())
        let listening = try address.listen()
        defer { close(listening) }
        let result = try serve(at: address)
        #expect(result.ending == .exited(1))
        #expect(result.errors == "qmp-proxy: somebody is already listening on \(address)\n")
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() throws {
        let path = Workbench.current.path("precious")
        try "precious".write(toFile: path, atomically: false, encoding: .utf8)
        let result = try serve(at: .unix(path))
        #expect(result.ending == .exited(1))
        #expect(result.errors == "qmp-proxy: \(path) exists and is not a socket; it is left alone\n")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test func aMissingDirectoryIsTold() throws {
        let folder = Workbench.current.path("missing")
        let result = try serve(at: .unix(folder + "/socket"))
        #expect(result.ending == .exited(1))
        #expect(result.errors == "qmp-proxy: the directory \(folder) for unix:\(folder)/socket does not exist\n")
    }

    @Test func aPathMayHave107BytesAndNoMore() throws {
        let folder = Workbench.current.directory + "/"
        let longest = folder + String(repeating: "x", count: 107 - folder.utf8.count)
        let qemu = try QEMU()
        let proxy = try Proxy(["--qemu", "\(qemu.address())"], listen: [.unix(longest)])
        #expect(try proxy.client().ask(Self.queryName) == Self.named)
        let result = try serve(at: .unix(longest + "x"))
        #expect(result.ending == .exited(1))
        let reason = "the path is too long, 108 bytes; a socket file's path has at most 107"
        #expect(result.errors == "qmp-proxy: unix:\(longest)x: \(reason)\n")
    }

    @Test func clientsOfAllKindsOfSocketsAreServedAtOnce() throws {
        let addresses = [
            SocketAddress.unix(Workbench.current.path("listener")),
            .tcp(host: "127.0.0.1", port: try SocketAddress.freePort()),
            .tcp(host: "::1", port: try SocketAddress.freePort()),
        ]
        let qemu = try QEMU()
        let proxy = try Proxy(["--qemu", "\(qemu.address())"], listen: addresses)
        let clients = try addresses.indices.map { try proxy.connect(to: $0) }
        for client in clients { try client.negotiate() }
        for client in clients { #expect(try client.ask(Self.queryName) == Self.named) }
        try clients[0].send(#"{"execute": "stop"}"#)
        let event = try clients[0].readEvent("STOP")
        for client in clients[1...] { #expect(try client.readEvent("STOP") == event) }
        _ = try clients[0].readLine()
        let status = try ProxyStatus(askedBy: clients[0])
        #expect(status.clients.map(\.listener) == addresses.map { "\($0)" })
        #expect(status.clients[0].peer == "pid \(getpid()) uid \(getuid()) gid \(getgid())")
        #expect(status.clients[1].peer.contains("127.0.0.1"))
        #expect(status.clients[2].peer.contains("::1"))
    }

    /// A proxy that is expected to end by itself.
    private func serve(
        at address: SocketAddress
    ) throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        try Proxy.run("serve", "--qemu", "unix:/nowhere", "--listen", "\(address)", "--log-level", "error")
    }
}
