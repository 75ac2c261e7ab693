import PluginKit
import ProxyTesting
import Quiet
import Recording
import Testing

/// The plugin in a whole proxy, without the sockets.
@Suite(.timeLimit(.minutes(15)))
struct QuietPluginTests {
    private static let screendump = #"{"execute": "screendump", "arguments": {"filename": "/tmp/a"}}"#
    private static let done = #"→ client 1 {"return": {}}"#
    private static let refusal =
        #"→ client 1 {"error": {"class": "GenericError", "desc": "There may be 1 screendumps a minute"}}"#

    /// A proxy with one client, which may have a screendump a minute.
    private static func proxy() throws -> Playbook {
        let settings = PluginSettings([PluginSettings.Member("per-minute", .text("1"))])
        let plugin = try PluginInstance(QuietPlugin.self, settings: settings)
        var book = Playbook(plugins: [plugin]) { $0.recording = "vm0.qmprec" }
        book.connect()
        book.join(1)
        return book
    }

    @Test func isWhatAPluginMustBe() {
        #expect(PluginCompatTest(QuietPlugin.self).run() == [])
    }

    @Test func admitsWhatIsWithinTheLimitAndRefusesMore() throws {
        var book = try Self.proxy()
        #expect(
            book.client(1, says: Self.screendump) == [
                #"→ monitor {"id": [2], "execute": "screendump", "arguments": {"filename": "/tmp/a"}}"#
            ]
        )
        #expect(book.monitor(says: #"{"return": {}, "id": [2]}"#) == [Self.done])
        book.now = book.now + .milliseconds(59_999)
        #expect(book.client(1, says: Self.screendump) == [Self.refusal])
        book.now = book.now + .milliseconds(1)
        #expect(
            book.client(1, says: Self.screendump) == [
                #"→ monitor {"id": [4], "execute": "screendump", "arguments": {"filename": "/tmp/a"}}"#
            ]
        )
    }

    @Test func letsEverythingElsePass() throws {
        var book = try Self.proxy()
        let commands = String(repeating: #"{"execute": "stop"}"#, count: 3)
        #expect(
            book.client(1, says: commands) == [
                #"→ monitor {"id": [2], "execute": "stop"}"#,
                #"→ monitor {"id": [3], "execute": "stop"}"#,
                #"→ monitor {"id": [4], "execute": "stop"}"#,
            ]
        )
    }

    @Test func tellsAndNotesWhatItHasRefused() throws {
        var book = try Self.proxy()
        _ = book.client(1, says: Self.screendump + Self.screendump)
        #expect(book.monitor(says: #"{"return": {}, "id": [2]}"#) == [Self.done, Self.refusal])
        #expect(
            book.client(1, says: #"{"execute": "__org.qmp-proxy_quiet-query-refused"}"#) == [
                #"→ client 1 {"return": {"refused": 1}}"#
            ]
        )
        #expect(book.entries.map(\.kind).contains(.mark(text: "refused a screendump to client 1")))
    }

    @Test func saysWhatALimitIs() {
        let settings = PluginSettings([PluginSettings.Member("per-minute", .text("often"))])
        let error = #expect(throws: PluginSettings.Invalid.self) { try QuietPlugin(settings: settings) }
        #expect(error?.description == "per-minute: found \"often\": wanted is a whole number from 1 to 600")
    }
}
