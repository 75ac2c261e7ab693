public import QMP

/// A part of the proxy that sees what passes, and may have a say in it.
///
/// A plugin is a value and decides by what it is told only: no clock, no file, no socket, no random number. What it
/// wants done it says to the context, so that it is tested by calling it, and simulated with the whole proxy. All
/// methods but the initialiser have a default that does nothing. <doc:WritingAPlugin> goes through them.
///
/// Commands, replies and events are shown to the plugins one after the other, in the order of the configuration, as
/// they are read; a plugin sees what those before it have left of them. All else it is told when what was read is
/// decided and what plugins want done is done. Between two calls a plugin is quiet: nothing runs that it has not asked
/// for.
public protocol Plugin: Sendable {
    /// What configurations call it, such as `guard`: small letters, digits and hyphens.
    ///
    /// Not `query` nor with that at its end, or its commands could pass for queries (``OwnCommandName/isQuery(_:)``).
    static var name: String { get }

    /// The commands that it answers itself; clients ask for them as `__org.qmp-proxy_NAME-COMMAND`, NAME being the
    /// plugin's.
    ///
    /// Those that begin with `query-` change nothing: clients that may only read may ask them, too. Of a plugin that
    /// has some only one can be in the chain, whatever its label.
    static var commands: [String] { get }

    /// Whether it executes commands of its own on the monitor that clients share.
    ///
    /// For those a place is kept among the seven that may be in flight, which clients then lack.
    static var executes: Bool { get }

    /// The keys of its settings whose values are directories.
    ///
    /// An operator sets a path, and the plugin gets the texts of the directory's files by their names
    /// (``PluginSettings/mapping(_:wanted:)``): without subdirectories and what begins with a dot, in the order of the
    /// names, at most 100 of 256 KiB each.
    static var directories: [String] { get }

    /// A plugin with the settings that an operator has given.
    ///
    /// - Throws: what is wrong with them.
    init(settings: PluginSettings) throws(PluginSettings.Invalid)

    /// The policies of listeners that mean something to it.
    ///
    /// A configuration that gives a listener one which no plugin of the chain knows is refused: it would protect
    /// nothing.
    var policies: [String] { get }

    /// How it is, for operators: part of what `__org.qmp-proxy_query-plugins` tells; no secrets.
    var state: JSONValue { get }

    /// The proxy runs; nothing has happened yet. Called once, and before all else.
    ///
    /// - Parameters:
    ///   - restored: what ``PluginContext/store(_:tag:)`` has kept last, before a restart; `nil` if nothing.
    ///   - context: how to have things done.
    mutating func started(restored: JSONValue?, _ context: inout PluginContext)

    /// A client asks something: before it is executed, be it by the monitor, the proxy or a plugin.
    ///
    /// Commands with a wrong envelope come, too, without a name; not so `qmp_capabilities`, which the proxy answers,
    /// and what plugins execute. A plugin behind one that answers the command is not asked, one behind one that holds
    /// it when it is released.
    mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict

    /// A client asks one of ``commands``, and no plugin has objected.
    ///
    /// Not out-of-band: that the proxy refuses.
    ///
    /// - Parameters:
    ///   - name: the command's name as in ``commands``.
    ///   - command: the whole of it.
    ///   - context: how to have things done.
    /// - Returns: the answer, or that it comes later.
    mutating func ownCommand(
        _ name: String,
        _ command: ClientCommand,
        _ context: inout PluginContext
    ) -> OwnCommandVerdict

    /// The monitor has answered a client's command.
    ///
    /// Not called for what plugins or the proxy have answered, nor when the client is gone.
    ///
    /// - Parameters:
    ///   - reply: what it has answered.
    ///   - command: what it was asked, as the plugins left it.
    ///   - context: how to have things done.
    /// - Returns: what the client gets.
    mutating func reply(
        _ reply: MonitorReply,
        to command: ClientCommand,
        _ context: inout PluginContext
    ) -> ReplyVerdict

    /// A monitor tells something.
    ///
    /// Events of the own monitor are shown to all plugins, and clients get what these leave of them. Those of a second
    /// one are only shown to the plugin that has connected it, and no verdict changes anything.
    mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict

    /// A monitor comes or goes: the own one, or one that the plugin has connected.
    ///
    /// That it is still unreachable, for the reason told before, is not told again.
    mutating func monitorChanged(_ monitor: MonitorID, to phase: MonitorPhase, _ context: inout PluginContext)

    /// Something that the plugin has begun has come to something: a command of its own, a held one, a store, a program.
    ///
    /// A command of its own, a store and a program come to something once. Of what it wants done and cannot have it is
    /// told ``Outcome/refused(reason:)`` with the tag of that, or with the monitor's name as the tag.
    mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext)

    /// A program has written a line to its standard output.
    ///
    /// - Parameters:
    ///   - line: without its end; at most 1 MiB, beyond which the program is ended.
    ///   - program: the program's tag.
    ///   - context: how to have things done.
    mutating func line(_ line: Bytes, from program: Tag, _ context: inout PluginContext)

    /// A timer's time has come.
    mutating func timerFired(_ tag: Tag, _ context: inout PluginContext)
}

extension Plugin {
    /// None.
    public static var commands: [String] { [] }

    /// It does.
    public static var executes: Bool { true }

    /// None.
    public static var directories: [String] { [] }

    /// None.
    public var policies: [String] { [] }

    /// Nothing to tell.
    public var state: JSONValue { .null }

    /// Does nothing.
    public mutating func started(restored: JSONValue?, _ context: inout PluginContext) {}

    /// Lets it pass.
    public mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        .forward
    }

    /// Says that there is no such command.
    public mutating func ownCommand(
        _ name: String,
        _ command: ClientCommand,
        _ context: inout PluginContext
    ) -> OwnCommandVerdict {
        .answer(.failure(ProtocolError(.commandNotFound, "The plugin \(context.plugin) does not answer \(name)")))
    }

    /// Lets it pass.
    public mutating func reply(
        _ reply: MonitorReply,
        to command: ClientCommand,
        _ context: inout PluginContext
    ) -> ReplyVerdict {
        .forward
    }

    /// Lets it pass.
    public mutating func event(
        _ event: MonitorEvent,
        from monitor: MonitorID,
        _ context: inout PluginContext
    ) -> EventVerdict {
        .deliver
    }

    /// Does nothing.
    public mutating func monitorChanged(
        _ monitor: MonitorID,
        to phase: MonitorPhase,
        _ context: inout PluginContext
    ) {}

    /// Does nothing.
    public mutating func answered(_ tag: Tag, with outcome: Outcome, _ context: inout PluginContext) {}

    /// Does nothing.
    public mutating func line(_ line: Bytes, from program: Tag, _ context: inout PluginContext) {}

    /// Does nothing.
    public mutating func timerFired(_ tag: Tag, _ context: inout PluginContext) {}
}
