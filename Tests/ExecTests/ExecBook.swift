import Exec
import PluginKit
import ProxyTesting

/// A book of an Exec plugin that is called `exec:night` and runs `night`.
func execBook(_ settings: PluginSettings.Member...) throws -> PluginBook {
    let command = PluginSettings.Member("command", .text("night"))
    return try PluginBook(ExecPlugin.self, label: "night", settings: PluginSettings([command] + settings))
}

/// The same with its program started, which subscribes to `quit`, to STOP and to replies to `stop`.
func startedBook(_ settings: PluginSettings.Member...) throws -> PluginBook {
    let subscriptions = [("commands", "quit"), ("events", "STOP"), ("replies", "stop")].map { key, name in
        PluginSettings.Member(key, .text(name))
    }
    let command = PluginSettings.Member("command", .text("night"))
    var book = try PluginBook(
        ExecPlugin.self,
        label: "night",
        settings: PluginSettings([command] + subscriptions + settings)
    )
    _ = book.start()
    return book
}

/// What the program is told first.
let hello = #"{"type":"hello","version":1,"plugin":"exec:night","monitor":"vm0","proxy":"0"}"#

/// The line that asks for a verdict on a command of the book's client.
func asked(_ number: Int, _ name: String, _ message: String) -> String {
    #"{"type":"command","command":\#(number),"name":"\#(name)","#
        + #""client":{"number":1,"peer":"pid 100 uid 0 gid 0","listener":"unix:/proxy"},"fds":0,\#(message)}"#
}

/// How a command is answered that the policy refuses.
func refused(_ name: String, _ reason: String) -> String {
    #"answer {"error": {"class": "GenericError", "desc": "The command \#(name) is refused by exec:night: \#(reason)"}}"#
}
