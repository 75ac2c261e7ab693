import QMP
import Recording
import Testing

/// What plugins say is no better trusted than what clients say.
@Suite(.timeLimit(.minutes(15)))
struct RedactionOfPluginsTests {
    private static let secret = #"{"execute": "set_password", "arguments": {"password": "hunter2"}}"#

    /// The lines of entries that come straight from an engine, those of the first few left out.
    private func lines(_ entries: [(Entry.Place, Entry.Kind, plugin: String?)]) -> [String] {
        var redaction = Redaction(isLive: true)
        return entries.map { place, kind, plugin in
            let entry = redaction.redact(Entry(time: .zero, place: place, kind: kind, command: 1, plugin: plugin))
            var line: [UInt8] = []
            RecordingEncoder.append(entry, to: &line)
            return line.dropLast().text
        }
    }

    private func message(_ text: String, _ form: Entry.Form = .json) -> Entry.Content {
        .message(SplicedMessage(Bytes(text: text)), form)
    }

    @Test func aSecretThatAPluginPutsInThePlaceOfAPlainCommandIsFound() {
        let lines = lines([
            (.client(1), .received(message(#"{"execute": "stop"}"#)), nil),
            (.plugin("a"), .verdict("replace", message(Self.secret)), nil),
            (.monitor, .sent(message(Self.secret)), nil),
            (.monitor, .received(message(#"{"return": {}, "id": [1]}"#, .monitor)), nil),
            (.client(1), .sent(message(#"{"return": {}}"#, .monitor)), nil),
        ])
        #expect(lines.filter { $0.contains("hunter2") } == [])
        #expect(lines.count { $0.contains("[redacted]") } == 2)
        #expect(lines[0].contains("stop") && lines[4].contains("{}"))
    }

    @Test(arguments: [Entry.Place.monitor, .secondMonitor("peer")])
    func aSecretInAPluginsOwnCommandIsFound(place: Entry.Place) {
        let lines = lines([
            (place, .sent(message(Self.secret)), "a"),
            (place, .received(message(#"{"id": [1], "error": {"class": "GenericError", "desc": "hunter2"}}"#)), "a"),
        ])
        #expect(lines.filter { $0.contains("hunter2") } == [])
    }

    /// A plugin's command has its number before its turn, and so comes behind later ones.
    @Test func aCommandThatComesBehindLaterOnesIsNoSecretForThat() {
        var redaction = Redaction(isLive: true)
        func lines(_ entries: [Entry]) -> [String] {
            entries.map { entry in
                var line: [UInt8] = []
                RecordingEncoder.append(redaction.redact(entry), to: &line)
                return line[...].text
            }
        }
        func entry(_ kind: Entry.Kind, _ command: Int, _ plugin: String? = nil) -> Entry {
            Entry(
                time: .zero,
                place: plugin == nil ? .client(1) : .monitor,
                kind: kind,
                command: command,
                plugin: plugin
            )
        }
        let query = message(#"{"execute": "query-name"}"#)
        let reply = message(#"{"return": {"name": "a"}, "id": [1]}"#, .monitor)
        #expect(
            lines([
                entry(.received(query), 3), entry(.sent(query), 1, "a"), entry(.received(reply), 1, "a"),
                entry(.sent(query), 2, "a"), entry(.received(reply), 2, "a"),
            ]).filter { $0.contains("[redacted]") } == []
        )
    }

    @Test func whatNeverWasSentKeepsNoSecret() {
        var redaction = Redaction(isLive: true)
        let mark = Entry(time: .zero, place: .plugin("a"), kind: .mark(text: "no answer in time"), command: 1)
        _ = redaction.redact(Entry(time: .zero, place: .client(1), kind: .received(message("{}")), command: 2))
        _ = redaction.redact(mark)
        let late = Entry(time: .zero, place: .monitor, kind: .received(message(#"{"return": {"a": 1}}"#)), command: 1)
        #expect(redaction.redacted(late) == nil)
    }

    @Test func anAnswerOfAPluginsIsLookedAtAsTheReplyItIs() {
        let lines = lines([
            (.client(1), .received(message(Self.secret)), nil),
            (
                .plugin("a"),
                .verdict("answer", message(#"{"error": {"class": "GenericError", "desc": "no hunter2"}}"#, .monitor)),
                nil
            ),
        ])
        #expect(lines.filter { $0.contains("hunter2") } == [])
    }
}
