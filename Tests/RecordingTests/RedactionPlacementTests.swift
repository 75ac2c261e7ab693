import QMP
import Recording
import Testing

/// The quick look that spares plain messages a closer one goes over many bytes at once: wherever a secret stands in
/// them, it is found.
@Suite(.timeLimit(.minutes(15)))
struct RedactionPlacementTests {
    /// Lanes are 32 bytes, blocks 4,096: around each end of them.
    private static let offsets = Array(0...140) + Array(4000...4200)

    @Test(
        arguments: [
            #""password": "hush""#, #""pasword": "hush""#, #""Password": "hush""#, #""p\u0061ssword": "hush""#,
            #""file": "nbd://me:hush@host""#, #""file": "json:{\"password\": \"hush\"}""#,
            #""file": "rbd:a/b:key=hush""#, #""file": "nbd:\/\/me:hush@host""#,
        ]
    )
    func findsWhatACommandHoldsWhereverItIs(member: String) {
        for offset in Self.offsets {
            let padding = String(repeating: "x", count: offset)
            for text in [
                #"{"execute": "query-x", "id": "\#(padding)", "arguments": {\#(member)}}"#,
                #"{"execute":"query-x","arguments":{\#(member),"a":"\#(padding)"}}"#,
            ] {
                #expect(!said(text, .json, at: .client(1)).contains("hush"), "\(offset): \(text.prefix(60))")
            }
        }
    }

    @Test(arguments: [#""nbd://me:hush@host""#, #""json:{\"password\": \"hush\"}""#, #""nbd:\u002f/me:hush@host""#])
    func findsWhatAReplyHoldsWhereverItIs(value: String) {
        for offset in Self.offsets {
            let padding = String(repeating: "x", count: offset)
            for text in [
                #"{"return": {"a": "\#(padding)", "b": \#(value)}}"#, #"{"return": [\#(value), "\#(padding)"]}"#,
            ] {
                #expect(!said(text, .monitor, at: .monitor).contains("hush"), "\(offset): \(text.prefix(60))")
            }
        }
    }

    @Test
    func takesACommandOfTwoNamesForNone() {
        let arguments = #"{"qom-type": "secret", "data": "hush"}"#
        let text = #"{"execute": "query-x", "exec-oob": "object-add", "arguments": \#(arguments)}"#
        #expect(!said(text, .json, at: .client(1)).contains("hush"))
    }

    /// What is recorded of a message in the midst of others that are plain.
    private func said(_ text: String, _ form: Entry.Form, at place: Entry.Place) -> String {
        var redaction = Redaction(isLive: true)
        let plain = Bytes(text: #"{"execute": "query-x"}"#)
        func entry(_ bytes: Bytes, _ form: Entry.Form, _ place: Entry.Place, _ command: Int) -> Entry {
            Entry(
                time: .zero,
                place: place,
                kind: .received(.message(SplicedMessage(bytes), form)),
                command: command
            )
        }
        _ = redaction.redact(entry(plain, .json, .client(1), 1))
        var line: [UInt8] = []
        let number = place == .monitor ? 1 : 2
        RecordingEncoder.append(redaction.redact(entry(Bytes(text: text), form, place, number)), to: &line)
        return line[...].text
    }
}
