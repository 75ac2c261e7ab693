import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TranscriptTests {
    private func lines(of entries: [Entry], charactersMax: Int? = 200) -> [String] {
        var transcript = Transcript(charactersMax: charactersMax)
        return entries.map { transcript.line(for: $0) }
    }

    @Test
    func showsASession() {
        var transcript = Transcript()
        let lines = [transcript.line(for: Session.header)] + Session.entries.map { transcript.line(for: $0) }
        #expect(
            lines.joined(separator: "\n") == #"""
                vm0, recorded by qmp-proxy 0.1.0 from 2026-11-21T03:06:29.120Z
                     0.000131  QEMU                        opened: unix:/run/vm0/qemu.sock
                     0.000400  QEMU → proxy                greeting  {"QMP": {"version": {}, "capabilities": ["oob"]}}
                     1.000000  client 1                    opened: pid 4711, "root"
                     1.204117  client 1 → proxy        #1  getfd with 1 descriptor  {"execute": "getfd", "id": 7}
                     1.204180  proxy → QEMU            #1  getfd with 1 descriptor  {"execute": "getfd", "id": [1, 7]}
                     1.205140  QEMU → proxy            #1  getfd returned in 1.023 ms  {"return": {}, "id": [1, 7]}
                     1.205170  proxy → client 1        #1  getfd returned in 1.053 ms  {"return": {}, "id": 7}
                     2.000000  client 1 → proxy        #2  stop  {'execute': 'stop'}
                     2.100000  QEMU → proxy                returned  {"return": inf}
                     3.000000  client 1 → proxy        #3  invalid, answered with: JSON parse error, stray  @
                     3.000001  client 1 → proxy            invalid, not answered  ��\u{0}
                     3.100000  client 1 → proxy            invalid, not answered  {"execute": "quit"}
                     4.000000  proxy                       gap: 12 entries were lost
                     5.000000  client 1                    closed: it left
                     6.000000  plugin colo                 mark  {"t": 6.000000, "at": "plugin colo", "is": "mark", \#
                "text": "primary failover begins", "epoch": 4}
                """#
        )
    }

    @Test
    func saysHowLongAReplyTook() {
        let command = message(#"{"exec-oob": "yank", "id": 1}"#)
        let failure = message(#"{"id": 1, "error": {"class": "GenericError", "desc": "no"}}"#)
        let start = entry(1_000_000, .client(2), .received(command), command: 5)
        func reply(at microseconds: Int64) -> String {
            let reply = entry(microseconds, .client(2), .sent(failure), command: 5)
            return lines(of: [start, reply])[1]
        }
        let end = #"  {"id": 1, "error": {"class": "GenericError", "desc": "no"}}"#
        #expect(reply(at: 1_000_999) == "     1.000999  proxy → client 2        #5  yank failed in 999 µs" + end)
        #expect(reply(at: 1_001_000) == "     1.001000  proxy → client 2        #5  yank failed in 1.000 ms" + end)
        #expect(reply(at: 2_999_999) == "     2.999999  proxy → client 2        #5  yank failed in 1.999 s" + end)
    }

    /// A reply that has been passed on ends the command; a header begins the numbers anew.
    @Test
    func forgetsWhatIsOver() {
        let reply = entry(9, .client(1), .sent(message(#"{"return": 1}"#)), command: 1)
        let command = entry(1, .client(1), .received(message(#"{"execute": "stop"}"#)), command: 1)
        let withoutName = #"     0.000009  proxy → client 1        #1  returned  {"return": 1}"#
        #expect(lines(of: [reply])[0] == withoutName)
        #expect(lines(of: [command, reply, reply])[2] == withoutName)
        var transcript = Transcript()
        _ = transcript.line(for: command)
        _ = transcript.line(for: Session.header)
        #expect(transcript.line(for: reply) == withoutName)
    }

    @Test
    func answersToInvalidBytesHaveNoName() {
        let invalid = entry(1, .client(1), .received(.invalid(Bytes(text: "@"), error: "no")), command: 1)
        let reply = entry(9, .client(1), .sent(message(#"{"error": {}}"#)), command: 1)
        let wanted = #"     0.000009  proxy → client 1        #1  failed in 8 µs  {"error": {}}"#
        #expect(lines(of: [invalid, reply])[1] == wanted)
    }

    @Test
    func showsEventsAndTheirNames() {
        let event = message(#"{"timestamp": {"seconds": 1}, "event": "STOP"}"#)
        let wanted =
            #"     0.000000  QEMU → proxy                event STOP  {"timestamp": {"seconds": 1}, "event": "STOP"}"#
        #expect(lines(of: [entry(0, .monitor, .received(event))]) == [wanted])
    }

    @Test
    func cutsLongMessagesUnlessToldOtherwise() {
        let long = message(#"{"return": ""# + String(repeating: "é", count: 1000) + #""}"#)
        let reply = entry(0, .monitor, .received(long))
        let start = "     0.000000  QEMU → proxy                returned  {\"return\": \""
        let cut = start + String(repeating: "é", count: 8) + "… (2014 bytes)"
        #expect(lines(of: [reply], charactersMax: 20) == [cut])
        #expect(lines(of: [reply], charactersMax: nil) == [start + String(repeating: "é", count: 1000) + "\"}"])
        #expect(lines(of: [reply], charactersMax: 1014) == [start + String(repeating: "é", count: 1000) + "\"}"])
    }

    /// Escape sequences, characters that turn the text around, and line breaks must not reach a terminal.
    @Test
    func spellsOutWhatCannotBeSeen() {
        let invalid = Entry.Content.invalid(Bytes(text: "\u{1B}[2J\u{202E}a\r\n\t b  c\u{9B}\u{2028}d"), error: "\u{7}")
        let wanted =
            "     0.000000  client 1 → proxy            "
            + #"invalid, answered with: \u{7}  \u{1b}[2J\u{202e}a b  c\u{9b} d"#
        #expect(lines(of: [entry(0, .client(1), .received(invalid))]) == [wanted])
        let opened = entry(0, .other("\u{1B}"), .opened(peer: "a\nb"))
        #expect(lines(of: [opened]) == [#"     0.000000  \u{1b}                      opened: a b"#])
    }

    @Test
    func countsDescriptors() {
        let command = message(#"{"execute": "add-fd"}"#)
        let two = entry(0, .client(1), .received(command), command: 12345, descriptors: 2)
        let wanted = #"     0.000000  client 1 → proxy     #12345  add-fd with 2 descriptors  {"execute": "add-fd"}"#
        #expect(lines(of: [two]) == [wanted])
    }
}
