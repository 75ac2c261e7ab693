import Testing

/// Many clients on one monitor, each as if it were alone.
@Suite(.onWorkbench, .showingLogs)
struct ManyClientsTests {
    private static let clients = 50
    private static let commands = 40

    @Test func fiftyClientsWithTheSameIDsEachGetTheirOwnRepliesInOrder() throws {
        let proxy = try Proxy(QEMU())
        let clients = try (0..<Self.clients).map { _ in try proxy.client() }
        for round in 0..<Self.commands {
            for (number, client) in clients.enumerated() {
                // The same id from all; whose reply it is shows in the text that QEMU quotes.
                try client.send(#"{"execute": "client-\#(number)", "id": \#(round)}"#)
            }
        }
        for (number, client) in clients.enumerated() {
            let expected = (0..<Self.commands).map { round in
                """
                {"id": \(round), "error": {"class": "CommandNotFound", "desc": \
                "The command client-\(number) has not been found"}}\r\n
                """
            }
            #expect(try (0..<Self.commands).map { _ in try client.readLine() } == expected, "client \(number)")
        }
    }

    @Test func errorsMadeHereKeepTheirPlaceAmongRepliesOfQEMU() throws {
        let client = try Proxy(QEMU()).client()
        let input = (0..<200).map { #"{"execute": "query-name", "id": \#($0)} {"execute": \#($0),} "# }.joined()
        try client.send(input)
        for round in 0..<200 {
            #expect(try client.readLine() == "{\"return\": {}, \"id\": \(round)}\r\n")
            #expect(try client.readLine().contains("JSON parse error, "))
        }
    }

    @Test func eachClientHasItsOwnNegotiation() throws {
        let proxy = try Proxy(QEMU())
        let withOutOfBand = try proxy.client(outOfBand: true)
        let without = try proxy.client()
        let silent = try proxy.connect()
        _ = try silent.readLine()
        let command = #"{"exec-oob": "query-yank", "id": 1}"#
        #expect(try withOutOfBand.ask(command).hasPrefix(#"{"return": [{"type": "chardev""#))
        #expect(try without.ask(command).contains("QMP input member 'exec-oob' is unexpected"))
        #expect(try silent.ask(command).contains("QMP input member 'exec-oob' is unexpected"))
        let refusal = "Expecting capabilities negotiation with 'qmp_capabilities'"
        #expect(try silent.ask(#"{"execute": "query-name"}"#).contains(refusal))
        #expect(try silent.ask(RawClient.negotiation) == "{\"return\": {}}\r\n")
        #expect(try silent.ask(#"{"execute": "query-name"}"#) == "{\"return\": {}}\r\n")
    }

    @Test func eventsReachAllWhoHaveNegotiatedAndNobodyElse() throws {
        let proxy = try Proxy(QEMU())
        let unnegotiated = try proxy.connect()
        _ = try unnegotiated.readLine()
        let clients = try (0..<Self.clients).map { _ in try proxy.client() }
        for _ in 0..<10 { try clients[0].send(#"{"execute": "stop"} {"execute": "cont"}"#) }
        try clients[0].send(#"{"execute": "query-name", "id": "end"}"#)
        let all = try clients[0].readLines(through: "\"id\": \"end\"").filter { $0.contains("\"event\"") }
        #expect(all.count == 20)
        for (number, client) in clients.enumerated().dropFirst() {
            #expect(try (0..<20).map { _ in try client.readLine() } == all, "client \(number)")
        }
        // What it has got is told by the first line that it reads.
        #expect(try unnegotiated.ask(RawClient.negotiation) == "{\"return\": {}}\r\n")
    }

    @Test func oneClientThatFloodsDoesNotStarveAnother() throws {
        let proxy = try Proxy(QEMU())
        let flooding = try proxy.client()
        let patient = try proxy.client()
        let burst = String(repeating: #"{"execute": "query-qmp-schema"}"#, count: 60)
        try flooding.send(burst + #"{"execute": "query-name", "id": "last"}"#)
        for round in 0..<10 {
            let reply = try patient.ask(#"{"execute": "query-name", "id": \#(round)}"#)
            #expect(reply == "{\"return\": {}, \"id\": \(round)}\r\n")
        }
        // 60 replies of 207 KB are more than the other client had to wait for.
        #expect(!flooding.isSilent(for: .zero))
        let lines = try flooding.readLines(through: "\"id\": \"last\"")
        #expect(lines.count == 61)
    }
}
