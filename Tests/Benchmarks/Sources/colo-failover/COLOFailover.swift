import ArgumentParser
import Foundation

/// The command: reads recordings, prints their failovers.
@main
struct COLOFailover: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "colo-failover",
        abstract: "Tells how long failovers of COLO took, and how much of that was QEMU's own time.",
        discussion: """
            Reads recordings that a qmp-proxy with the plugin colo has made of a real pair, and prints a table in \
            Markdown with a line for each failover: from `-> deciding` to who goes on (the arbiter's time), from there \
            to `-> alone`, what of that was QEMU's own time (its replies to the plugin, and the wait from \
            x-colo-lost-heartbeat's reply to RESUME), the ratio of the two, and how long before the end the peer's \
            QEMU had last said something: a peer that froze has done so after that.

            A recording's times are those of the turns of the proxy's event loop: its work within a turn, some tens \
            of microseconds a command, counts as QEMU's.

            Example:

              swift run -c release --package-path Tests/Benchmarks colo-failover vm0/*.qmprec vm1/*.qmprec
            """
    )

    @Argument(help: "Recordings, not compressed.")
    var recording: [String]

    func run() throws {
        let titles = "decided ms | alone ms | QEMU ms | alone / QEMU | first command ms | peer spoke s"
        print("| recording | runbook | \(titles) |\n|---|---|--:|--:|--:|--:|--:|--:|")
        var ratios: [Double] = []
        for path in recording {
            var reader = FailoverReader()
            try reader.read(path: path)
            for failover in reader.failovers {
                print(row(failover, of: path))
                ratios.append(failover.carriedOut / failover.ofQEMU)
            }
        }
        guard !ratios.isEmpty else {
            throw ValidationError("there is no failover in them that was taken to its end")
        }
        let median = ratios.sorted()[ratios.count / 2]
        print("\nalone / QEMU: median \(Self.text(median)) of \(ratios.count)")
    }

    private func row(_ failover: RecordedFailover, of path: String) -> String {
        let cells = [
            path, failover.runbook,
            Self.text((failover.decided - failover.began) * 1000),
            Self.text(failover.carriedOut * 1000),
            Self.text(failover.ofQEMU * 1000),
            Self.text(failover.carriedOut / failover.ofQEMU),
            Self.text(failover.firstSent.map { ($0 - failover.decided) * 1000 }),
            Self.text(failover.peerSpoke.map { failover.ended - $0 }),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func text(_ value: Double?) -> String {
        value.map { String(format: "%.2f", $0) } ?? "–"
    }
}
