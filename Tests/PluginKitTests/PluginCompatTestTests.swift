import Pass
import PluginKit
import ProxyTesting
import QMP
import Testing

/// The test of plugins finds what they may not do, and nothing where all is well.
@Suite(.timeLimit(.minutes(15)))
struct PluginCompatTestTests {
    private static let token = PluginSettings([
        PluginSettings.Member("token", .secret("s3cret", source: "file /etc/token"))
    ])

    @Test func findsNothingInPass() {
        #expect(PluginCompatTest(PassPlugin.self).run() == [])
    }

    @Test(
        arguments: [
            (SharingPlugin.self, "a copy of it, told the same, does not say the same"),
            (RandomPlugin.self, "another one with the same settings, told the same, does not say the same"),
            (InsistingPlugin.self, "asks again at once, and for ever, for what is not done"),
            (RestartingPlugin.self, "asks again at once, and for ever, for what is not done"),
            (SpinningPlugin.self, "asks again at once, and for ever, for what is not done"),
            (CarelessPlugin.self, "does not let pass, or takes for its own, what it cannot know"),
            (RefusingPlugin.self, "does not let pass, or takes for its own, what it cannot know"),
            (DroppingPlugin.self, "does not let pass, or takes for its own, what it cannot know"),
            (PatientPlugin.self, "holds a command with a limit that is not between nothing and 10 minutes"),
            (OneTagPlugin.self, "holds a command by the tag quit, by which it holds one already"),
            (ReplacingPlugin.self, "replaces an in-band command by an out-of-band one, or the other way round"),
            (LyingPlugin.self, "executes a command, and has said that it executes none"),
            (HastyPlugin.self, "answers __org.qmp-proxy_bad-ask before the plugins behind it were asked"),
            (SilentPlugin.self, "declares the command ask, and says that there is none"),
            (MisnamedPlugin.self, "has the name \"Bad_Plugin\": wanted are small letters, digits and hyphens"),
            (CredulousPlugin.self, "takes the setting no-such-key, which it cannot know"),
            (LeakingPlugin.self, "tells a secret in its state"),
        ] as [(any Plugin.Type, String)]
    )
    func findsWhatNoPluginMayDo(type: any Plugin.Type, sentence: String) {
        #expect(PluginCompatTest(type, settings: Self.token).run().map(\.sentence) == [sentence])
    }

    @Test func findsWhatIsReleasedTwice() throws {
        let found = try #require(PluginCompatTest(ReleasingTwicePlugin.self).run().first)
        #expect(found.sentence.hasPrefix("releases quit "))
        #expect(found.sentence.hasSuffix(", by which it holds no command"))
        let told = try #require(found.transcript.lastIndex { $0.contains(#"{"execute": "quit""#) })
        #expect(found.transcript[(told + 1)...].filter { $0.hasSuffix(": forward") }.count == 2)
    }

    @Test func letsAPluginRefuseWhatItIsForToRefuse() {
        #expect(PluginCompatTest(RefusingPlugin.self, refusesUnknown: true).run() == [])
        #expect(PluginCompatTest(DroppingPlugin.self, refusesUnknown: true).run() != [])
    }

    @Test func isTheSameEachTime() {
        let once = PluginCompatTest(OneTagPlugin.self).run()
        #expect(once == PluginCompatTest(OneTagPlugin.self).run())
    }

    @Test func saysWhichSettingsAndWordsAreWrong() {
        let unknown = PluginSettings([PluginSettings.Member("mode", .text("on"))])
        #expect(
            PluginCompatTest(PassPlugin.self, settings: unknown).run().map(\.sentence) == [
                "does not take its settings: mode: unknown key: there are none"
            ]
        )
        let words = PluginCompatTest.Words(commands: ["stop", "{'execute': 'qmp_capabilities'}"], events: ["STOP"])
        #expect(
            PluginCompatTest(PassPlugin.self, words: words).run().map(\.sentence) == [
                "the test's command stop is none that plugins see",
                "the test's command {'execute': 'qmp_capabilities'} is none that plugins see",
                "the test's event STOP is none",
            ]
        )
    }
}
