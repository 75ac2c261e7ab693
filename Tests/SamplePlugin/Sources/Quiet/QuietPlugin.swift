public import PluginKit
public import QMP

/// Refuses `screendump` to who asks for it too often: each one writes megabytes, and the guest waits meanwhile.
public struct QuietPlugin: Plugin {
    /// `quiet`.
    public static let name = "quiet"
    /// Clients ask `__org.qmp-proxy_quiet-query-refused` how many were refused.
    public static let commands = ["query-refused"]
    /// It only rules what others do.
    public static let executes = false

    private let perMinuteMax: Int
    private var admitted: [Duration] = []
    private var refused = 0

    /// Takes `per-minute`, 6 if it is not set.
    public init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("per-minute")
        perMinuteMax = try settings.number("per-minute", in: 1...600) ?? 6
    }

    /// How many were refused.
    public var state: JSONValue { .object([JSONValue.Member("refused", .integer(Int64(refused)))]) }

    /// Counts screendumps, those that are not admitted not among them.
    public mutating func command(_ command: ClientCommand, _ context: inout PluginContext) -> CommandVerdict {
        guard command.command.name == "screendump" else { return .forward }
        admitted.removeAll { context.now - $0 >= .seconds(60) }
        guard admitted.count == perMinuteMax else {
            admitted.append(context.now)
            return .forward
        }
        refused += 1
        context.mark("refused a screendump to client \(command.client.number)")
        let reason = "There may be \(perMinuteMax) screendumps a minute"
        return .answer(.failure(ProtocolError(.generic, reason)))
    }

    /// Answers the only one there is.
    public mutating func ownCommand(
        _ name: String,
        _ command: ClientCommand,
        _ context: inout PluginContext
    ) -> OwnCommandVerdict {
        .answer(.success(state))
    }
}
