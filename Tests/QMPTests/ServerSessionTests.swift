import QMP
import Testing

/// Negotiation and the envelope, in QEMU's words and order.
@Suite(.timeLimit(.minutes(15)))
struct ServerSessionTests {
    /// What a client is told before it has negotiated.
    private func told(_ text: String) -> String {
        var session = ServerSession(greeting: DialectTests.greeting)
        var decoder = FrameDecoder()
        decoder.append(Bytes(text: text))
        guard case .message(let message)? = decoder.next(), case .answer(let reply) = session.decide(message) else {
            return "not answered here"
        }
        let error = (try? JSONValue(parsing: reply))?["error"]?["desc"]?.string
        return error ?? reply.text
    }

    @Test(arguments: [
        (#"{"execute":1}"#, "QMP input member 'execute' must be a string"),
        (#"{"exec-oob":"x"}"#, "QMP input member 'exec-oob' is unexpected"),
        (#"{"execute":"x","arguments":null}"#, "QMP input member 'arguments' must be an object"),
        (#"{"arguments":{}}"#, "QMP input lacks member 'execute'"),
        // Of several wrong members QEMU names the first of its hash table.
        (#"{"execute":1,"bar":2}"#, "QMP input member 'bar' is unexpected"),
        (#"{"execute":1,"zzz":2}"#, "QMP input member 'execute' must be a string"),
        (#"{"execute":"x"}"#, "Expecting capabilities negotiation with 'qmp_capabilities'"),
        (
            #"{"execute":"qmp_capabilities","arguments":{"enable":[1]}}"#,
            "Invalid parameter type for 'enable[0]', expected: string"
        ),
        (
            #"{"execute":"qmp_capabilities","arguments":{"enable":["oob","x"]}}"#,
            "Parameter 'null' does not accept value 'x'"
        ),
        (#"{"execute":"qmp_capabilities","arguments":{"x":1}}"#, "Parameter 'x' is unexpected"),
    ])
    func errorsBeforeNegotiation(_ text: String, error: String) {
        #expect(told(text) == error)
    }
}
