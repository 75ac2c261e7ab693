import Testing

/// One client's broken bytes do no harm to the others, nor to QEMU.
@Suite(.onWorkbench, .showingLogs)
struct ProtectionTests {
    @Test func anUnfinishedDocumentHoldsUpNobodyElse() throws {
        let proxy = try Proxy(QEMU())
        let broken = try proxy.client()
        let other = try proxy.client()
        try broken.send(#"{"execute": "query-name", "id": "broken", "arguments": {"#)
        #expect(try other.ask(#"{"execute": "query-name", "id": 1}"#) == "{\"return\": {}, \"id\": 1}\r\n")
        #expect(try broken.ask("}}") == "{\"return\": {}, \"id\": \"broken\"}\r\n")
    }

    /// With `oob` negotiated, the bracket in `1]` ends two documents in one byte; with seven waiting, QEMU 7.2 aborts
    /// (monitor/qmp.c, `handle_qmp_command`: the assertion on `QMP_REQ_QUEUE_LEN_MAX`).
    @Test func bytesThatAbortQEMUDoNotReachIt() throws {
        let qemu = try QEMU()
        let client = try Proxy(qemu).client(outOfBand: true)
        let deadly = String(repeating: "1]", count: 10_000)
        try client.send(deadly + #"{"execute": "query-name", "id": "alive"}"#)
        let lines = try client.readLines(through: "\"id\": \"alive\"")
        let errors = [
            #"{"error": {"class": "GenericError", "desc": "QMP input must be a JSON object"}}"# + "\r\n",
            #"{"error": {"class": "GenericError", "desc": "JSON parse error, expecting value"}}"# + "\r\n",
        ]
        #expect(lines.dropLast() == (0..<20_000).map { errors[$0 % 2] }[...])
        #expect(lines.last == "{\"return\": {}, \"id\": \"alive\"}\r\n")
        #expect(qemu.process.isRunning)
    }
}
