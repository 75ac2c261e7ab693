import ArgumentParser
import Testing

@testable import ProxyCommand

@Suite(.timeLimit(.minutes(15)))
struct COLOCommandTests {
    @Test(arguments: [
        "", "status", "start", "failover", "resume", "abort", "checkpoint-delay --to unix:q",
        "checkpoint-delay 2s --to unix:q", "checkpoint-delay -- -1 --to unix:q", "status --to q",
        "status --to unix:q --format xml", "status --to unix:q --dry-run", "fail --to unix:q",
    ])
    func refusesWrongUsage(line: String) {
        let arguments = ["colo"] + line.split(separator: " ").map(String.init)
        let error = #expect(throws: (any Error).self) {
            var command = try QMPProxy.parseAsRoot(arguments)
            try command.run()
        }
        // Without a subcommand there is help.
        #expect(error.map { QMPProxy.exitCode(for: $0).rawValue } == (line.isEmpty ? 0 : 64))
    }

    @Test func eachHasAnExample() {
        let names = ["status", "start", "failover", "resume", "checkpoint-delay", "abort"]
        let helps = COLOCommand.configuration.subcommands.map { COLOCommand.helpMessage(for: $0, columns: 120) }
        #expect(helps.count == names.count)
        for (name, help) in zip(names, helps) { #expect(help.contains("qmp-proxy colo \(name) ")) }
    }
}
