import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct EventLoopTests {
    /// An actor that lives in a loop and hears of its connections, as the proxy's server does.
    actor Resident: ConnectionDelegate {
        nonisolated let loop: EventLoop
        private var connection: Connection?
        private(set) var heard: [String] = []

        init(_ loop: EventLoop) {
            self.loop = loop
        }

        nonisolated var unownedExecutor: UnownedSerialExecutor {
            loop.asUnownedSerialExecutor()
        }

        var thread: pthread_t {
            pthread_self()
        }

        func open(_ descriptor: DescriptorHandle) {
            connection = Connection(
                descriptor: descriptor,
                tag: 7,
                passesDescriptors: true,
                loop: loop,
                delegate: self
            )
        }

        private func hear(_ text: String) {
            heard.append(text)
            connection?.queue("heard \(text)")
        }

        func stop() {
            connection?.close()
            loop.stop()
        }

        nonisolated func connection(_ connection: Connection, received bytes: Bytes, descriptors: [DescriptorHandle]) {
            let tag = connection.tag
            assumeIsolated { $0.hear("\(tag): \(String(decoding: bytes, as: UTF8.self))") }
        }

        nonisolated func connectionEnded(_ connection: Connection) {}
        nonisolated func connection(_ connection: Connection, closed reason: String) {}
        nonisolated func connection(_ connection: Connection, unsent bytes: Int, beyondCurrent: Int) {}
    }

    typealias Bytes = ArraySlice<UInt8>

    @Test func runsTheJobsOfOtherThreadsAwaits() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        let thread = TestThread { loop.run() }
        for _ in 0..<1000 {
            let seen = await resident.thread
            #expect(seen == thread.id)
        }
        await withTaskGroup { group in
            for _ in 0..<200 {
                group.addTask { await resident.thread }
            }
            for await seen in group {
                #expect(seen == thread.id)
            }
        }
        await resident.stop()
        thread.join()
    }

    @Test func callbacksEnterTheActorByAssumeIsolated() async throws {
        let pair = try SocketPair()
        let resident = Resident(try EventLoop())
        let thread = TestThread { resident.loop.run() }
        await resident.open(pair.ours)
        pair.far.send("hello")
        // Whatever the loop does, it does the awaited calls too.
        while await resident.heard.isEmpty {}
        let heard = await resident.heard
        await resident.stop()
        thread.join()
        #expect(heard == ["7: hello"])
        #expect(pair.far.receive() == "heard 7: hello")
    }

    @Test func isIsolatedOnItsThreadOnly() async throws {
        let loop = try EventLoop()
        #expect(loop.isIsolatingCurrentContext() == true)
        let thread = TestThread { loop.run() }
        let resident = Resident(loop)
        let seen = await resident.isIsolated
        #expect(seen == true)
        #expect(loop.isIsolatingCurrentContext() == false)
        await resident.stop()
        thread.join()
    }

    @Test func mayRunAgainAfterAStop() throws {
        let stage = try Stage()
        stage.turn()
        stage.turn()
        #expect(stage.looks == 2)
    }

    @Test func tellsBeforeAnythingLeaves() throws {
        let stage = try Stage()
        let pair = try SocketPair()
        let connection = Connection(pair, Witness(), stage)
        connection.queue("hello")
        var arrived: [String?] = []
        let receive = { [unowned loop = stage.loop] in
            arrived.append(pair.far.receive())
            if arrived.count == 2 { loop.stop() }
        }
        stage.loop.beforeFlush = [receive]
        stage.loop.run()
        #expect(arrived == [nil, "hello"])
    }

    @Test func itsClockBeginsWithItself() throws {
        let before = EventLoop.now()
        let loop = try EventLoop()
        let passed = loop.microsecondsSinceStart()
        #expect(passed >= 0 && passed <= EventLoop.now() - before)
    }
}

extension EventLoopTests.Resident {
    var isIsolated: Bool? {
        loop.isIsolatingCurrentContext()
    }
}
