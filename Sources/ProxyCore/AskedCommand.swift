internal import PluginKit
internal import QMP
internal import Recording

/// A client's command on its way through the plugins.
struct AskedCommand {
    let number: Int
    let client: Client
    /// As the client said it.
    let original: Command
    /// As the plugins left it.
    var command: Command
    /// What goes to the monitor with it.
    var descriptors: [DescriptorToken]
    let askedAt: Instant
    /// Whether it has been held, and so counts among what its client has waiting.
    var wasHeld = false

    /// What a plugin gets to see of it.
    var seen: ClientCommand {
        ClientCommand(number: number, client: client, command: command, descriptors: descriptors.count)
    }

    /// Whether it has a place in its client's order of replies.
    var isInBand: Bool { !original.isOutOfBand }
}

/// A command that a plugin holds.
struct HeldCommand {
    /// Whose it is, and what the plugin calls it.
    struct Key: Hashable {
        let place: Int
        let tag: Tag
    }

    /// The command.
    let asked: AskedCommand
    /// What becomes of it when the plugin is late.
    let late: LatePolicy
    /// Whether it is a command of the plugin's own, which can only be answered.
    let isOwn: Bool
}
