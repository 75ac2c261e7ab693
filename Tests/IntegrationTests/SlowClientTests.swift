import Foundation
import Testing

/// Clients that do not read, or never stop asking, harm neither the others nor the proxy.
@Suite(.onWorkbench, .showingLogs)
struct SlowClientTests {
    private static let queryName = #"{"execute": "query-name", "id": 1}"#
    private static let named = "{\"return\": {}, \"id\": 1}\r\n"
    private static let mebibyte = 1 << 20

    @Test func oneWhoNeverReadsIsHeldBackAndOthersAreServed() throws {
        let proxy = try Proxy(QEMU())
        let others = try (0..<3).map { _ in try proxy.client() }
        let deaf = try proxy.client()
        let before = proxy.process.residentBytes
        // Each is answered with 207 KB; all together that would be 20 GB.
        let command = #"{"execute": "query-qmp-schema"}"#
        let bytes = [UInt8](String(repeating: command, count: 100_000).utf8)
        var sent = try deaf.sendUntilRefused(bytes)
        for round in 0..<50 {
            for client in others { #expect(try client.ask(Self.queryName) == Self.named, "round \(round)") }
            sent += max(0, deaf.sendSome(bytes[sent...].prefix(1 << 16)))
        }
        // What is sent while it is not read from stays in the kernel, which has room for some.
        #expect(sent < Self.mebibyte)
        let status = try others[0].waitForStatus("the deaf client to be paused") { status in
            status.monitor.inFlight == 0
        }
        #expect(status.clients.map(\.waiting).max() ?? 0 <= 64)
        #expect(status.counts.clientsDropped == 0)
        #expect(proxy.process.residentBytes - before < 64 * Self.mebibyte)
    }

    @Test func eventsOfOneWhoReadsLateAreLostForNobody() throws {
        let proxy = try Proxy(QEMU())
        let late = try proxy.client()
        let other = try proxy.client()
        try late.send(String(repeating: #"{"execute": "query-qmp-schema"}"#, count: 40))
        for _ in 0..<500 { try other.send(#"{"execute": "stop"} {"execute": "cont"}"#) }
        try other.send(Self.queryName)
        let expected = try other.readLines(through: "\"id\": 1}").filter { $0.hasPrefix("{\"timestamp\"") }
        #expect(expected.count == 1000)
        try late.send(Self.queryName)
        let lines = try late.readLines(through: "\"id\": 1}")
        #expect(lines.filter { $0.hasPrefix("{\"timestamp\"") } == expected)
        #expect(lines.count { $0.hasPrefix(#"{"return": ["#) } == 40)
    }

    @Test func oneWhoFloodsGetsEachReplyOnceAndInOrder() throws {
        let count = 20_000
        let client = try Proxy(QEMU()).client()
        let commands = (0..<count).map { #"{"execute": "query-name", "id": \#($0)}"# }.joined()
        var rest = [UInt8](commands.utf8)[...]
        // First without reading, until that no longer goes; then as it goes.
        rest = rest.dropFirst(try client.sendUntilRefused(Array(rest)))
        for id in 0..<count {
            let line = try client.readLine()
            guard line == "{\"return\": {}, \"id\": \(id)}\r\n" else { throw Failure("reply \(id) is \(line)") }
            if !rest.isEmpty { rest = rest.dropFirst(max(0, client.sendSome(rest.prefix(1 << 16)))) }
        }
        #expect(rest.isEmpty)
        #expect(try client.ask(#"{"execute": "query-name", "id": "last"}"#).contains("last"))
    }
}

extension RawClient {
    /// Sends until the other side reads no more, and returns how many bytes it took.
    func sendUntilRefused(_ bytes: [UInt8]) throws -> Int {
        var sent = 0
        while sent < bytes.count, Deadline(in: .milliseconds(500)).waits(for: POLLOUT, on: descriptor) {
            let count = sendSome(bytes[sent...].prefix(1 << 16))
            guard count >= 0 || errno == EAGAIN else { throw Failure.system("cannot send") }
            sent += max(0, count)
        }
        return sent
    }
}
