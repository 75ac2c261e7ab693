import Exec
import PluginKit
import ProxyTesting
import QMP
import Testing

/// Settings are taken with their types, and errors name the key.
@Suite(.timeLimit(.minutes(15)))
struct ExecSettingsTests {
    private func failure(_ members: PluginSettings.Member...) -> String? {
        #expect(throws: PluginSettings.Invalid.self) {
            try PluginBook(ExecPlugin.self, settings: PluginSettings(members))
        }?.description
    }

    private let command = PluginSettings.Member("command", .text("night"))

    @Test func sayWhatIsWrong() {
        let wanted = "wanted is a line for the shell, or a list of a program and its arguments"
        #expect(failure() == "command: is missing: \(wanted)")
        #expect(failure(PluginSettings.Member("command", .list([]))) == "command: found a list: \(wanted)")
        #expect(
            failure(command, PluginSettings.Member("timeout", .text("0s")))
                == "timeout: found \"0s\": wanted is a duration with its unit from 1ms to 10min"
        )
        #expect(
            failure(command, PluginSettings.Member("policy", .text("ajar")))
                == "policy: found \"ajar\": wanted is open or closed"
        )
        #expect(
            failure(command, PluginSettings.Member("event", .text("STOP")))
                == "event: unknown key: did you mean events?"
        )
    }

    @Test func namesInTheSettingsMakeAHelloUnnecessaryUnlessToldOtherwise() throws {
        let commands = PluginSettings.Member("commands", .text("quit"))
        var silent = try execBook(commands)
        #expect(!silent.start().contains("set hello 10s"))
        var polite = try execBook(commands, PluginSettings.Member("handshake", .text("true")))
        #expect(polite.start().contains("set hello 10s"))
        var mute = try execBook(PluginSettings.Member("handshake", .text("false")))
        #expect(!mute.start().contains("set hello 10s"))
        #expect(try mute.command(#"{"execute": "quit"}"#) == ["forward"])
    }

    @Test func aVerdictMayTakeAsLongAsIsSet() throws {
        var book = try startedBook(PluginSettings.Member("timeout", .text("250ms")))
        #expect(try book.command(#"{"execute": "quit"}"#).last == "hold command 1 for 250ms, else closed")
    }
}
