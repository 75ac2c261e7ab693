import QMP
import Testing

@testable import Recording

/// What is known of commands and clients from one entry to the next.
@Suite(.timeLimit(.minutes(15)))
struct RedactionStateTests {
    private static let secret =
        #"{"execute": "set_password", "arguments": {"password": "hunter2"}, "id": 7}"#
    private static let failed =
        #"{"id": 7, "error": {"class": "GenericError", "desc": "bad hunter2"}}"#

    // MARK: - Replies

    @Test
    func redactsAllFourEntriesOfACommand() throws {
        let command = Bytes(text: Self.secret)
        let wrapped = SplicedMessage(
            command,
            cut: command.count - 2..<command.count - 1,
            insert: Bytes(text: "[3, 7]"),
            addsLineEnd: true
        )
        let reply = Bytes(text: Self.failed.replacing("7", with: "[3, 7]") + "\r\n")
        let unwrapped = SplicedMessage(reply, cut: 7..<13, insert: Bytes(text: "7"))
        #expect(
            try redacted([
                entry(1, .client(1), .received(message(Self.secret)), command: 3),
                entry(2, .monitor, .sent(.message(wrapped, .json)), command: 3),
                entry(3, .monitor, .received(.message(SplicedMessage(reply), .monitor)), command: 3),
                entry(4, .client(1), .sent(.message(unwrapped, .monitor)), command: 3),
            ]) == [
                #""received", "message": {"execute": "set_password", "arguments": {"password": "[redacted]"}, "id": 7}, "redacted": ["/arguments/password"]"#,
                #""sent", "message": {"execute": "set_password", "arguments": {"password": "[redacted]"}, "id": [3, 7]}, "redacted": ["/arguments/password"]"#,
                #""received", "message": {"id": [3, 7], "error": {"class": "GenericError", "desc": "[redacted]"}}, "redacted": ["/error/desc"]"#,
                #""sent", "message": {"id": 7, "error": {"class": "GenericError", "desc": "[redacted]"}}, "redacted": ["/error/desc"]"#,
            ]
        )
    }

    @Test
    func leavesAlone() throws {
        let plain = [
            entry(1, .client(1), .opened(peer: "pid 1")),
            entry(2, .client(1), .sent(.sameAsMonitor(id: nil)), command: 1),
            entry(3, .client(1), .received(.withheld(bytes: 3, error: nil))),
            entry(4, .proxy, .gap(entries: 1)),
            entry(5, .plugin("colo"), .mark(text: "failover of a@b")),
            entry(6, .plugin("guard"), .verdict("hold", nil)),
            entry(7, .client(1), .closed(reason: "it left")),
        ]
        #expect(try redacted(plain) == plain.map(said))
        #expect(
            try redacted([entry(1, .proxy, .mark(text: "at http://a:b@c", epoch: 4))]) == [
                #""mark", "text": "[redacted]", "epoch": 4"#
            ]
        )
    }

    /// Which numbers are remembered: as long as something may still be said under them, and no longer.
    @Test
    func forgetsACommandWhenItsReplyHasPassed() {
        var replies = SecretReplies()
        for number in 1...4 {
            replies.saw(number)
            replies.await(number, .all, client: number)
        }
        replies.sent(1)
        replies.answered(1)
        #expect(replies.secrets(ofReplyTo: 1) == .all)
        replies.passed(1)
        #expect(replies.secrets(ofReplyTo: 1) == nil)

        // Gone before the monitor answers: its reply is still to come.
        replies.sent(2)
        replies.closed(client: 2)
        #expect(replies.secrets(ofReplyTo: 2) == .all)
        #expect(replies.isAnyDue)
        replies.answered(2)
        #expect(replies.secrets(ofReplyTo: 2) == nil)
        #expect(!replies.isAnyDue)

        // Gone before the monitor was asked.
        replies.closed(client: 3)
        #expect(replies.secrets(ofReplyTo: 3) == nil)

        replies.sent(4)
        replies.closed(client: 4)
        replies.closedMonitor()
        #expect(replies.isEmpty)
    }

    @Test
    func takesWhatItCouldNotRememberForSecret() {
        var replies = SecretReplies()
        let count = 1 << 16
        for number in 1...count + 1 {
            replies.saw(number)
            replies.await(number, SecretReplies.Secrets(), client: nil)
        }
        #expect(replies.secrets(ofReplyTo: 17) == .all)
        replies.saw(count + 2)
        #expect(replies.secrets(ofReplyTo: count + 2) == nil)
    }

    @Test
    func takesTheReplyToACommandThatIsMissingForSecret() throws {
        let reply = message(#"{"return": "x"}"#)
        #expect(
            try redacted([
                entry(1, .client(1), .received(message(#"{"execute": "stop"}"#)), command: 5),
                entry(2, .client(1), .sent(reply), command: 4),
                entry(3, .client(1), .sent(reply), command: 6),
                entry(4, .client(1), .sent(reply), command: 5),
            ]) == [
                #""received", "message": {"execute": "stop"}"#,
                #""sent", "message": {"return": "[redacted]"}, "redacted": ["/return"]"#,
                #""sent", "message": {"return": "[redacted]"}, "redacted": ["/return"]"#,
                #""sent", "message": {"return": "x"}"#,
            ]
        )
    }

    @Test
    func knowsFromTheHeaderWhatWasInFlight() {
        var header = RecordingHeader(started: "2026", proxy: "0.1.0", monitor: "vm0", previous: "a")
        header.begins = Instant(microseconds: 9)
        header.commands = [
            RecordingHeader.Command(number: 8, client: 1, name: "query-block"),
            RecordingHeader.Command(number: 7, client: 1, name: "qom-get"),
            RecordingHeader.Command(number: 9, client: 2, name: nil),
        ]
        var redaction = Redaction()
        redaction.begin(header)
        let replies = [7, 8, 9].map {
            entry(10, .monitor, .received(message(#"{"return": "x"}"#)), command: $0)
        }
        #expect(
            replies.map { said(redaction.redact($0)) } == [
                #""received", "message": {"return": "[redacted]"}, "redacted": ["/return"]"#,
                #""received", "message": {"return": "x"}"#,
                #""received", "message": {"return": "[redacted]"}, "redacted": ["/return"]"#,
            ]
        )
        // The next segment of the same recording tells nothing new.
        let plain = entry(
            11,
            .client(1),
            .received(message(#"{"execute": "human-monitor-command"}"#)),
            command: 10
        )
        _ = redaction.redact(plain)
        header.commands = [
            RecordingHeader.Command(number: 10, client: 1, name: "human-monitor-command")
        ]
        redaction.begin(header)
        let reply = entry(12, .monitor, .received(message(#"{"return": "x"}"#)), command: 10)
        #expect(redaction.redact(reply) == reply)
    }

    @Test
    func withholdsAMonitorsBytesWhileASecretReplyIsDue() throws {
        let rest = entry(9, .monitor, .received(.invalid(Bytes(text: #"{"return": "hun"#), error: nil)))
        let asked = [
            entry(1, .client(1), .received(message(#"{"execute": "ringbuf-read"}"#)), command: 1),
            entry(2, .monitor, .sent(message(#"{"execute": "ringbuf-read"}"#)), command: 1),
        ]
        #expect(try redacted(asked + [rest]).last == #""received", "bytes": 15"#)
        #expect(try redacted([rest]).last == said(rest))
        let answered = entry(3, .monitor, .received(message(#"{"return": "x"}"#)), command: 1)
        #expect(try redacted(asked + [answered, rest]).last == said(rest))
    }

    // MARK: - Own rules

    @Test
    func followsOwnRules() throws {
        #expect(
            try redacted(
                [
                    entry(
                        1,
                        .client(1),
                        .received(
                            message(#"{"execute": "query-vnc", "arguments": {"a/b": [{"c": 1}, {"c": 2}]}}"#)
                        ),
                        command: 1
                    ),
                    entry(
                        2,
                        .client(1),
                        .sent(message(#"{"return": {"host": "h", "port": 1}, "id": 1}"#)),
                        command: 1
                    ),
                    entry(
                        3,
                        .client(1),
                        .received(message(#"{"execute": "stop", "arguments": {"a/b": 1}}"#)),
                        command: 2
                    ),
                    entry(
                        4,
                        .monitor,
                        .received(
                            message(#"{"timestamp": {}, "event": "JOB_X", "data": {"id": "j"}}"#, .monitor)
                        )
                    ),
                    entry(
                        5,
                        .monitor,
                        .received(
                            message(#"{"timestamp": {}, "event": "STOP", "data": {"id": "j"}}"#, .monitor)
                        )
                    ),
                ],
                "query-* /arguments/a~1b/*/c",
                "query-v?c /return/host",
                "JOB_* /data/id",
                "* /*/id"
            ) == [
                #""received", "message": {"execute": "query-vnc", "arguments": {"a/b": [{"c": "[redacted]"}, {"c": "[redacted]"}]}}, "redacted": ["/arguments/a~1b/0/c", "/arguments/a~1b/1/c"]"#,
                #""sent", "message": {"return": {"host": "[redacted]", "port": 1}, "id": 1}, "redacted": ["/return/host"]"#,
                #""received", "message": {"execute": "stop", "arguments": {"a/b": 1}}"#,
                #""received", "message": {"timestamp": {}, "event": "JOB_X", "data": {"id": "[redacted]"}}, "redacted": ["/data/id"]"#,
                #""received", "message": {"timestamp": {}, "event": "STOP", "data": {"id": "[redacted]"}}, "redacted": ["/data/id"]"#,
            ]
        )
    }

    // MARK: - Odd ones

    @Test
    func redactsWhatAPluginPutInItsPlace() throws {
        let plugin = Entry.Place.plugin("p")
        #expect(
            try redacted([
                entry(1, .client(1), .received(message(#"{"execute": "stop"}"#)), command: 1),
                entry(2, plugin, .verdict("replace", message(Self.secret)), command: 1),
                entry(3, plugin, .verdict("answer", message(Self.failed)), command: 1),
            ]).map { $0.contains("hunter2") } == [false, false, false]
        )
    }

    @Test
    func redactsEveryOneOfSeveralMembersOfAName() throws {
        let text =
            #"{"execute": "set_password", "arguments": {"password": "a", "password": "b"}, "arguments": "c"}"#
        #expect(
            try redacted([entry(1, .client(1), .received(message(text)), command: 1)]) == [
                #""received", "message": {"execute": "set_password", "arguments": {"password": "[redacted]", "password": "[redacted]"}, "arguments": "[redacted]"}, "redacted": ["/arguments/password", "/arguments"]"#
            ]
        )
    }

    @Test
    func redactsWholeMembersWhereThereAreVeryManyValues() throws {
        let values = Array(repeating: #"{"password": "x"}"#, count: 1000).joined(separator: ", ")
        let text = #"{"execute": "x", "arguments": {"a": [\#(values)]}, "id": 1}"#
        #expect(
            try redacted([entry(1, .client(1), .received(message(text)), command: 1)]) == [
                #""received", "message": {"execute": "x", "arguments": "[redacted]", "id": 1}, "redacted": ["/arguments"]"#
            ]
        )
    }

    @Test
    func withholdsWhatHasVeryManyMembers() throws {
        let members = (0..<1000).map { #""\#($0)": "http://a:b@c""# }.joined(separator: ", ")
        let text = #"{"execute": "x", \#(members)}"#
        #expect(
            try redacted([entry(1, .client(1), .received(message(text)), command: 1)]) == [
                #""received", "bytes": \#(text.utf8.count)"#
            ]
        )
    }

    @Test
    func leavesOutUnknownMembersThatMayHoldASecret() throws {
        var kept = entry(1, .proxy, .mark(text: "x"))
        kept.unknownMembers = Array(#""b": 4"#.utf8)
        var secret = kept
        secret.unknownMembers = Array(#""a": {"password": 4}"#.utf8)
        let unknown = entry(
            2,
            .proxy,
            .other(kind: "x", line: Bytes(text: #"{"is": "x", "a": "http://a:b@c"}"#))
        )
        #expect(
            try redacted([kept, secret, unknown]) == [
                #""mark", "text": "x", "b": 4"#, #""mark", "text": "x""#,
                #""mark", "text": "[redacted]""#,
            ]
        )
    }

    @Test
    func changesNothingASecondTime() {
        var redaction = Redaction()
        let entries = [
            entry(1, .client(1), .received(message(Self.secret)), command: 1),
            entry(2, .client(1), .sent(message(Self.failed)), command: 1),
            entry(
                3,
                .client(1),
                .received(message(#"{"execute": "set_password", "arguments": ["x"], "a": 1}"#)),
                command: 2
            ),
            entry(4, .client(1), .received(message(#"{"password": "x", "b": {"c": 1}}"#)), command: 3),
            entry(5, .client(1), .sent(message(Self.failed)), command: 3),
            entry(6, .client(1), .received(.invalid(Bytes(text: "{'password': @"), error: "stray"))),
        ]
        let once = entries.map { redaction.redact($0) }
        #expect(once.map(said) != entries.map(said))
        var again = Redaction()
        #expect(once.map { again.redact($0) } == once)
    }
}

/// What is said of each entry once it is redacted.
func redacted(_ entries: [Entry], _ rules: String...) throws -> [String] {
    var redaction = Redaction(rules: try rules.map { try RedactionRule(parsing: $0) })
    return entries.map { said(redaction.redact($0)) }
}

/// The line behind `"is"` and the number, without its end.
func said(_ entry: Entry) -> String {
    line(entry).replacing(#/^.*?"is": /#, with: "").replacing(#/"command": [0-9]+, /#, with: "")
        .replacing("}\n", with: "")
}
