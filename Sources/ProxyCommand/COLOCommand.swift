internal import ArgumentParser
internal import Glibc
internal import Libevent
internal import ProxyIO
internal import Recording

/// `qmp-proxy colo`: what an operator says to the COLO plugin of a running proxy.
struct COLOCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "colo",
        abstract: "Look after a COLO pair: how it is, begin it, fail over, resume.",
        discussion: """
            Speaks to a proxy that runs with --plugin colo, at an address where its clients connect; each side of a \
            pair has a proxy of its own. The same can be said by any client as __org.qmp-proxy_colo-query-status and \
            so on.

            EXAMPLES
              How one side is, and what happens next:
                qmp-proxy colo status --to unix:/run/vm0/qmp.sock

              What failover would send to QEMU now, then doing it:
                qmp-proxy colo failover --to unix:/run/vm0/qmp.sock --dry-run
                qmp-proxy colo failover --to unix:/run/vm0/qmp.sock

              A new partner for the survivor:
                qmp-proxy colo resume --to unix:/run/vm0/qmp.sock

            An ADDRESS is unix:PATH or tcp:HOST:PORT. The exit status is 0 when all went well, 1 on failure, 64 on \
            wrong usage.
            """,
        subcommands: [
            Status.self, Start.self, Failover.self, Resume.self, CheckpointDelay.self, Abort.self,
        ]
    )
}

/// The proxy that is spoken to.
struct COLOTarget: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where the proxy's clients connect.", valueName: "ADDRESS"),
        transform: Configuration.address
    )
    var to: Address

    /// Does something with its plugin; what goes wrong is told on standard error.
    ///
    /// - Throws: `ExitCode` when something did.
    func operate(_ body: (COLORemote) throws -> Void) throws {
        do {
            try body(try COLORemote(at: to))
        } catch let failure as COLORemote.Failure {
            throw exit(failure.text)
        } catch let failure as MonitorClient.Failure {
            throw exit(failure.description)
        } catch let failure as SystemError {
            throw exit(failure.description)
        }
    }

    /// Writes lines to standard output.
    func say(_ lines: [String]) {
        _ = try? write(Array(lines.map { $0 + "\n" }.joined().utf8), to: STDOUT_FILENO)
    }

    /// Writes how the plugin's side is now, on one line.
    func sayState(of remote: COLORemote) throws {
        say([try COLOStatus(remote.status()).line(isColoured: TerminalColour.isWanted)])
    }

    private func exit(_ text: String) -> ExitCode {
        _ = try? write(Array("qmp-proxy: \(Readable.text(text))\n".utf8), to: STDERR_FILENO)
        return ExitCode.failure
    }
}
