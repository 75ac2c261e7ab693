import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct TranscriptTests {
    private func text(
        _ header: RecordingHeader? = nil,
        _ entries: [Entry],
        _ transcript: Transcript = Transcript()
    ) -> String {
        var transcript = transcript
        var conversation = Conversation()
        var text: [UInt8] = []
        if let header {
            conversation.take(header)
            transcript.append(header, to: &text)
        }
        for entry in entries { transcript.append(entry, conversation.take(entry), to: &text) }
        return text[...].text
    }

    private func lines(of entries: [Entry], charactersMax: Int? = 200) -> [String] {
        text(nil, entries, Transcript(charactersMax: charactersMax)).split(separator: "\n").map { String($0) }
    }

    @Test
    func showsASession() {
        #expect(
            text(Session.header, Session.entries) == #"""
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
                     6.000000  plugin colo                 mark: primary failover begins  epoch 4
                     6.100000  plugin guard            #4  verdict: answer  {"error": {}}
                     6.200000  plugin guard            #5  verdict: hold
                     6.300000  colo → QEMU             #6  stop  {"execute": "stop"}
                     6.400000  proxy → client 1        #7  answered, as QEMU said  id "x"
                     6.500000  proxy → client 1        #8  answered, as QEMU said
                     6.600000  client 1 → proxy        #9  invalid, answered with: [redacted]  \#
                (57 bytes that may hold a secret)
                     6.700000  client 1 → proxy            message  z [1] (2 values redacted)  {"x": "[redacted]"}
                     7.000000  the moon                    seen  {"t": 7.000000, "at": "the moon", "is": "seen", "by": ["me"]}

                """#
        )
    }

    @Test
    func saysHowLongAReplyTook() {
        let command = message(#"{"exec-oob": "yank", "id": 1}"#)
        let failure = message(#"{"id": 1, "error": {"class": "GenericError", "desc": "no"}}"#)
        let start = entry(1_000_000, .client(2), .received(command), command: 5)
        func reply(at microseconds: Int64) -> String {
            lines(of: [start, entry(microseconds, .client(2), .sent(failure), command: 5)])[1]
        }
        let way = "  proxy → client 2        #5  yank failed in "
        let end = #": GenericError: no  {"id": 1, "error": {"class": "GenericError", "desc": "no"}}"#
        #expect(reply(at: 1_000_999) == "     1.000999\(way)999 µs" + end)
        #expect(reply(at: 1_001_000) == "     1.001000\(way)1.000 ms" + end)
        #expect(reply(at: 2_999_999) == "     2.999999\(way)1.999 s" + end)
    }

    @Test
    func saysWhatAPluginDid() {
        let command = entry(1, .client(1), .received(message(#"{"execute": "stop"}"#)), command: 1)
        let verdict = entry(2, .plugin("guard"), .verdict("answer", message(#"{"return": {}}"#)), command: 1)
        var sent = entry(3, .monitor, .sent(message(#"{"execute": "cont"}"#)), command: 2)
        sent.plugin = "colo"
        let reply = entry(4, .monitor, .received(message(#"{"return": {}}"#)), command: 2)
        #expect(
            lines(of: [command, verdict, sent, reply]) == [
                #"     0.000001  client 1 → proxy        #1  stop  {"execute": "stop"}"#,
                #"     0.000002  plugin guard            #1  verdict on stop: answer  {"return": {}}"#,
                #"     0.000003  colo → QEMU             #2  cont  {"execute": "cont"}"#,
                #"     0.000004  QEMU → colo             #2  cont returned in 1 µs  {"return": {}}"#,
            ]
        )
    }

    @Test
    func namesAReplyAfterWhatWasAsked() {
        let isReplacedBy = message(#"{"execute": "cont"}"#)
        let reply = message(#"{"return": {}}"#)
        let entries = [
            entry(1, .client(1), .received(message(#"{"execute": "stop"}"#)), command: 1),
            entry(2, .plugin("colo"), .verdict("replace", isReplacedBy), command: 1),
            entry(3, .monitor, .sent(isReplacedBy), command: 1),
            entry(4, .monitor, .received(reply), command: 1),
            entry(5, .plugin("colo"), .verdict("replace", message(#"{"return": 1}"#)), command: 1),
            entry(6, .client(1), .sent(reply), command: 1),
        ]
        #expect(
            lines(of: entries) == [
                #"     0.000001  client 1 → proxy        #1  stop  {"execute": "stop"}"#,
                #"     0.000002  plugin colo             #1  verdict on stop: replace  {"execute": "cont"}"#,
                #"     0.000003  proxy → QEMU            #1  cont  {"execute": "cont"}"#,
                #"     0.000004  QEMU → proxy            #1  cont returned in 3 µs  {"return": {}}"#,
                #"     0.000005  plugin colo             #1  verdict on stop: replace  {"return": 1}"#,
                #"     0.000006  proxy → client 1        #1  stop returned in 5 µs  {"return": {}}"#,
            ]
        )
    }

    @Test
    func saysWhatAPluginAskedASecondMonitor() {
        func colo(_ kind: Entry.Kind, at microseconds: Int64, command: Int? = nil) -> Entry {
            var entry = entry(microseconds, .secondMonitor("peer"), kind, command: command)
            entry.plugin = "colo"
            return entry
        }
        let entries = [
            colo(.received(message(#"{"QMP": {}}"#)), at: 1),
            colo(.sent(message(#"{"execute": "cont"}"#)), at: 2, command: 7),
            colo(.received(message(#"{"event": "RESUME"}"#)), at: 3),
            colo(.received(message(#"{"return": {}}"#)), at: 4, command: 7),
        ]
        #expect(
            lines(of: entries) == [
                #"     0.000001  monitor peer → colo         greeting  {"QMP": {}}"#,
                #"     0.000002  colo → monitor peer     #7  cont  {"execute": "cont"}"#,
                #"     0.000003  monitor peer → colo         event RESUME  {"event": "RESUME"}"#,
                #"     0.000004  monitor peer → colo     #7  cont returned in 2 µs  {"return": {}}"#,
            ]
        )
    }

    @Test
    func namesTheVersionThatAGreetingTells() {
        let version = #"{"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian 1:7.2"}"#
        let greeting = #"{"QMP": {"version": \#(version), "capabilities": []}}"#
        #expect(
            lines(of: [entry(0, .monitor, .received(message(greeting)))]) == [
                "     0.000000  QEMU → proxy                greeting of QEMU 7.2.22 (Debian 1:7.2)  \(greeting)"
            ]
        )
    }

    @Test
    func showsEventsAndTheirNames() {
        let event = message(#"{"timestamp": {"seconds": 1}, "event": "STOP"}"#)
        let wanted =
            #"     0.000000  QEMU → proxy                event STOP  {"timestamp": {"seconds": 1}, "event": "STOP"}"#
        #expect(lines(of: [entry(0, .monitor, .received(event))]) == [wanted])
    }

    @Test
    func tellsDateAndTimeIfAskedTo() {
        let gap = entry(1_880_131, .proxy, .gap(entries: 1))
        let utc = Transcript(clock: .utc)
        let title = "vm0, recorded by qmp-proxy 0.1.0 from 2026-11-21T03:06:29.120Z\n"
        let rest = "  proxy                       gap: 1 entry was lost\n"
        #expect(text(Session.header, [gap], utc) == title + "2026-11-21T03:06:31.000131Z" + rest)
        // Seconds where nobody knows the date.
        #expect(text(nil, [gap], utc) == "     1.880131" + rest)
        let leapDay = RecordingHeader(started: "2028-02-29T23:59:59.999Z", proxy: "", monitor: "")
        #expect(
            text(leapDay, [entry(1000, .proxy, .gap(entries: 1))], utc).hasSuffix("2028-03-01T00:00:00.000000Z" + rest)
        )
    }

    @Test
    func saysWhatASegmentGoesOnFrom() {
        var header = Session.header
        header.previous = "vm0-1.qmprec"
        header.begins = Instant(microseconds: 1_500_000)
        let wanted =
            "vm0, recorded by qmp-proxy 0.1.0 from 2026-11-21T03:06:29.120Z, goes on from vm0-1.qmprec at 1.500000\n"
        #expect(text(header, []) == wanted)
    }

    @Test
    func paintsWhatStandsOut() {
        let failure = message(#"{"error": {}}"#)
        let entries = [
            entry(0, .plugin("colo"), .mark(text: "here")), entry(1, .client(1), .sent(failure)),
            entry(2, .monitor, .received(message(#"{"event": "STOP"}"#))),
        ]
        let time = "\u{1B}[2m     0.00000"
        #expect(
            text(Session.header, entries, Transcript(isColoured: true)) == """
                \u{1B}[1mvm0, recorded by qmp-proxy 0.1.0 from 2026-11-21T03:06:29.120Z\u{1B}[0m
                \(time)0\u{1B}[0m  plugin colo                 \u{1B}[1;35mmark: here\u{1B}[0m
                \(time)1\u{1B}[0m  \u{1B}[34mproxy → client 1\u{1B}[0m            \u{1B}[31mfailed\u{1B}[0m  {"error": {}}
                \(time)2\u{1B}[0m  QEMU → proxy                \u{1B}[33mevent STOP\u{1B}[0m  {"event": "STOP"}

                """
        )
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
        #expect(lines(of: [reply], charactersMax: 5) == [String(start.dropLast(7)) + "… (2014 bytes)"])
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

    /// Whatever stands in an entry, nothing but printable characters and the line's own end comes out.
    @Test
    func letsNoControlCharacterThroughAnywhere() {
        let evil = "\u{1B}]0;x\u{7}\n\u{9B}"
        let bytes = Bytes(text: #"{"execute": "\#(#"\u001b\n"#)"}"#)
        let kinds: [Entry.Kind] = [
            .opened(peer: evil), .closed(reason: evil), .mark(text: evil), .verdict(evil, nil),
            .verdict(evil, .invalid(Bytes(text: evil), error: evil)), .other(kind: evil, line: Bytes(text: evil)),
            .received(.invalid(Bytes(text: evil), error: evil)), .sent(.withheld(bytes: 1, error: evil)),
            .received(.message(SplicedMessage(bytes), .json)), .sent(.sameAsMonitor(id: Bytes(text: evil))),
            .received(message(#"{"error": {"class": "\u001b", "desc": "\u001b]\u0007\n"}}"#)),
            .received(message(#"{"event": "\u001b\n"}"#)),
            .received(
                message(#"{"QMP": {"version": {"qemu": {"major":1,"minor":1,"micro":1}, "package": "\u001b"}}}"#)
            ),
        ]
        let places: [Entry.Place] = [.monitor, .client(1), .plugin(evil), .other(evil)]
        for kind in kinds {
            for place in places {
                var entry = entry(0, place, kind, command: 1)
                entry.plugin = evil
                entry.unknownMembers = Array("\"a\u{7F}\": \"\u{9B}\u{202E}\"".utf8)
                let line = text(nil, [entry])
                let hidden = line.dropLast().unicodeScalars.filter {
                    $0.value < 0x20 || (0x7F...0x9F).contains($0.value)
                }
                #expect(hidden.isEmpty && !line.contains("\u{202E}"), "\(line)")
            }
        }
    }

    @Test
    func countsDescriptors() {
        let command = message(#"{"execute": "add-fd"}"#)
        let two = entry(0, .client(1), .received(command), command: 12345, descriptors: 2)
        let wanted = #"     0.000000  client 1 → proxy     #12345  add-fd with 2 descriptors  {"execute": "add-fd"}"#
        #expect(lines(of: [two]) == [wanted])
    }
}
