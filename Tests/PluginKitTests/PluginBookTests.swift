import PluginKit
import ProxyTesting
import QMP
import Testing

/// A plugin's book shows what it is told and all that it asks for, in order.
@Suite(.timeLimit(.minutes(15)))
struct PluginBookTests {
    /// Asks for everything at once, and says whatever it is told to.
    private struct BusyPlugin: Plugin {
        static let name = "busy"
        static let commands = ["be-busy"]

        init(settings: PluginSettings) throws(PluginSettings.Invalid) { try settings.only() }

        mutating func started(restored: JSONValue?, _ context: inout PluginContext) {
            context.execute(Command("stop"), on: .second("peer"), tag: "a", timeout: .seconds(2))
            context.connect(monitor: "peer", at: "unix:/peer")
            context.disconnect(monitor: "peer")
            context.setTimer("tick", after: .milliseconds(250))
            context.cancelTimer("tick")
            context.store(restored ?? .null, tag: "b")
            context.start(program: ["cat", "-u"], tag: Tag("program", 2))
            context.write(Bytes(text: "line"), to: Tag("program", 2))
            context.stop(program: Tag("program", 2))
            context.release(Tag("held", 3), as: .answer(.success(.bool(true))))
            context.mark("begins")
            context.mark("goes on", epoch: 4)
            context.mark("never", epoch: -1)
            context.log(.info, "at \(context.now) as \(context.plugin)")
        }

        mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
            switch command.command.name {
            case "quit": .answer(.failure(ProtocolError(.generic, "no")))
            case "stop": .hold(Tag("held", command.number), limit: .seconds(5), late: .open)
            case "cont": .replace(Command("stop"))
            default: .forward
            }
        }

        mutating func ownCommand(
            _ name: String,
            _ command: ClientCommand,
            _ context: inout PluginContext
        ) -> OwnCommandVerdict {
            .hold(Tag(name, command.number), limit: .seconds(1))
        }

        mutating func reply(
            _ reply: MonitorReply,
            to command: ClientCommand,
            _ context: inout PluginContext
        ) -> ReplyVerdict {
            reply.isError ? .replace(.success(.null)) : .forward
        }

        mutating func event(
            _ event: MonitorEvent,
            from monitor: MonitorID,
            _ context: inout PluginContext
        ) -> EventVerdict {
            event.name == "STOP" ? .drop : .deliver
        }
    }

    @Test func showsEffectsInTheirOrder() throws {
        var book = try PluginBook(BusyPlugin.self, label: "bee")
        book.now = .seconds(3)
        #expect(
            book.start(restored: .integer(1)) == [
                #"execute a on monitor peer for 2s: {"execute": "stop"}"#, "connect peer to unix:/peer",
                "disconnect peer", "set tick 250ms", "cancel tick", "store b: 1", "start program 2: cat -u",
                "write to program 2: line", "stop program 2", #"release held 3: answer {"return": true}"#,
                "mark: begins", "mark in epoch 4: goes on", "mark in epoch 0: never",
                "log info: at 3.0 seconds as busy:bee",
            ]
        )
    }

    @Test func showsVerdictsLast() throws {
        var book = try PluginBook(BusyPlugin.self)
        #expect(
            try book.command(#"{"execute": "quit"}"#)
                == [#"answer {"error": {"class": "GenericError", "desc": "no"}}"#]
        )
        #expect(try book.command(#"{"execute": "stop"}"#) == ["hold held 2 for 5s, else open"])
        #expect(try book.command(#"{"execute": "cont"}"#) == [#"replace {"execute": "stop"}"#])
        #expect(try book.command(#"{"execute": "query-name"}"#) == ["forward"])
        #expect(try book.ownCommand("be-busy", #"{"execute": "be-busy"}"#) == ["hold be-busy 5 for 1s"])
        let error = #"{"error": {"class": "GenericError", "desc": "no"}}"#
        #expect(try book.reply(error, to: #"{"execute": "stop"}"#) == [#"replace {"return": null}"#])
        #expect(book.event(#"{"event": "STOP"}"#) == ["drop"])
        #expect(book.event(#"{"event": "RESUME"}"#) == ["deliver"])
    }
}
