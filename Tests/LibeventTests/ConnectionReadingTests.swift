import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ConnectionReadingTests {
    let stage: Stage
    let witness = Witness()

    init() throws {
        stage = try Stage()
    }

    @Test func deliversWhatCame() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        pair.far.send("{}")
        stage.turn()
        #expect(witness.happenings == [.received("{}")])
        #expect(connection.tag == 1 && !connection.isClosed)
    }

    @Test(arguments: [true, false])
    func deliversManyReadsInOrder(passesDescriptors: Bool) throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage, passesDescriptors: passesDescriptors)
        let bytes = pattern(150_000)
        pair.far.send(bytes)
        stage.run(until: { witness.bytes.count == 150_000 })
        #expect(witness.bytes == bytes)
        withExtendedLifetime(connection) {}
    }

    @Test func deliversMuchAndLittleInTurns() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage, passesDescriptors: false)
        var expected: [UInt8] = []
        for (index, size) in [140_000, 140_000, 3, 140_000, 70_000, 5].enumerated() {
            let bytes = pattern(size, from: index)
            expected += bytes
            pair.far.send(bytes)
            stage.run(until: { witness.bytes.count == expected.count })
        }
        #expect(witness.bytes == expected)
        withExtendedLifetime(connection) {}
    }

    // MARK: Descriptors

    @Test func separatesDescriptorsFromThePlainBytesBefore() throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        pair.far.send("plain1 plain2 ")
        pair.far.send("FD3 ", descriptors: [pipe.passed])
        stage.run(until: { witness.bytes.count == 18 })
        let expected: [Witness.Happening] = [
            .received("plain1 plain2 "), .received("FD3 ", descriptors: [pipe.identity]),
        ]
        #expect(witness.happenings == expected)
        connection.close()
        pipe.passed.close()
        #expect(pipe.isWhollyClosed)
    }

    @Test func keepsEachSetWithItsOwnMessage() throws {
        let (pair, first, second) = (try SocketPair(), try PassedPipe(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        pair.far.send("ab", descriptors: [first.passed])
        pair.far.send("cd", descriptors: [second.passed, first.passed])
        pair.far.send("ef")
        stage.run(until: { witness.bytes.count == 6 })
        let expected: [Witness.Happening] = [
            .received("ab", descriptors: [first.identity]),
            .received("cd", descriptors: [second.identity, first.identity]),
            .received("ef"),
        ]
        #expect(witness.happenings == expected)
        withExtendedLifetime(connection) {}
    }

    @Test func findsTheSetInTheMiddle() throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        pair.far.send("abc")
        pair.far.send("d", descriptors: [pipe.passed])
        pair.far.send("ef")
        stage.run(until: { witness.bytes.count == 6 })
        let expected: [Witness.Happening] = [
            .received("abc"), .received("d", descriptors: [pipe.identity]), .received("ef"),
        ]
        #expect(witness.happenings == expected)
        withExtendedLifetime(connection) {}
    }

    @Test(arguments: [1, 1023, 1024, 1025, 20_000])
    func findsTheSetBehindMuchElse(plain: Int) throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        let bytes = pattern(plain)
        pair.far.send(bytes)
        pair.far.send("FD", descriptors: [pipe.passed])
        pair.far.send("!")
        stage.run(until: { witness.bytes.count == plain + 3 })
        #expect(witness.bytes == bytes + Array("FD!".utf8))
        #expect(witness.offsetsOfDescriptors == [plain])
        withExtendedLifetime(connection) {}
    }

    @Test(arguments: 0..<100)
    func keepsEachSetWithItsByteWhateverComes(seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        witness.reaction = { _, connection in
            if chance.next(below: 3) == 0 { connection.pauseReading() }
        }
        var (expected, offsets): ([UInt8], [Int]) = ([], [])
        for _ in 0..<chance.next(below: 12) + 1 {
            let size = chance.next(below: 2) == 0 ? chance.next(below: 4) + 1 : chance.next(below: 2500) + 1
            let bytes = pattern(size, from: expected.count)
            if chance.next(below: 2) == 0 {
                offsets.append(expected.count)
                pair.far.send(bytes, descriptors: Array(repeating: pipe.passed, count: chance.next(below: 3) + 1))
            } else {
                pair.far.send(bytes)
            }
            expected += bytes
            if chance.next(below: 4) == 0 { stage.turn() }
        }
        stage.run(until: {
            connection.resumeReading()
            return witness.bytes.count == expected.count
        })
        #expect(witness.bytes == expected)
        #expect(witness.offsetsOfDescriptors == offsets)
        pipe.passed.close()
        #expect(pipe.isWhollyClosed)
    }

    @Test(arguments: [15, 16, 17, 20, 253])
    func keepsSixteenDescriptorsAsQEMUDoes(count: Int) throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        pair.far.send("x", descriptors: Array(repeating: pipe.passed, count: count))
        stage.run(until: { witness.bytes.count == 1 })
        let kept = min(count, 16)
        let set = Witness.Happening.received("x", descriptors: Array(repeating: pipe.identity, count: kept))
        #expect(witness.happenings == (count > 16 ? [.lostDescriptors(kept: 16), set] : [set]))
        connection.close()
        pipe.passed.close()
        #expect(pipe.isWhollyClosed)
    }

    @Test func losesDescriptorsThatNobodyExpects() throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage, passesDescriptors: false)
        pair.far.send("x", descriptors: [pipe.passed])
        pipe.passed.close()
        stage.run(until: { witness.bytes.count == 1 })
        #expect(witness.happenings == [.received("x")])
        #expect(pipe.isWhollyClosed)
        withExtendedLifetime(connection) {}
    }

    // MARK: Pauses

    @Test func deliversNothingWhilePausedAndEverythingAfterwards() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        connection.pauseReading()
        pair.far.send("one")
        stage.turn()
        stage.turn()
        #expect(witness.happenings == [])
        pair.far.send(" two")
        connection.resumeReading()
        stage.turn()
        #expect(witness.happenings == [.received("one two")])
    }

    @Test func noticesWhilePausedThatThePeerIsGone() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        connection.pauseReading()
        pair.far.send("what nobody can be answered any more")
        stage.turn()
        pair.far.close()
        stage.run(until: { !witness.happenings.isEmpty })
        #expect(witness.happenings == [.closed("closed by peer")])
    }

    @Test func noticesThatThePeerIsGoneThoughOutputIsBlockedToo() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let connection = Connection(pair, witness, stage)
        connection.pauseReading()
        pair.far.send("x")
        connection.queue([UInt8](repeating: 1, count: 100_000)[...], endsMessage: true)
        stage.turn()
        pair.far.send("y")
        stage.turn()
        pair.far.close()
        stage.run(until: { connection.isClosed })
        #expect(witness.happenings.last == .closed("closed by peer"))
    }

    @Test func holdsASetBackWhenPausedRightBeforeIt() throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        witness.reaction = { _, connection in connection.pauseReading() }
        pair.far.send("ab")
        pair.far.send("cde", descriptors: [pipe.passed])
        stage.turn()
        stage.turn()
        #expect(witness.happenings == [.received("ab")])
        witness.reaction = { _, _ in }
        connection.resumeReading()
        stage.run(until: { witness.bytes.count == 5 })
        let expected: [Witness.Happening] = [
            .received("ab"), .received("c", descriptors: [pipe.identity]), .received("de"),
        ]
        #expect(witness.happenings == expected)
    }

    @Test func closesAHeldSetWithTheConnection() throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        witness.reaction = { _, connection in connection.pauseReading() }
        pair.far.send("ab")
        pair.far.send("c", descriptors: [pipe.passed])
        pipe.passed.close()
        stage.turn()
        connection.close()
        #expect(pipe.isWhollyClosed)
    }

    @Test func deliversNothingAfterItWasClosedInBetween() throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        witness.reaction = { _, connection in connection.close() }
        pair.far.send("ab")
        pair.far.send("cd", descriptors: [pipe.passed])
        pipe.passed.close()
        stage.turn()
        stage.turn()
        #expect(witness.happenings == [.received("ab"), .closed("closed by us")])
        #expect(pipe.isWhollyClosed && connection.isClosed)
    }
}
