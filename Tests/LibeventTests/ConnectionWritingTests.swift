import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ConnectionWritingTests {
    let stage: Stage
    let witness = Witness()

    init() throws {
        stage = try Stage()
    }

    /// A SEQPACKET socket keeps the limits of each write.
    @Test func sendsWhatManyCallbacksQueuedByOneWriteATurn() throws {
        let target = try SocketPair(SOCK_SEQPACKET)
        let output = Connection(target, Witness(), stage, passesDescriptors: false)
        let sources = [try SocketPair(), try SocketPair()]
        let inputs = sources.map { Connection($0, witness, stage) }
        witness.reaction = { happening, _ in
            if case .received(let text, _) = happening {
                output.queue(text)
                output.queue("+")
            }
        }
        for source in sources { source.far.send("x") }
        stage.turn()
        #expect(target.far.receive() == "x+x+")
        #expect(target.far.receive() == nil)
        withExtendedLifetime(inputs) {}
    }

    @Test func flushesFirstWhoIsToldTo() throws {
        let pairs = try (0..<3).map { _ in try SocketPair(sendBuffer: 4096) }
        let connections = pairs.enumerated().map { Connection($1, witness, stage, tag: $0) }
        connections[2].flushesFirst = true
        var tags: [Int] = []
        witness.reaction = { _, connection in tags.append(connection.tag) }
        for connection in connections {
            connection.queue(pattern(300_000)[...], endsMessage: true)
        }
        stage.turn()
        #expect(tags == [2, 0, 1])
    }

    @Test func sendsWhatTheTurnsEndQueuedInTheNextTurn() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        stage.run(until: {
            if pair.far.receive() == "late" { return true }
            if stage.looks == 1 { connection.queue("late") }
            return false
        })
        // At the end of one turn, before and behind the flush of the next.
        #expect(stage.looks == 3)
    }

    @Test func reportsWhatIsUnsentUntilNothingIs() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let connection = Connection(pair, witness, stage)
        connection.queue("small")
        stage.turn()
        #expect(witness.happenings == [])
        #expect(pair.far.receive() == "small")

        let large = [UInt8](repeating: 5, count: 400_000)
        connection.queue(large[..<200_000], endsMessage: false)
        connection.queue(large[200_000...], endsMessage: true)
        stage.turn()
        let first = try #require(witness.lastUnsent)
        #expect(first.bytes > 0 && first.bytes < 400_000 && first.beyondCurrent == 0)

        connection.queue("second")
        stage.turn()
        #expect(witness.lastUnsent?.bytes == first.bytes + 6)
        #expect(witness.lastUnsent?.beyondCurrent == 6)

        stage.run(until: {
            _ = pair.far.receiveBytes()
            return witness.lastUnsent?.bytes == 0
        })
        _ = pair.far.receiveBytes()
        #expect(pair.far.bytes == Array("small".utf8) + large + Array("second".utf8))
        let reports = witness.happenings
        connection.queue("third")
        stage.turn()
        #expect(witness.happenings == reports)
    }

    @Test func anEmptyPieceMayEndAMessage() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let connection = Connection(pair, witness, stage)
        connection.queue([UInt8](repeating: 5, count: 400_000)[...], endsMessage: false)
        connection.queue([], endsMessage: true)
        connection.queue("next")
        stage.turn()
        #expect(witness.lastUnsent?.beyondCurrent == 4)
    }

    /// Small pieces are copied together and large ones sent from where they are: neither may change the bytes.
    @Test(arguments: [4096, nil] as [CInt?])
    func sendsPiecesOfAllSizesInOrder(sendBuffer: CInt?) throws {
        let pair = try SocketPair(sendBuffer: sendBuffer)
        let connection = Connection(pair, witness, stage)
        let few = [1, 70_000, 3, 16_383, 16_384, 16_385, 2, 9000, 250_000]
        let sizes = few + Array(repeating: 700, count: 300) + Array(repeating: 17_000, count: 70)
        var expected: [UInt8] = []
        for (index, size) in sizes.enumerated() {
            let piece = pattern(size, from: index * 7)
            expected += piece
            connection.queue(piece[...], endsMessage: true)
        }
        stage.run(until: {
            _ = pair.far.receiveBytes()
            return pair.far.bytes.count == expected.count
        })
        #expect(pair.far.bytes == expected)
    }

    // MARK: Descriptors

    @Test func sendsDescriptorsWithTheFirstByteOfTheirPiece() throws {
        let (pair, first, second) = (try SocketPair(), try PassedPipe(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        connection.queue("ab")
        connection.queue("cd", descriptors: [first.passed])
        connection.queue("e")
        connection.queue("f", descriptors: [second.passed, first.passed])
        stage.turn()
        var received: [String] = []
        while let (text, identities) = pair.far.receiveByte() {
            received.append(text + String(repeating: "*", count: identities.count))
        }
        #expect(received == ["a", "b", "c*", "d", "e", "f*"])
        #expect(first.isWhollyClosed && second.isWhollyClosed)
    }

    @Test func keepsDescriptorsWithTheirByteThroughABacklog() throws {
        let (pair, pipe) = (try SocketPair(sendBuffer: 4096), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        let before = [UInt8](repeating: 1, count: 30_000)
        connection.queue(before[...], endsMessage: true)
        connection.queue(before[...], endsMessage: true, descriptors: [pipe.passed])
        connection.queue("end")
        stage.turn()
        #expect(!pipe.isWhollyClosed)
        var offsets: [Int] = []
        stage.run(until: {
            while let (_, identities) = pair.far.receiveByte() {
                if identities == [pipe.identity] { offsets.append(pair.far.bytes.count - 1) }
            }
            return pair.far.bytes.count == 60_003
        })
        #expect(offsets == [30_000])
        #expect(pipe.isWhollyClosed)
    }

    @Test(arguments: 0..<12)
    func keepsEachSetWithItsByteWhateverIsQueued(seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let (pair, pipe) = (try SocketPair(sendBuffer: 4096), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        var (expected, offsets, received): ([UInt8], [Int], [Int]) = ([], [], [])
        for _ in 0..<chance.next(below: 12) + 1 {
            let size = chance.next(below: 2) == 0 ? chance.next(below: 4) + 1 : chance.next(below: 9000) + 1
            let bytes = pattern(size, from: expected.count)
            var descriptors: [DescriptorHandle] = []
            if chance.next(below: 2) == 0 {
                offsets.append(expected.count)
                descriptors = [DescriptorHandle(owning: fcntl(pipe.passed.number ?? -1, F_DUPFD_CLOEXEC, 0))]
            }
            connection.queue(bytes[...], endsMessage: true, descriptors: descriptors)
            expected += bytes
        }
        stage.run(until: {
            for _ in 0..<chance.next(below: 20_000) {
                guard let (_, identities) = pair.far.receiveByte() else { break }
                if !identities.isEmpty { received.append(pair.far.bytes.count - 1) }
            }
            stage.loop.wake()
            return pair.far.bytes.count == expected.count
        })
        #expect(pair.far.bytes == expected)
        #expect(received == offsets)
        pipe.passed.close()
        #expect(pipe.isWhollyClosed)
    }

    @Test func closesDescriptorsThatCannotLeave() throws {
        let (pair, unsent, late) = (try SocketPair(sendBuffer: 4096), try PassedPipe(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        connection.queue([UInt8](repeating: 1, count: 100_000)[...], endsMessage: true)
        connection.queue("x", descriptors: [unsent.passed])
        stage.turn()
        connection.close()
        connection.queue("y", descriptors: [late.passed])
        #expect(unsent.isWhollyClosed && late.isWhollyClosed)
    }
}

extension Witness {
    fileprivate var lastUnsent: (bytes: Int, beyondCurrent: Int)? {
        for case .unsent(let bytes, let beyondCurrent) in happenings.reversed() {
            return (bytes, beyondCurrent)
        }
        return nil
    }
}
