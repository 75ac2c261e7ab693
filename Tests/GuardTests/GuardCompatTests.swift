import Guard
import PluginKit
import ProxyTesting
import Testing

/// Guard keeps to what is expected of every plugin, but refuses what it does not know where that is its business.
@Suite(.timeLimit(.minutes(15)))
struct GuardCompatTests {
    private let words = PluginCompatTest.Words(commands: [
        #"{"execute": "query-version"}"#, "{'exec-oob': 'quit'}", #"{"execute": "stop", "control": {}}"#,
    ])

    @Test(arguments: [
        "{'mode': 'read-only'}", "{'default': 'deny'}",
        "{'default': 'allow', 'rules': [{'deny': 'quit', 'uid': 1000}, {'name': 'ours', 'allow': 'stop', 'uid': 0}]}",
    ])
    func keepsToWhatIsExpectedOfPlugins(settings: String) throws {
        let settings = try PluginSettings(json: settings)
        #expect(PluginCompatTest(GuardPlugin.self, settings: settings, refusesUnknown: true, words: words).run() == [])
    }

    @Test func letsPassWhatItOnlyMarks() throws {
        let settings = try PluginSettings(json: "{'mode': 'read-only', 'dry-run': true}")
        #expect(PluginCompatTest(GuardPlugin.self, settings: settings, words: words).run() == [])
    }

    @Test func letsPassWhatNoRuleIsAbout() throws {
        let settings = try PluginSettings(json: "{'default': 'allow'}")
        #expect(PluginCompatTest(GuardPlugin.self, settings: settings, words: words).run() == [])
    }
}
