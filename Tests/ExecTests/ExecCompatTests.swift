import Exec
import PluginKit
import ProxyTesting
import Testing

/// Exec keeps to what is expected of every plugin, whatever its program says and does.
@Suite(.timeLimit(.minutes(15)))
struct ExecCompatTests {
    private let words = PluginCompatTest.Words(
        commands: [#"{"execute": "quit", "id": 7}"#, #"{"exec-oob": "quit"}"#],
        lines: [
            #"{"type":"hello","version":1,"commands":["stop"]}"#, #"{"type":"hello","version":2}"#,
            #"{"type":"mark","text":"here"}"#, #"{"type":"execute","tag":"t","message":{"execute":"query-status"}}"#,
            #"{"type":"verdict","command":$NUMBER,"forward":true}"#,
            #"{"type":"verdict","command":$NUMBER,"return":1}"#,
            #"{"type":"verdict","command":$NUMBER,"replace":{"execute":"stop"}}"#,
        ]
    )

    @Test(arguments: ["open", "closed"])
    func keepsToWhatIsExpectedOfPlugins(policy: String) {
        let settings = [
            ("command", "night"), ("commands", "quit"), ("events", "STOP"), ("replies", "stop"), ("policy", policy),
        ].map { PluginSettings.Member($0, .text($1)) }
        #expect(PluginCompatTest(ExecPlugin.self, settings: PluginSettings(settings), words: words).run() == [])
    }
}
