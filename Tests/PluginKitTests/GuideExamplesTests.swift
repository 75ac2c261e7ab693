import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// The guide's plugins do what it says of them.
@Suite(.timeLimit(.minutes(15)))
struct GuideExamplesTests {
    private static func settings(_ key: String, _ value: String) -> PluginSettings {
        PluginSettings([PluginSettings.Member(key, .text(value))])
    }

    /// A proxy with a plugin, a monitor, and two clients.
    private static func book(_ type: any Plugin.Type, _ settings: PluginSettings = PluginSettings()) throws -> Playbook
    {
        let plugin = try PluginInstance(type, settings: settings)
        var book = Playbook(plugins: [plugin]) { $0.recording = "vm0.qmprec" }
        book.connect()
        book.join(1)
        book.join(2)
        return book
    }

    private static func marks(in book: Playbook) -> [String] {
        book.entries.compactMap { if case .mark(let text, _) = $0.kind { text } else { nil } }
    }

    @Test(
        arguments: [
            (RefusePlugin.self, settings("commands", "quit")), (DiscreetPlugin.self, PluginSettings()),
            (ApprovePlugin.self, PluginSettings()), (WatchPlugin.self, settings("interval", "1s")),
            (StartsPlugin.self, PluginSettings()), (NotifyPlugin.self, settings("program", "cat")),
            (PeerPlugin.self, settings("address", "unix:/peer")),
        ] as [(any Plugin.Type, PluginSettings)]
    )
    func keepToWhatIsExpectedOfPlugins(type: any Plugin.Type, settings: PluginSettings) {
        let words = PluginCompatTest.Words(
            commands: [#"{"execute": "quit"}"#, #"{"execute": "query-name"}"#],
            events: [#"{"event": "SHUTDOWN"}"#, #"{"event": "RTC_CHANGE"}"#]
        )
        #expect(PluginCompatTest(type, settings: settings, words: words).run() == [])
    }

    @Test func refusesByName() throws {
        var book = try Self.book(RefusePlugin.self, Self.settings("commands", "system_*"))
        #expect(
            book.client(1, says: #"{"execute": "system_reset"}"#) == [
                #"→ client 1 {"error": {"class": "GenericError", "desc": "system_reset: it is refused here"}}"#
            ]
        )
        #expect(book.client(1, says: #"{"execute": "stop"}"#) == [#"→ monitor {"id": [4], "execute": "stop"}"#])
    }

    @Test func saysWhatIsWantedOfItsSettings() {
        let error = #expect(throws: PluginSettings.Invalid.self) { try RefusePlugin(settings: PluginSettings()) }
        #expect(error?.description == "commands: is missing: wanted is names of commands, such as [quit, system_*]")
    }

    @Test func showsLess() throws {
        var book = try Self.book(DiscreetPlugin.self)
        #expect(
            book.client(1, says: #"{"execute": "quit", "id": 1}"#) == [
                #"→ monitor {"id": [3], "execute": "system_powerdown"}"#
            ]
        )
        #expect(book.monitor(says: #"{"return": {}, "id": [3]}"#) == [#"→ client 1 {"return": {}, "id": 1}"#])
        _ = book.client(1, says: #"{"execute": "query-name"}"#)
        #expect(book.monitor(says: #"{"return": {"name": "vm0"}, "id": [4]}"#) == [#"→ client 1 {"return": {}}"#])
        #expect(book.monitor(says: #"{"event": "RTC_CHANGE"}"#) == [])
    }

    @Test func waitsForAYes() throws {
        var book = Playbook(plugins: [try PluginInstance(ApprovePlugin.self)]) { $0.recording = "vm0.qmprec" }
        book.connect()
        book.join(1)
        book.join(2)
        #expect(book.client(1, says: #"{"execute": "quit", "id": 7}"#) == ["set held quit 3 of plugin 0 300.0"])
        #expect(
            book.client(2, says: #"{"execute": "__org.qmp-proxy_approve-yes"}"#) == [
                #"→ client 2 {"return": {}}"#, "cancel held quit 3 of plugin 0",
                #"→ monitor {"execute": "quit", "id": [3, 7]}"#,
            ]
        )
        #expect(book.entries.map(\.kind).contains(.mark(text: "client 2 says yes to command 3")))
    }

    @Test func forgetsWhatNobodySaidAnythingTo() throws {
        var book = try PluginBook(ApprovePlugin.self)
        #expect(
            try book.command(#"{"execute": "quit"}"#) == [
                "log info: client 1 wants to quit: yes or no?", "hold quit 1 for 5min, else closed",
            ]
        )
        #expect(book.outcome(of: PluginKit.Tag("quit", 1), is: .timedOut) == [])
        #expect(
            try book.ownCommand("no", #"{"execute": "__org.qmp-proxy_approve-no"}"#) == [
                #"answer {"error": {"class": "GenericError", "desc": "Nothing waits"}}"#
            ]
        )
    }

    @Test func notesThatTheMonitorIsSilent() throws {
        var book = try Self.book(WatchPlugin.self)
        #expect(
            book.feed(.timerFired(.plugin(0, "ask"))) == [
                "set execution 3 5.0", #"→ monitor {"id": [3], "execute": "query-status"}"#,
            ]
        )
        #expect(book.feed(.timerFired(.execution(3))) == ["set timer ask of plugin 0 10.0"])
        _ = book.feed(.timerFired(.plugin(0, "ask")))
        #expect(
            book.monitor(says: #"{"return": {}, "id": [3]}"#) == [
                #"→ monitor {"id": [4], "execute": "query-status"}"#
            ]
        )
        _ = book.monitor(says: #"{"return": {}, "id": [4]}"#)
        #expect(Self.marks(in: book) == ["status: no answer in time", "QEMU is silent", "QEMU answers again"])
    }

    @Test func countsStarts() throws {
        var book = Playbook(plugins: [try PluginInstance(StartsPlugin.self)])
        _ = book.feed(.restored(plugin: 0, .object([JSONValue.Member("starts", .integer(4))])))
        #expect(book.feed(.started).contains(#"store 1 of plugin 0: {"starts": 5}"#))
    }

    @Test func tellsAProgram() throws {
        var book = try Self.book(NotifyPlugin.self, Self.settings("program", "cat"))
        #expect(
            book.monitor(says: #"{"event": "SHUTDOWN"}"#) == [
                "→ client 1 {\"event\": \"SHUTDOWN\"}", "→ client 2 {\"event\": \"SHUTDOWN\"}",
                "write to 1: {\"event\": \"SHUTDOWN\"}\n",
            ]
        )
        _ = book.feed(.programLine(1, Bytes(text: "noted")))
        #expect(Self.marks(in: book) == ["it says noted"])
        #expect(book.feed(.programEnded(1, .exited(status: 1))) == ["set timer restart of plugin 0 10.0"])
        #expect(book.feed(.timerFired(.plugin(0, "restart"))) == ["start 2: cat"])
    }

    @Test func knowsThePeer() throws {
        var book = try PluginBook(PeerPlugin.self, settings: Self.settings("address", "unix:/peer"))
        #expect(book.start() == ["connect peer to unix:/peer"])
        let status = JSONValue.object([JSONValue.Member("running", .bool(true))])
        #expect(book.outcome(of: "status", is: .answered(.success(status))) == [])
        #expect(book.plugin.state == status)
        #expect(book.event(#"{"event": "STOP"}"#, from: .second("peer")) == ["mark: the peer has stopped", "deliver"])
        #expect(book.monitor(.second("peer"), is: .gone(reason: "it has closed")) == [])
        #expect(book.plugin.state == .null)
    }
}
