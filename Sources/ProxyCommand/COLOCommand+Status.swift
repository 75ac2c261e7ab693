internal import ArgumentParser
internal import Glibc
internal import ProxyIO
internal import QMP

extension COLOCommand {
    /// `qmp-proxy colo status`: how one side of the pair is.
    struct Status: ParsableCommand {
        enum Format: String, ExpressibleByArgument, CaseIterable {
            case text, json
        }

        static let configuration = CommandConfiguration(
            abstract: "Print how one side of the pair is: role, state, peer, checkpoints, and what happens next.",
            discussion: """
                EXAMPLES
                  qmp-proxy colo status --to unix:/run/vm0/qmp.sock

                  A line for each change, until interrupted:
                    qmp-proxy colo status --to unix:/run/vm0/qmp.sock --follow

                  For a program, such as jq -r .state:
                    qmp-proxy colo status --to unix:/run/vm0/qmp.sock --format json

                The exit status is 0, or 1 when the proxy cannot be asked, 64 on wrong usage.
                """
        )

        @OptionGroup
        var target: COLOTarget

        @Option(help: "text, or json: what the plugin answers, as it came.")
        var format = Format.text

        @Flag(help: "Go on, with a line for each change, until interrupted.")
        var follow = false

        func run() throws {
            try target.operate { remote in
                if follow { return try self.follow(remote) }
                let status = try remote.status()
                switch format {
                case .json: target.say([status.text])
                case .text: target.say(try COLOStatus(status).block(isColoured: TerminalColour.isWanted))
                }
            }
        }

        private func follow(_ remote: COLORemote) throws {
            var progress = COLOProgress()
            defer { progress.end().write() }
            var shown: COLOStatus?
            do {
                while true {
                    let bytes = try remote.status()
                    let status = try COLOStatus(bytes)
                    switch format {
                    case .text: progress.show(status, at: ProgressLine.now).write()
                    case .json where status.headline != shown: target.say([bytes.text])
                    case .json: break
                    }
                    guard isRead(STDOUT_FILENO) else { return }
                    shown = status.headline
                    try remote.pause(for: COLORemote.pause)
                }
            } catch let failure as MonitorClient.Failure where failure.isInterruption {
                return
            }
        }
    }
}
