internal import ArgumentParser

/// The program: `qmp-proxy serve`, `qmp-proxy show` and so on.
struct QMPProxy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qmp-proxy",
        abstract: "Share one QEMU monitor between many QMP clients, record every message, and play recordings.",
        discussion: """
            EXAMPLES
              Many clients share the monitor of a VM that was started with
              -qmp unix:/run/vm0/qemu.sock,server=on,wait=off
                qmp-proxy serve --qemu unix:/run/vm0/qemu.sock \\
                  --listen unix:/run/vm0/qmp.sock

              The same, with a recording, which is then read:
                qmp-proxy serve --qemu unix:/run/vm0/qemu.sock \\
                  --listen unix:/run/vm0/qmp.sock --record vm0.qmprec
                qmp-proxy show vm0.qmprec

              A client is tested without QEMU; the recording plays it:
                qmp-proxy mock vm0.qmprec --listen unix:/tmp/qmp.sock

            An ADDRESS is unix:PATH or tcp:HOST:PORT, such as tcp:[::1]:4444.
            The exit status is 0 when all went well, 1 on failure, 64 on wrong usage.
            """,
        version: Version.current,
        subcommands: [Serve.self, Show.self, Redact.self, Mock.self, Replay.self, COLOCommand.self, Demo.self]
    )
}
