internal import ArgumentParser
internal import QMP

extension COLOCommand {
    /// `qmp-proxy colo checkpoint-delay`: how often the two are made alike.
    struct CheckpointDelay: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set the time from one checkpoint to the next, in milliseconds.",
            discussion: """
                Between two checkpoints the secondary follows by itself. Output that differs makes one at once; the \
                rest of the time this is the longest that they may differ.

                EXAMPLE: qmp-proxy colo checkpoint-delay 2000 --to unix:/run/vm0/qmp.sock

                The exit status is 0 when it is set, 1 on failure, 64 on wrong usage.
                """
        )

        @Argument(help: ArgumentHelp("The time between two checkpoints.", valueName: "MILLISECONDS"))
        var milliseconds: UInt32

        @OptionGroup
        var target: COLOTarget

        @Flag(help: "Only print the commands that would be sent to QEMU now.")
        var dryRun = false

        func run() throws {
            try target.operate { remote in
                if dryRun {
                    target.say(try remote.steps(of: "checkpoint-delay"))
                    return
                }
                let delay = JSONValue.Member("milliseconds", .integer(Int64(milliseconds)))
                try remote.ask("checkpoint-delay", [delay])
                target.say(["the checkpoint delay is \(milliseconds) ms from now on"])
            }
        }
    }

    /// `qmp-proxy colo abort`: what was begun is given up.
    struct Abort: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give up what was begun, such as a resume, and print how things stand then.",
            discussion: """
                EXAMPLE: qmp-proxy colo abort --to unix:/run/vm0/qmp.sock

                The exit status is 0 when it is given up, 1 on failure, 64 on wrong usage.
                """
        )

        @OptionGroup
        var target: COLOTarget

        func run() throws {
            try target.operate { remote in
                try remote.ask("abort")
                try target.sayState(of: remote)
            }
        }
    }
}
