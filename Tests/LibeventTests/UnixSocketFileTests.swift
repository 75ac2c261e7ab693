import Libevent
import Testing

/// The other rules are in ``ListenerTests``.
@Suite(.timeLimit(.minutes(15)))
struct UnixSocketFileTests {
    @Test func ofManyThatStartAtOnceOneWins() async throws {
        let directory = try ScratchDirectory()
        let address = directory.address("s")
        let lost = "somebody is already listening on \(address)"
        for _ in 0..<50 {
            try directory.leaveStale("s")
            let results = try await Self.start(4, at: address)
            #expect(results.sorted() == [lost, lost, lost, "won"])
            #expect(directory.names == [])
        }
    }

    /// Starts that many listeners in threads of their own, which listen until all have tried.
    private static func start(_ count: Int, at address: Address) async throws -> [String] {
        let (go, allHaveTried) = (try PassedPipe(), try PassedPipe())
        let results = AsyncStream<String>.makeStream()
        let threads = (0..<count).map { _ in
            TestThread {
                do {
                    let loop = try EventLoop()
                    go.waitUntilWhollyClosed()
                    let listener = try Listener(address: address, loop: loop, onAccept: { _ in }, onFailure: { _ in })
                    results.continuation.yield("won")
                    allHaveTried.waitUntilWhollyClosed()
                    listener.close()
                } catch {
                    results.continuation.yield("\(error)")
                }
            }
        }
        go.passed.close()
        var all: [String] = []
        for await result in results.stream {
            all.append(result)
            if all.count == count { break }
        }
        allHaveTried.passed.close()
        for thread in threads { thread.join() }
        return all
    }
}
