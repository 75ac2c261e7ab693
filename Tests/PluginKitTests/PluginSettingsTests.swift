import PluginKit
import QMP
import Testing

/// Settings are taken with their types; an error names the key and what it wants.
@Suite(.timeLimit(.minutes(15)))
struct PluginSettingsTests {
    private enum Policy: String, CaseIterable { case open, closed }

    private let settings = PluginSettings([
        PluginSettings.Member("timeout", .text("250ms")),
        PluginSettings.Member("policy", .text("closed")),
        PluginSettings.Member("events", .list([.text("STOP"), .text("RESUME")])),
        PluginSettings.Member("token", .secret("s3cret", source: "file /etc/token")),
        PluginSettings.Member("rules", .list([.mapping([PluginSettings.Member("deny", .text("quit"))])])),
    ])

    @Test func givesWhatIsSetWithItsType() throws {
        try settings.only("timeout", "policy", "events", "token", "rules")
        #expect(try settings.duration("timeout", in: .zero ... .seconds(1)) == .milliseconds(250))
        #expect(try settings.choice("policy", of: Policy.self) == .closed)
        #expect(try settings.texts("events") == ["STOP", "RESUME"])
        #expect(try settings.texts("policy") == ["closed"])
        #expect(try settings.values("events", wanted: "an event") { $0.utf8.count } == [4, 6])
        #expect(try settings.values("policy", wanted: "a policy") { Policy(rawValue: $0) } == [.closed])
        #expect(try settings.secret("token") == "s3cret")
        #expect(try settings.list("rules")?.map { try $0.text("deny") } == ["quit"])
        #expect(try settings.text("absent") == nil)
    }

    @Test func showsOfASecretOnlyWhereItComesFrom() {
        #expect(settings.shown["token"] == .string("[redacted], from file /etc/token"))
    }

    @Test func ofADirectoryItGivesTheFilesAndShowsTheirNames() throws {
        let files = [PluginSettings.Member("a.qmp", .text("a's text")), PluginSettings.Member("b", .text(""))]
        let settings = PluginSettings([PluginSettings.Member("books", .directory("/etc/books", files: files))])
        #expect(try settings.mapping("books")?.members == files)
        #expect(settings.shown.written().text == #"{"books": {"directory": "/etc/books", "files": ["a.qmp", "b"]}}"#)
        let error = #expect(throws: PluginSettings.Invalid.self) { try settings.text("books") }
        #expect(error?.description == "books: found the directory /etc/books: wanted is a text")
    }

    @Test func refusesTextsWithANUL() {
        let settings = PluginSettings([
            PluginSettings.Member("command", .text("a\0b")),
            PluginSettings.Member("arguments", .list([.text("a"), .text("\0")])),
        ])
        let text = #expect(throws: PluginSettings.Invalid.self) {
            try settings.text("command", wanted: "a program's path")
        }
        #expect(text?.description == "command: found a NUL in it: wanted is a program's path without a NUL")
        let texts = #expect(throws: PluginSettings.Invalid.self) { try settings.texts("arguments") }
        #expect(texts?.description == "arguments[1]: found a NUL in it: wanted is a text without a NUL")
    }

    @Test(arguments: [
        ("timeout: found \"250ms\": wanted is a duration with its unit from 1s to 2s", "duration"),
        ("policy: found \"closed\": wanted is true or false", "truth"),
        ("events: found a list: wanted is a whole number from 1 to 3", "number"),
        ("policy: a secret is not written here: wanted is {file: PATH} or {env: NAME}", "secret"),
        ("events[1]: found \"RESUME\": wanted is STOP", "values"),
        ("policy: found \"closed\": wanted is STOP", "value"),
        ("rules[0].deny: found \"quit\": wanted is true or false", "nested"),
        ("timeuot: unknown key: did you mean timeout?", "unknown"),
    ])
    func saysWhichKeyIsWrongAndWhatItWants(text: String, what: String) {
        let error = #expect(throws: PluginSettings.Invalid.self) {
            switch what {
            case "duration": _ = try settings.duration("timeout", in: .seconds(1) ... .seconds(2))
            case "truth": _ = try settings.truth("policy")
            case "number": _ = try settings.number("events", in: 1...3)
            case "secret": _ = try settings.secret("policy")
            case "values": _ = try settings.values("events", wanted: "STOP") { $0 == "STOP" ? $0 : nil }
            case "value": _ = try settings.values("policy", wanted: "STOP") { $0 == "STOP" ? $0 : nil }
            case "nested": _ = try settings.list("rules")?[0].truth("deny")
            default: try PluginSettings([PluginSettings.Member("timeuot", .text("1s"))]).only("timeout", "policy")
            }
        }
        #expect(error?.description == text)
    }
}
