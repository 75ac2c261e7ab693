internal import ArgumentParser
internal import ProxyIO

extension COLOCommand {
    /// `qmp-proxy colo start`: two QEMUs become a pair.
    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the pair up, and wait until it is.",
            discussion: """
                Said to one of the proxies, or to both: the plugins of both sides find each other by their heartbeats. \
                The secondary's QEMU waits with -incoming.

                EXAMPLES
                  qmp-proxy colo start --to unix:/run/vm0/qmp.sock

                  What would be sent to this side's QEMU:
                    qmp-proxy colo start --to unix:/run/vm0/qmp.sock --dry-run

                \(COLOProcedureFlags.exitStatus(doneWhen: "the two are a pair"))
                """
        )

        @OptionGroup
        var flags: COLOProcedureFlags

        func run() throws { try flags.run(.start) }
    }

    /// `qmp-proxy colo failover`: one QEMU goes on alone.
    struct Failover: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have this side's QEMU go on alone, and wait until it does.",
            discussion: """
                With this a person decides that the other side is dead, or may be given up: where both sides are told \
                to go on alone, the guest runs twice.

                EXAMPLES
                  qmp-proxy colo failover --to unix:/run/vm0/qmp.sock

                  What would be sent to this side's QEMU:
                    qmp-proxy colo failover --to unix:/run/vm0/qmp.sock --dry-run

                \(COLOProcedureFlags.exitStatus(doneWhen: "it goes on alone"))
                """
        )

        @OptionGroup
        var flags: COLOProcedureFlags

        func run() throws { try flags.run(.failover) }
    }

    /// `qmp-proxy colo resume`: the survivor takes a new partner.
    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give the QEMU that goes on alone a new partner, and wait until they are a pair.",
            discussion: """
                The partner is a new QEMU with -incoming and a proxy of its own. Its disk is copied first, which may \
                take long; the guest runs meanwhile.

                EXAMPLES
                  qmp-proxy colo resume --to unix:/run/vm0/qmp.sock

                  Without waiting; later, how far it is:
                    qmp-proxy colo resume --to unix:/run/vm0/qmp.sock --no-wait
                    qmp-proxy colo status --to unix:/run/vm0/qmp.sock

                \(COLOProcedureFlags.exitStatus(doneWhen: "the two are a pair"))
                """
        )

        @OptionGroup
        var flags: COLOProcedureFlags

        func run() throws { try flags.run(.resume) }
    }
}

/// How a procedure is begun, and followed until it is over.
struct COLOProcedureFlags: ParsableArguments {
    @OptionGroup
    var target: COLOTarget

    @Flag(help: "Only print the commands that would be sent to QEMU now.")
    var dryRun = false

    @Flag(help: "Begin it, and do not wait until it is over.")
    var noWait = false

    /// What help says of the exit status.
    static func exitStatus(doneWhen done: String) -> String {
        """
        The exit status is 0 when \(done), 1 when it could not be begun, has failed or was aborted, or when the \
        connection to the proxy is lost, 64 on wrong usage.
        """
    }

    /// Begins it, and waits.
    func run(_ kind: COLOProcedure.Kind) throws {
        try target.operate { remote in
            if dryRun {
                target.say(try remote.steps(of: kind.rawValue))
                return
            }
            try remote.ask(kind.rawValue)
            if noWait { return try target.sayState(of: remote) }
            do {
                try wait(for: COLOProcedure(kind), remote)
            } catch let failure as MonitorClient.Failure {
                let advice = "qmp-proxy colo status --to \(target.to) tells how far it is"
                throw COLORemote.Failure(text: "\(failure); what was begun goes on: \(advice)")
            }
        }
    }

    private func wait(for procedure: COLOProcedure, _ remote: COLORemote) throws {
        var procedure = procedure
        var progress = COLOProgress()
        defer { progress.end().write() }
        while true {
            let status = try COLOStatus(remote.status())
            progress.show(status, at: ProgressLine.now).write()
            switch procedure.end(with: status) {
            case nil: try remote.pause(for: COLORemote.pause)
            case .done: return
            case .failed: throw COLORemote.Failure(text: procedure.failure(with: status))
            }
        }
    }
}
