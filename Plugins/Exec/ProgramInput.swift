internal import PluginKit
internal import QMP

/// The lines that a program is told.
enum ProgramInput {
    /// The protocol's version.
    static let version: Int64 = 1

    /// Who speaks, and for which monitor.
    static func hello(_ context: PluginContext) -> Bytes {
        var line = ObjectText("type", .string("hello"))
        line.add("version", .integer(version))
        line.add("plugin", .string(context.plugin))
        line.add("monitor", .string(context.monitor))
        line.add("proxy", .string(context.version))
        return line.bytes
    }

    /// A client's command that waits for a verdict.
    static func command(_ command: ClientCommand) -> Bytes {
        var client = ObjectText("number", .integer(Int64(command.client.number)))
        client.add("peer", .string(command.client.peer.description))
        client.add("listener", .string(command.client.listener))
        if let policy = command.client.policy { client.add("policy", .string(policy)) }
        var line = numbered("command", command)
        line.add("client", verbatim: client.bytes)
        line.add("fds", .integer(Int64(command.descriptors)))
        add(command.command.message.bytes, isStrictJSON: command.command.message.isStrictJSON, to: &line)
        return line.bytes
    }

    /// What the monitor has answered to one; the id is the proxy's.
    static func reply(_ reply: MonitorReply, to command: ClientCommand) -> Bytes {
        var line = numbered("reply", command)
        add(fromMonitor: reply.bytes, to: &line)
        return line.bytes
    }

    /// An event.
    static func event(_ event: MonitorEvent, from monitor: MonitorID) -> Bytes {
        var line = ObjectText("type", .string("event"))
        line.add("name", .string(event.name))
        line.add("monitor", .string(monitor.description))
        add(fromMonitor: event.bytes, to: &line)
        return line.bytes
    }

    /// How a monitor is.
    static func monitor(_ monitor: MonitorID, _ phase: MonitorPhase) -> Bytes {
        var line = ObjectText("type", .string("monitor"))
        line.add("monitor", .string(monitor.description))
        switch phase {
        case .unreachable(let reason): add("unreachable", reason, to: &line)
        case .silent: line.add("state", .string("silent"))
        case .ready: line.add("state", .string("ready"))
        case .gone(let reason): add("gone", reason, to: &line)
        }
        return line.bytes
    }

    /// What has become of a command of the program's own.
    static func outcome(_ outcome: Outcome, of tag: String) -> Bytes {
        var line = ObjectText("type", .string("outcome"))
        line.add("tag", .string(tag))
        switch outcome {
        case .answered(.success(let value)):
            let written = value.written()
            if isStrictJSON(Bytes(text: "{\"return\":") + written + Bytes(text: "}")) {
                line.add("return", verbatim: written)
            } else {
                line.add("text", .string(written.text))
            }
        case .answered(.failure(let error)):
            var details = ObjectText("class", .string(error.errorClass.rawValue))
            details.add("desc", .string(error.description.text))
            line.add("error", verbatim: details.bytes)
        case .timedOut: line.add("timed-out", .bool(true))
        case .monitorLost: line.add("monitor-lost", .bool(true))
        case .refused(let reason): line.add("refused", .string(reason))
        // No command ends so.
        case .clientGone, .stored, .notStored, .ended: break
        }
        return line.bytes
    }

    /// A line of its own that cannot be used, or its beginning, and why.
    static func error(_ reason: String, in said: Bytes) -> Bytes {
        var line = ObjectText("type", .string("error"))
        line.add("line", .string(said.prefix(ExecLimits.quotedBytesMax).text))
        line.add("error", .string(reason))
        return line.bytes
    }

    private static func numbered(_ type: String, _ command: ClientCommand) -> ObjectText {
        var line = ObjectText("type", .string(type))
        line.add("command", .integer(Int64(command.number)))
        line.add("name", .string(command.command.name ?? ""))
        return line
    }

    private static func add(_ state: String, _ reason: String, to line: inout ObjectText) {
        line.add("state", .string(state))
        line.add("reason", .string(reason))
    }

    private static func add(fromMonitor bytes: Bytes, to line: inout ObjectText) {
        let end = bytes.lastIndex { $0 > 0x20 } ?? bytes.startIndex - 1
        let message = bytes[...end]
        add(message, isStrictJSON: isStrictJSON(message), to: &line)
    }

    /// Adds a message as it was said if that is JSON for everybody, and else as a text of its characters: QEMU's
    /// dialect has single quotes, and its replies may hold a bare `inf` or line ends.
    private static func add(_ message: Bytes, isStrictJSON: Bool, to line: inout ObjectText) {
        if isStrictJSON {
            line.add("message", verbatim: message)
        } else {
            line.add("text", .string(message.text))
        }
    }

    /// Whether some bytes are an object of JSON by RFC 8259 on one line.
    private static func isStrictJSON(_ bytes: Bytes) -> Bool {
        (try? Message(parsing: bytes))?.isStrictJSON ?? false
    }
}
