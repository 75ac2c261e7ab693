import Dispatch
import Glibc
import QMP
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
struct StateWriterTests {
    private let directory = TemporaryDirectory()

    private func file(_ plugin: String) -> StateFile {
        StateFile(directory: directory.path(""), monitor: "vm0", plugin: plugin)
    }

    /// What a writer tells of so many values, in the order in which it does.
    private func results(
        _ count: Int,
        of plugins: [String],
        store: (StateWriter) -> Void
    ) -> [StateWriter.Result] {
        let told = DispatchSemaphore(value: 0)
        let writer = StateWriter(plugins.map(file)) { told.signal() }
        store(writer)
        for _ in 0..<count { told.wait() }
        return writer.takeResults()
    }

    private func number(_ number: Int) -> Bytes { Array("\(number)".utf8)[...] }

    @Test
    func answersEachAndStoresTheLast() throws {
        let results = results(20, of: ["a", "b"]) { writer in
            for round in 1...20 { writer.store(number(round), plugin: round % 2, number: round) }
        }
        for plugin in 0...1 {
            let expected = (1...20).filter { $0 % 2 == plugin }
            #expect(results.filter { $0.plugin == plugin && $0.failure == nil }.map(\.number) == expected)
        }
        #expect(try file("a").read() == .integer(20))
        #expect(try file("b").read() == .integer(19))
    }

    @Test
    func saysWhatCannotBeStored() throws {
        #expect(mkdir(directory.path("vm0.a.json"), 0o700) == 0)
        let results = results(3, of: ["a", "b"]) { writer in
            writer.store([0x20][...] + ArraySlice(repeating: 0x20, count: StateFile.bytesMax), plugin: 1, number: 1)
            writer.store(number(1), plugin: 0, number: 2)
            writer.store(number(1), plugin: 1, number: 3)
        }
        #expect(
            results == [
                .init(plugin: 1, number: 1, failure: "16777217 bytes, 16777216 are allowed"),
                .init(plugin: 0, number: 2, failure: "rename \(directory.path("/vm0.a.json")): Is a directory"),
                .init(plugin: 1, number: 3, failure: nil),
            ]
        )
    }

    /// What waits is bounded, and each value is answered once.
    @Test
    func refusesWhatTheDiskDoesNotFollow() throws {
        let count = 10 * StateWriter.waitingMax
        let results = results(count, of: ["a"]) { writer in
            for number in 1...count { writer.store(self.number(number), plugin: 0, number: number) }
        }
        #expect(results.map(\.number).sorted() == Array(1...count))
        let stored = results.filter { $0.failure == nil }.map(\.number)
        #expect(stored == stored.sorted() && stored.count >= StateWriter.waitingMax)
        #expect(Set(results.compactMap(\.failure)).isSubset(of: ["64 values wait for the disk already"]))
        #expect(try file("a").read()?.integer == stored.last.map(Int64.init))
    }

    @Test
    func closesWhenAllIsStored() throws {
        let writer = StateWriter([file("a")]) {}
        for number in 1...10 { writer.store(self.number(number), plugin: 0, number: number) }
        #expect(writer.close() == nil)
        #expect(try file("a").read() == .integer(10))
    }

    @Test
    func saysWhatIsNotStoredInTheEnd() throws {
        #expect(mkdir(directory.path("vm0.a.json"), 0o700) == 0)
        let writer = StateWriter([file("a")]) {}
        writer.store(number(1), plugin: 0, number: 1)
        let failure = "rename \(directory.path("/vm0.a.json")): Is a directory"
        #expect(writer.close() == "a plugin's last state is not stored: \(failure)")
    }
}
