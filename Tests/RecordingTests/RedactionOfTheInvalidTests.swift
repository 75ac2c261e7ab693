import ProxyTesting
import QMP
import Recording
import Testing

/// Bytes that were no document, and messages that are none.
@Suite(.timeLimit(.minutes(15)))
struct RedactionOfTheInvalidTests {
    private static let failed = #"{"id": 7, "error": {"class": "GenericError", "desc": "bad hunter2"}}"#

    private func bytes(_ text: String, _ error: String? = "JSON parse error, stray") -> Entry {
        entry(1, .client(1), .received(.invalid(Bytes(text: text), error: error)))
    }

    @Test
    func withholdsAllPiecesUntilTheNextCommand() throws {
        let pieces = [
            bytes("{'arguments':{'p': @"), bytes("hunter2", nil),
            bytes("}", "JSON parse error, expecting value"),
            entry(2, .client(1), .received(message(#"{"b": "hunter2"}"#, .dialect)), command: 1),
            entry(2, .client(2), .received(.invalid(Bytes(text: "stop"), error: "JSON parse error, x"))),
            bytes("'set_password'", "QMP input must be a JSON object"),
            entry(3, .client(1), .received(message(#"{"execute": "stop"}"#)), command: 2),
            bytes("stop", nil),
        ]
        #expect(
            try redacted(pieces) == [
                #""received", "bytes": 20, "error": "[redacted]""#, #""received", "bytes": 7"#,
                #""received", "bytes": 1, "error": "[redacted]""#,
                #""received", "text": "{\"b\": \"[redacted]\"}", "redacted": ["/b"]"#,
                #""received", "text": "stop", "error": "JSON parse error, x""#,
                #""received", "bytes": 14, "error": "[redacted]""#,
                #""received", "message": {"execute": "stop"}"#,
                #""received", "text": "stop""#,
            ]
        )
    }

    @Test(arguments: [
        "{'execute': 'set_password'", #"{"execute": "\u0073et_passwor\u0064",}"#,
        "{'execute': 'stop', 'password':,}",
        #"{"execute": "x", "url": "http://user:hun"#, "{'execute': 'x', 'file': 'json:{\\'cookie\\': ",
        "{'execute': 'human-monitor-command', 'arguments': {'command-line': 'sendkey h'",
        "{'arguments': {'a': 'b'",
        "{'execute': 'x', 'uri': 'exec:cat'", "{'execute': 'own-x',}", "{'execute': 'x', 'inner':,}",
    ])
    func withholdsBytesThatNameASecret(text: String) throws {
        let rule = "own-* /arguments/*/inner"
        #expect(
            try redacted([bytes(text, nil)], rule) == [#""received", "bytes": \#(text.utf8.count)"#]
        )
    }

    @Test(arguments: [
        "{\"execute\": \"query-status\",}", "@", "hello", "{'execute': 'stop' 'id': 1}", "\n\u{7F}",
        "[1, 2]",
        "{'execute': 'drive-mirror', 'arguments': {'key-secret': 's',}}", "{'execute': 'query-block'",
    ])
    func keepsBytesThatNameNone(text: String) throws {
        let entries = [bytes(text, "JSON parse error, expecting value")]
        #expect(try redacted(entries, "own-* /arguments/*/inner") == entries.map(said))
    }

    @Test
    func redactsTheErrorThatQuotesWhatWasWithheld() throws {
        let invalid = Entry.Content.invalid(
            Bytes(text: "{'password': hunter2"),
            error: "JSON parse error, stray 'hunter2'"
        )
        #expect(
            try redacted([
                entry(1, .client(1), .received(invalid), command: 1),
                entry(2, .client(1), .sent(message(Self.failed, .monitor)), command: 1),
            ]) == [
                #""received", "bytes": 20, "error": "[redacted]""#,
                #""sent", "message": {"id": 7, "error": {"class": "GenericError", "desc": "[redacted]"}}, "redacted": ["/error/desc"]"#,
            ]
        )
    }

    @Test(arguments: [
        "", "{", "}", "{]", "[]", "1", "{\"a\"}", "{\"a\":}", "{\"a\": 1,}", "{,}", "{\"a\": 1} x",
        "{\"a", "{\"a\": \"b", "{\"\\",
        "{'a': [1}", "{1: 2}",
    ])
    func withholdsAMessageThatIsNone(text: String) throws {
        let content = message(text, .dialect)
        let bytes = "\"bytes\": \(text.utf8.count)"
        #expect(
            try redacted([
                entry(1, .client(1), .received(content), command: 1),
                entry(2, .client(1), .sent(content), command: 1),
            ]) == ["\"received\", \(bytes)", "\"sent\", \(bytes)"]
        )
    }

    /// Whatever the bytes, nothing traps, and what has passed once passes again as it is.
    @Test
    func survivesAnything() {
        var random = SeededGenerator(seed: 1)
        let pieces = [
            "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "\\u00", "\\u0061", "\\uD83D", " ", "\r\n", "1", "null", "é",
            "\u{7F}",
            "\"execute\":", "'arguments':{", "set_password", "\"password\":", "\"return\":", "\"error\": {\"desc\":",
            "\"id\"",
            "http://a:b@c", "json:{", "@", "=", "qom-get", "\"event\": \"E\"",
        ]
        for _ in 0..<3000 {
            let text =
                "{" + (0..<random.int(0...12)).map { _ in random.pick(pieces) }.joined() + random.pick(["}", ""])
            let whole = Bytes(text: text)
            let cut = whole.startIndex..<random.int(0...whole.count)
            let form = random.pick([Entry.Form.json, .dialect, .monitor])
            let contents: [Entry.Content] = [
                .message(SplicedMessage(whole), form), .invalid(whole, error: "x"), .invalid(whole, error: nil),
                .message(SplicedMessage(whole, cut: cut, insert: whole, addsLineEnd: true), form),
            ]
            let places = [Entry.Place.client(1), .monitor, .plugin("p")]
            let entries = (0..<4).map { _ in
                let content = random.pick(contents)
                let kind = random.pick([Entry.Kind.received(content), .sent(content), .verdict("x", content)])
                return entry(1, random.pick(places), kind, command: random.chance(50) ? random.int(1...4) : nil)
            }
            var (once, twice) = (Redaction(), Redaction())
            let redacted = entries.map { once.redact($0) }
            #expect(redacted.map { twice.redact($0) } == redacted, "\(text)")
        }
    }
}
