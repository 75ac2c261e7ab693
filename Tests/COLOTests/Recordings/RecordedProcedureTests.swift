import Testing

/// Each recording of a procedure plays QEMU and the peer, and the plugin does what it is recorded to have done.
@Suite(.timeLimit(.minutes(15)))
struct RecordedProcedureTests {
    /// A recording, and the settings that it was made with as far as they are not the usual ones.
    struct Procedure: Sendable, CustomTestStringConvertible {
        let name: String
        let settings: [String: String]
        /// The runbook that is in it.
        let runbook: String

        init(_ name: String, _ runbook: String, _ settings: [String: String] = [:]) {
            self.name = name
            self.runbook = runbook
            self.settings = settings
        }

        var testDescription: String { name }
    }

    private static let brisk = ["heartbeat-interval": "500ms", "heartbeat-misses": "4", "start": "auto"]
    private static let resume = brisk.merging(["start": "operator"]) { $1 }
    private static let takeover = ["heartbeat-interval": "1s", "heartbeat-misses": "3"]
    private static let periodic = brisk.merging(
        ["mode": "periodic", "parent": "colo-disk0", "replication": "node0"]
    ) { $1 }

    static let all = [
        Procedure("colo-secondary-start", "secondary-start", brisk),
        Procedure("colo-primary-start", "primary-start", brisk),
        Procedure("colo-primary-failover", "primary-failover", brisk.merging(["checkpoint-delay": "500"]) { $1 }),
        Procedure("colo-secondary-failover", "secondary-failover", brisk),
        Procedure("colo-primary-resume", "primary-resume", resume),
        Procedure("colo-secondary-resume", "secondary-resume", resume),
        Procedure("colo-checkpoint-delay", "checkpoint-delay", brisk),
        Procedure("colo-frozen-secondary", "primary-failover", ["start": "auto"]),
        Procedure("colo-periodic-secondary-start", "periodic-secondary-start", periodic),
        Procedure("colo-periodic-primary-start", "periodic-primary-start", periodic),
        Procedure("colo-periodic-primary-failover", "periodic-primary-failover", periodic),
        Procedure("colo-periodic-secondary-failover", "periodic-secondary-failover", periodic),
        Procedure("colo-takeover-a", "secondary-start", takeover),
        Procedure("colo-takeover-b", "secondary-resume", takeover),
    ]

    @Test(arguments: all)
    func thePluginDoesItAgain(_ procedure: Procedure) throws {
        var side = try RecordedSide(procedure.name, procedure.settings)
        side.play()
        #expect(side.played.marks == side.recorded.marks)
        #expect(side.played.commands == side.recorded.commands)
        #expect(side.unasked == [])
        #expect(side.told.filter { !$0.contains("query-qmp-schema") } == [])
        #expect(side.recorded.marks.contains { $0.hasSuffix(" \(procedure.runbook) begins") })
    }
}
