import Foundation
import Testing

/// QEMU as the one that connects, and proxies that die.
@Suite(.onWorkbench, .showingLogs)
struct ReconnectionTests {
    private static let queryName = #"{"execute": "query-name", "id": 1}"#
    private static let named = "{\"return\": {}, \"id\": 1}\r\n"

    @Test(arguments: ["unix", "tcp"])
    func aQEMUThatConnectsIsServedThroughItsRestarts(_ kind: String) throws {
        let onUnix = SocketAddress.unix(Workbench.current.path("qemu"))
        let place = try kind == "unix" ? onUnix : .tcp(host: "127.0.0.1", port: SocketAddress.freePort())
        let proxy = try Proxy(["--qemu-listen", "\(place)"])
        let early = try proxy.connect()
        #expect(early.isSilent())
        let qemu = try QEMU([.connecting(place)])
        try early.negotiate()
        #expect(try early.ask(Self.queryName) == Self.named)
        try qemu.kill()
        #expect(try early.readToEnd() == "")
        try qemu.restart()
        #expect(try proxy.client().ask(Self.queryName) == Self.named)
    }

    @Test func aQEMUThatConnectsFindsTheProxyAgain() throws {
        let bench = Workbench.current
        let arguments = ["--qemu-listen", "unix:\(bench.path("qemu"))"]
        let listen = [SocketAddress.unix(bench.path("proxy"))]
        let first = try Proxy(arguments, listen: listen)
        let qemu = try QEMU([.connecting(.unix(bench.path("qemu")))])
        #expect(try first.client().ask(Self.queryName) == Self.named)
        first.process.signal(SIGKILL)
        try first.process.waitForEnd()
        let second = try Proxy(arguments, listen: listen)
        #expect(try second.client().ask(Self.queryName) == Self.named)
        #expect(try second.stop() == .exited(0))
        #expect(qemu.process.isRunning)
    }

    /// A server that waits for its client holds up QEMU's main loop, and so the reply, for as long as the test likes.
    @Test func aLateReplyReachesNoClientOfTheNextProxy() throws {
        let bench = Workbench.current
        let qemu = try QEMU()
        let listen = [SocketAddress.unix(bench.path("proxy"))]
        let place = SocketAddress.unix(bench.path("blocker"))
        let address = #"{"type": "unix", "data": {"path": "\#(place.path)"}}"#
        let data = #"{"addr": \#(address), "server": true, "wait": true}"#
        let backend = #"{"type": "socket", "data": \#(data)}"#
        let blocking = #"{"execute": "chardev-add", "arguments": {"id": "c", "backend": \#(backend)}}"#
        let first = try Proxy(["--qemu", "\(qemu.address())"], listen: listen)
        let lost = try first.client()
        try lost.send(blocking)
        guard Deadline().waits(until: { place.isListenedOn }) else { throw Failure("QEMU does not wait") }
        first.process.signal(SIGKILL)
        try first.process.waitForEnd()
        #expect(try lost.readToEnd() == "")

        // Its numbers begin anew: the command that was lost had the number of the next one here.
        let second = try Proxy(["--qemu", "\(qemu.address())"], listen: listen)
        let client = try second.client()
        try client.send(#"{"execute": "query-version", "id": "mine"}"#)
        try client.send(Self.queryName)
        #expect(client.isSilent())
        let release = try RawClient(place)
        #expect(try client.readLine().hasPrefix(#"{"return": {"qemu": {"#))
        #expect(try client.readLine() == Self.named)
        #expect(try ProxyStatus(askedBy: client).counts.repliesToNobody == 1)
        withExtendedLifetime(release) {}
    }
}
