import Glibc
import Libevent
import QMP
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
struct StateFileTests {
    private let directory = TemporaryDirectory()

    private func file(_ monitor: String = "vm0", _ plugin: String = "colo") -> StateFile {
        StateFile(directory: directory.path(""), monitor: monitor, plugin: plugin)
    }

    private func mode(_ name: String) -> mode_t {
        var facts = stat()
        #expect(lstat(directory.path(name), &facts) == 0)
        return facts.st_mode & 0o7777
    }

    @Test
    func givesBackWhatWasStoredLast() throws {
        #expect(try file().read() == nil)
        for number in 1...3 { try file().replace(with: Array("{\"round\": \(number)}".utf8)[...]) }
        #expect(try file().read() == .object([JSONValue.Member("round", .integer(3))]))
        #expect(directory.text("vm0.colo.json") == "{\"round\": 3}\n")
        #expect(directory.names() == ["vm0.colo.json"] && mode("vm0.colo.json") == 0o600)
    }

    @Test(arguments: [
        ("vm0", "exec:night", "vm0.exec%3Anight.json"), ("a/b ä", "guard", "a%2Fb%20%C3%A4.guard.json"),
        ("..", "a.b", "...a%2Eb.json"), ("A-z_9.\n%", "p", "A-z_9.%0A%25.p.json"),
    ])
    func makesNamesSafe(monitor: String, plugin: String, name: String) throws {
        try file(monitor, plugin).replace(with: [UInt8(ascii: "1")])
        #expect(directory.names() == [name])
    }

    @Test(arguments: [
        ("", "the text ends too soon at byte 1"), ("{\"a\": 1", "the text ends too soon at byte 8"),
        ("no", "a value is wanted at byte 1"), ("{} {}", "more behind the value at byte 4"),
    ])
    func refusesWhatIsNoJSON(text: String, reason: String) throws {
        directory.write("vm0.colo.json", Array(text.utf8)[...])
        let failure = try #require(throws: StateFile.Invalid.self) { try file().read() }
        let path = directory.path("/vm0.colo.json")
        #expect(failure.description == "\(path) is no state of a plugin: \(reason); mend it or move it away")
    }

    @Test
    func refusesWhatIsNoFileOrTooLong() throws {
        #expect(mkfifo(directory.path("vm0.a.json"), 0o600) == 0)
        #expect(throws: StateFile.Invalid(file("vm0", "a").path, "it is no file")) { try file("vm0", "a").read() }
        directory.write("vm0.b.json", [])
        #expect(truncate(directory.path("vm0.b.json"), StateFile.bytesMax + 2) == 0)
        let tooLong = StateFile.Invalid(file("vm0", "b").path, "it is longer than 16777216 bytes")
        #expect(throws: tooLong) { try file("vm0", "b").read() }
    }

    @Test
    func takesTheLongestValue() throws {
        var value = [UInt8](repeating: UInt8(ascii: "x"), count: StateFile.bytesMax)
        (value[0], value[value.count - 1]) = (UInt8(ascii: "\""), UInt8(ascii: "\""))
        try file().replace(with: value[...])
        #expect(try file().read()?.string?.utf8.count == StateFile.bytesMax - 2)
    }

    @Test
    func keepsTheValueBeforeIfItCannotStore() throws {
        try file().replace(with: [UInt8(ascii: "1")])
        // In the way of the file that is written first.
        #expect(mkdir(directory.path(".new-vm0.colo.json"), 0o700) == 0)
        let failure = try #require(throws: SystemError.self) { try file().replace(with: [UInt8(ascii: "2")]) }
        #expect(failure.description == "open \(directory.path("/.new-vm0.colo.json")): File exists")
        #expect(try file().read() == .integer(1))
    }

    // MARK: - The directory

    @Test
    func makesTheDirectoryAndForgetsWhatWasHalfWritten() throws {
        let state = try StateDirectory(path: directory.path("state"))
        #expect(mode("state") == 0o700)
        directory.write("state/.new-vm0.colo.json", [UInt8(ascii: "{")])
        directory.write("state/.new-other", [])
        let file = state.file(of: "colo", monitor: "vm0")
        #expect(try file.read() == nil)
        #expect(directory.names(in: "state") == [".new-other"])
    }

    @Test
    func isForOneProxyAtATime() throws {
        var state: StateDirectory? = try StateDirectory(path: directory.path("state"))
        let failure = try #require(throws: Recorder.Failure.self) {
            try StateDirectory(path: directory.path("state"))
        }
        #expect(failure.description == "\(directory.path("state")) is used by another proxy, or for a recording")
        withExtendedLifetime(state) {}
        state = nil
        #expect(throws: Never.self) { try StateDirectory(path: directory.path("state")) }
    }

    @Test
    func needsADirectoryAbove() throws {
        let path = directory.path("missing/state")
        let failure = try #require(throws: SystemError.self) { try StateDirectory(path: path) }
        #expect(failure.description == "mkdir \(path): No such file or directory")
    }
}
