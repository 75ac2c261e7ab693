import ArgumentParser
import Glibc
import Testing

@testable import ProxyCommand

@Suite(.timeLimit(.minutes(15)))
struct RedactCommandTests {
    private let stage = Stage()

    @Test
    func refusesADirectory() throws {
        let command = try Redact.parse([stage.directory, "-o", stage.path("copy")])
        #expect(throws: ExitCode.failure) { try command.run() }
        #expect(access(stage.path("copy"), F_OK) != 0)
    }

    @Test
    func leavesNoCopyBehindOfWhatIsNoRecording() throws {
        stage.append("hello\n", to: "x.qmprec")
        let command = try Redact.parse([stage.path("x.qmprec"), "-o", stage.path("copy")])
        #expect(throws: ExitCode.failure) { try command.run() }
        #expect(access(stage.path("copy"), F_OK) != 0)
    }
}
