import ArgumentParser
import Testing

@testable import ProxyCommand

@Suite(.timeLimit(.minutes(15)))
struct ShowCommandTests {
    @Test(arguments: [
        ["x", "~slowr 1s"], ["x", "--check", "--stats"], ["x", "--check", "--follow"], ["x", "--format", "xml"], [],
        ["x", "~error", "--check"],
    ])
    func refusesWrongUsage(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Show.parse(arguments) }
        #expect(error.map { Show.exitCode(for: $0).rawValue } == 64)
    }

    @Test
    func pointsAtWhatIsWrongInAFilter() {
        let error = #expect(throws: (any Error).self) { try Show.parse(["x", "~slowr 1s"]) }
        #expect(error.map { Show.message(for: $0) } == "there is no ~slowr, did you mean ~slower?\n  ~slowr 1s\n  ^")
    }

    @Test
    func listsTheTermsInItsHelp() {
        let help = Show.helpMessage(columns: 120)
        #expect(help.contains("\n  ~slower DURATION   replies that took that long, or longer\n"))
    }
}
