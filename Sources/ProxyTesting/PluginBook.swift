public import PluginKit
public import QMP

/// Drives one plugin by hand and reads as a transcript, as ``Playbook`` does with a whole engine: something happens,
/// and the lines that come back are compared whole.
///
/// A line is an effect in words, in the order in which the plugin asked for it: `start program 1: /bin/sh -c cat`,
/// `write to program 1: {…}`, `set restart 100ms`, `release command 7: forward`. What the plugin says of a command, a
/// reply or an event is the last line: `forward`, `answer {"return": {}}`, `hold command 7 for 5s, else closed`,
/// `deliver`.
///
/// ```swift
/// var book = try PluginBook(QuietPlugin.self)
/// #expect(try book.command(#"{"execute": "screendump"}"#) == ["forward"])
/// ```
public struct PluginBook {
    /// The plugin under test.
    public private(set) var plugin: any Plugin
    /// The clock; tests move it.
    public var now = Duration.zero
    /// Who asks; tests change it.
    public var client = Client(number: 1, peer: .local(pid: 100, uid: 0, gid: 0), listener: "unix:/proxy")
    /// The number of the command that was asked last; the first one is 1.
    public private(set) var lastCommand = 0

    private let name: String

    /// A book of a plugin that has seen nothing yet.
    ///
    /// - Parameters:
    ///   - type: what is tested.
    ///   - label: tells it from others of its kind; `nil` for the only one.
    ///   - settings: what an operator has set.
    /// - Throws: what is wrong with the settings.
    public init(
        _ type: any Plugin.Type,
        label: String? = nil,
        settings: PluginSettings = PluginSettings()
    ) throws(PluginSettings.Invalid) {
        let instance = try PluginInstance(type, label: label, settings: settings)
        plugin = instance.plugin
        name = instance.name
    }

    /// The proxy runs.
    public mutating func start(restored: JSONValue? = nil) -> [String] {
        tell { $0.started(restored: restored, &$1) }
    }

    /// A client asks something.
    ///
    /// - Throws: what QEMU would find wrong with the text.
    public mutating func command(_ text: String, descriptors: Int = 0) throws(ProtocolError) -> [String] {
        let command = try numbered(text, descriptors: descriptors)
        return tell { PluginTranscript.line($0.command(command, &$1)) }
    }

    /// A client asks one of the plugin's own commands, by its name in ``PluginKit/Plugin/commands``.
    ///
    /// - Throws: what QEMU would find wrong with the text.
    public mutating func ownCommand(_ name: String, _ text: String) throws(ProtocolError) -> [String] {
        let command = try numbered(text)
        return tell { PluginTranscript.line($0.ownCommand(name, command, &$1)) }
    }

    /// The monitor answers a command, which gets a number of its own.
    ///
    /// - Throws: what QEMU would find wrong with the command's text.
    public mutating func reply(_ text: String, to command: String) throws(ProtocolError) -> [String] {
        let command = try numbered(command)
        let isError = (try? JSONValue(parsing: Bytes(text: text)))?["error"] != nil
        let reply = MonitorReply(bytes: Bytes(text: text + "\r\n"), isError: isError)
        return tell { PluginTranscript.line($0.reply(reply, to: command, &$1)) }
    }

    /// A monitor tells something.
    public mutating func event(_ text: String, from monitor: MonitorID = .own) -> [String] {
        let name = (try? JSONValue(parsing: Bytes(text: text)))?["event"]?.string ?? ""
        let event = MonitorEvent(name: name, bytes: Bytes(text: text + "\r\n"))
        return tell { PluginTranscript.line($0.event(event, from: monitor, &$1)) }
    }

    /// A monitor comes or goes.
    public mutating func monitor(_ monitor: MonitorID = .own, is phase: MonitorPhase) -> [String] {
        tell { $0.monitorChanged(monitor, to: phase, &$1) }
    }

    /// Something that the plugin has begun has come to something.
    public mutating func outcome(of tag: Tag, is outcome: Outcome) -> [String] {
        tell { $0.answered(tag, with: outcome, &$1) }
    }

    /// A program says a line.
    public mutating func program(_ program: Tag, says line: String) -> [String] {
        tell { $0.line(Bytes(text: line), from: program, &$1) }
    }

    /// A timer's time has come.
    public mutating func timer(_ tag: Tag) -> [String] {
        tell { $0.timerFired(tag, &$1) }
    }

    private mutating func numbered(_ text: String, descriptors: Int = 0) throws(ProtocolError) -> ClientCommand {
        let command = try Command(parsing: Bytes(text: text))
        lastCommand += 1
        return ClientCommand(number: lastCommand, client: client, command: command, descriptors: descriptors)
    }

    private mutating func tell(_ call: (inout any Plugin, inout PluginContext) -> Void) -> [String] {
        var context = PluginContext(plugin: name, monitor: "vm0", version: "0", now: now)
        call(&plugin, &context)
        return context.effects.map(PluginTranscript.line)
    }

    private mutating func tell(_ call: (inout any Plugin, inout PluginContext) -> String) -> [String] {
        var verdict = ""
        let effects = tell { (plugin: inout any Plugin, context: inout PluginContext) -> Void in
            verdict = call(&plugin, &context)
        }
        return effects + [verdict]
    }
}
