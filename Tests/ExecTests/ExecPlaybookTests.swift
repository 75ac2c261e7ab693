import Exec
import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Testing

/// The plugin in the engine: what the program says reaches QEMU and the client, and what they say the program.
@Suite(.timeLimit(.minutes(15)))
struct ExecPlaybookTests {
    private let quit = #"{"execute": "quit", "id": 7}"#

    /// One whose program is number 1 and asked for `quit`, a client having joined.
    private func book(_ settings: PluginSettings.Member...) throws -> Playbook {
        let members = [
            PluginSettings.Member("command", .text("night")), PluginSettings.Member("commands", .text("quit")),
        ]
        let plugin = try PluginInstance(ExecPlugin.self, settings: PluginSettings(members + settings))
        var book = Playbook(plugins: [plugin])
        book.connect()
        book.join(1)
        return book
    }

    private func program(_ book: inout Playbook, says line: String) -> [String] {
        book.feed(.programLine(1, Bytes(text: line)))
    }

    @Test func aCommandGoesOnWhenTheProgramSaysSo() throws {
        var book = try book()
        let asked = book.client(1, says: quit)
        #expect(asked.first == "set held command 2 of plugin 0 5.0")
        #expect(asked.last?.hasPrefix(#"write to 1: {"type":"command","command":2,"name":"quit","#) == true)
        let released = program(&book, says: #"{"type":"verdict","command":2,"forward":true}"#)
        #expect(released.contains(#"→ monitor {"execute": "quit", "id": [2, 7]}"#), "\(released)")
    }

    @Test func theClientGetsWhatTheProgramAnswersWithItsOwnID() throws {
        var book = try book()
        _ = book.client(1, says: quit)
        let lines = program(&book, says: #"{"type":"verdict","command":2,"return":{"night":true}}"#)
        #expect(lines.contains(#"→ client 1 {"return": {"night": true}, "id": 7}"#), "\(lines)")
    }

    @Test func aProgramThatDiesHasItsCommandsRefused() throws {
        var book = try book()
        _ = book.client(1, says: quit)
        let lines = book.feed(.programEnded(1, .killed(signal: 9)))
        let error =
            #"{"class": "GenericError", "desc": "The command quit is refused by exec: its program does not run"}"#
        #expect(lines.contains(#"→ client 1 {"id": 7, "error": \#(error)}"#), "\(lines)")
    }

    @Test func aProgramThatDoesNotReadHasItsCommandsRefused() throws {
        var book = try book()
        _ = book.feed(.programUnsent(1, bytes: 1 << 20))
        let lines = book.client(1, says: quit)
        #expect(lines.last?.contains("refused by exec: its program could not be told") == true, "\(lines)")
    }

    @Test func theProgramIsToldWhatBecameOfItsOwnCommand() throws {
        var book = try book()
        let asked = program(&book, says: #"{"type":"execute","tag":"a","message":{"execute":"query-name"}}"#)
        #expect(asked.last == #"→ monitor {"id": [2], "execute":"query-name"}"#)
        let outcome = #"{"type":"outcome","tag":"a","return":{"name": "vm0"}}"#
        #expect(
            book.monitor(says: #"{"return": {"name": "vm0"}, "id": [2]}"#)
                == ["cancel execution 2", "write to 1: \(outcome)\n"]
        )
    }
}
