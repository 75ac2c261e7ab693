internal import PluginKit

/// What an operator sets for an Exec plugin.
struct ExecSettings: Sendable, Equatable {
    /// The program and its arguments.
    let program: [String]
    /// What it is told of, whatever it says itself.
    let subscriptions: Subscriptions
    /// How long a verdict may take.
    let timeout: Duration
    /// What becomes of a command when there is no verdict.
    ///
    /// Closed unless set otherwise: who asks for a verdict wants some commands kept from QEMU, and a program that has
    /// crashed must not be the way to get them there.
    let policy: LatePolicy
    /// Whether the program says hello before it is asked anything.
    let awaitsHello: Bool

    init(_ settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only("command", "commands", "events", "replies", "timeout", "policy", "handshake")
        guard let program = try settings.program("command") else {
            throw settings.missing("command", wanted: "a line for the shell, or a list of a program and its arguments")
        }
        self.program = program
        subscriptions = Subscriptions(
            commands: NameSet(try settings.texts("commands", wanted: "a list of commands' names") ?? []),
            events: NameSet(try settings.texts("events", wanted: "a list of events' names") ?? []),
            replies: NameSet(try settings.texts("replies", wanted: "a list of commands' names") ?? [])
        )
        timeout = try settings.duration("timeout", in: ExecLimits.timeout) ?? ExecLimits.timeoutUsual
        policy = try settings.choice("policy", of: LatePolicy.self) ?? .closed
        awaitsHello = try settings.truth("handshake") ?? (subscriptions == Subscriptions())
    }
}
