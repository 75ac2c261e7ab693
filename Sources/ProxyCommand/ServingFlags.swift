internal import ArgumentParser

/// Whom a proxy serves, be it before a QEMU or a recording.
struct ServingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp("Serve this many clients at once, the next one waits. (default: 1024)", valueName: "N"),
        transform: Configuration.count
    )
    var maxClients: Int?

    @Option(
        help: ArgumentHelp("Permissions of the unix sockets that are created. (default: 0600)", valueName: "MODE"),
        transform: Configuration.socketMode
    )
    var socketMode: UInt32?
}
