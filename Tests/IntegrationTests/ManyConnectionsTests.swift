import Foundation
import Testing

/// More clients than are allowed, or than there are descriptors for.
@Suite(.onWorkbench, .showingLogs)
struct ManyConnectionsTests {
    private static let queryName = #"{"execute": "query-name", "id": 1}"#
    private static let named = "{\"return\": {}, \"id\": 1}\r\n"

    @Test func withOneAllowedTheSecondWaitsUngreetedAsAtQEMU() throws {
        let proxy = try Proxy(QEMU(), monitor: 0, "--max-clients", "1")
        let first = try proxy.client()
        let second = try proxy.connect()
        try second.send(RawClient.negotiation + Self.queryName)
        #expect(try first.ask(Self.queryName) == Self.named)
        #expect(second.isSilent())
        first.halfClose()
        #expect(try first.readToEnd() == "")
        #expect(try second.readLine().hasPrefix(#"{"QMP": "#))
        #expect(try second.readLine() == "{\"return\": {}}\r\n")
        #expect(try second.readLine() == Self.named)
    }

    @Test func clientsBeyondTheDefaultLimitWaitTheirTurn() throws {
        try Self.raiseDescriptorLimit(to: 3000)
        let proxy = try Proxy(QEMU())
        var clients = try (0..<1030).map { _ in try proxy.connect() }
        for client in clients[..<1024] { #expect(try client.readLine().hasPrefix(#"{"QMP": "#)) }
        for client in clients[1024...] { #expect(client.isSilent(for: .milliseconds(20))) }
        try proxy.process.waitForErrors(containing: "1024 clients are the most allowed, the next one waits")
        for client in clients[..<1024] { try client.send(RawClient.negotiation + Self.queryName) }
        for client in clients[..<1024] {
            #expect(try client.readLine() == "{\"return\": {}}\r\n")
            #expect(try client.readLine() == Self.named)
        }
        clients.removeFirst(6)
        for client in clients[1018...] {
            try client.negotiate()
            #expect(try client.ask(Self.queryName) == Self.named)
        }
    }

    @Test func outOfDescriptorsItSaysSoAndGoesOn() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(["--qemu", "\(qemu.address())"], shell: "ulimit -n 40")
        let asking = try proxy.client()
        var crowd = try (0..<60).map { _ in try proxy.connect() }
        try proxy.process.waitForErrors(containing: "no more clients for the moment")
        let last = try #require(crowd.last)
        let before = proxy.process.processorTicks
        for round in 0..<20 {
            #expect(try ProxyStatus(askedBy: asking).counts.clientsAccepted < 40, "round \(round)")
            #expect(last.isSilent(for: .milliseconds(50)))
        }
        // A second has gone by: 100 ticks, of which a loop that never rests takes nearly all.
        #expect(proxy.process.processorTicks - before < 50)
        #expect(proxy.process.errors.components(separatedBy: "no more clients for the moment").count == 2)
        // Each leaves when it has been served, and so makes room.
        while let client = crowd.first {
            try client.negotiate()
            #expect(try client.ask(Self.queryName) == Self.named)
            crowd.removeFirst()
        }
    }

    private static func raiseDescriptorLimit(to count: rlim_t) throws {
        var limit = rlimit()
        let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(descriptors, &limit) == 0 else { throw Failure.system("getrlimit") }
        limit.rlim_cur = max(limit.rlim_cur, min(count, limit.rlim_max))
        guard setrlimit(descriptors, &limit) == 0 else { throw Failure.system("setrlimit") }
    }
}

extension ChildProcess {
    /// The processor time it has used, in hundredths of a second (proc(5), `stat`, fields 14 and 15).
    var processorTicks: Int {
        let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
        let fields = stat?.split(separator: ")").last?.split(separator: " ").compactMap { Int($0) } ?? []
        return fields.count > 11 ? fields[10] + fields[11] : -1
    }
}
