import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ConnectionTests {
    let stage: Stage
    let witness = Witness()

    init() throws {
        stage = try Stage()
    }

    // MARK: Ends

    @Test(arguments: [true, false])
    func tellsAHalfClosedPeerFromAGoneOne(passesDescriptors: Bool) throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage, passesDescriptors: passesDescriptors)
        pair.far.send("last words")
        pair.far.halfClose()
        stage.run(until: { witness.happenings.count == 2 })
        connection.queue("answer")
        stage.turn()
        #expect(pair.far.receive() == "answer")
        #expect(witness.happenings == [.received("last words"), .ended])
        pair.far.close()
        stage.run(until: { witness.isClosed })
        #expect(witness.happenings == [.received("last words"), .ended, .closed("closed by peer")])
    }

    @Test(arguments: [true, false])
    func tellsThatThePeerIsGone(passesDescriptors: Bool) throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage, passesDescriptors: passesDescriptors)
        pair.far.send("bye")
        pair.far.close()
        stage.run(until: { witness.isClosed })
        #expect(witness.happenings == [.received("bye"), .closed("closed by peer")])
        #expect(connection.isClosed)
    }

    @Test func doesNotSpinOnAnEndedInput() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        pair.far.halfClose()
        stage.run(until: { witness.happenings == [.ended] })
        var isOver = false
        let timer = Timer(loop: stage.loop) { isOver = true }
        timer.set(after: .milliseconds(30))
        let before = stage.looks
        stage.run(until: { isOver })
        // A turn each for the waking, for the edge that announces the state, and for the timer, which may come early.
        #expect(stage.looks - before < 20)
        withExtendedLifetime(connection) {}
    }

    @Test func sendsABacklogAfterTheInputHasEnded() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let connection = Connection(pair, witness, stage)
        let bytes = [UInt8](repeating: 7, count: 300_000)
        connection.queue(bytes[...], endsMessage: true)
        stage.turn()
        pair.far.halfClose()
        stage.run(until: {
            _ = pair.far.receiveBytes()
            return witness.happenings.last == .unsent(0, beyondCurrent: 0)
        })
        _ = pair.far.receiveBytes()
        #expect(pair.far.bytes == bytes)
        #expect(witness.happeningsOfInput == [.ended])
        pair.far.close()
        stage.run(until: { witness.isClosed })
    }

    @Test func noticesThatTheReaderOfABacklogHasGone() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let connection = Connection(pair, witness, stage)
        connection.queue([UInt8](repeating: 7, count: 300_000)[...], endsMessage: true)
        stage.turn()
        connection.pauseReading()
        pair.far.close()
        stage.run(until: { witness.isClosed })
        #expect(connection.isClosed)
    }

    @Test func tellsAResetOfAPeerThatLeftThingsUnread() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        connection.queue("unread")
        stage.turn()
        pair.far.close()
        stage.run(until: { witness.isClosed })
        #expect(witness.happenings == [.closed("connection reset by peer")])
        #expect(connection.isClosed)
    }

    @Test func deliversWhatThePeerSaidBeforeSendingFailed() throws {
        let (pair, pipe) = (try SocketPair(), try PassedPipe())
        let connection = Connection(pair, witness, stage)
        witness.reaction = { happening, connection in
            if case .received = happening { connection.queue("too late") }
        }
        // Takes several turns to read, since the byte with the descriptor is searched for.
        pair.far.send([UInt8](repeating: 1, count: 5000))
        pair.far.send("last", descriptors: [pipe.passed])
        pair.far.close()
        stage.run(until: { witness.isClosed })
        #expect(witness.bytes.count == 5004)
        #expect(witness.offsetsOfDescriptors == [5000])
        #expect(witness.happenings.last == .closed("closed by peer"))
        #expect(connection.isClosed)
    }

    /// A reset that follows a half-close is a broken pipe (tcp_input.c, `tcp_reset`).
    @Test(arguments: [(false, "connection reset by peer"), (true, "closed by peer")])
    func tellsAResetOverTCP(afterHalfClose: Bool, reason: String) throws {
        var accepted: AcceptedSocket?
        let listener = try Listener(
            address: .tcp(host: "127.0.0.1", port: 0),
            loop: stage.loop,
            onAccept: { accepted = $0 },
            onFailure: { _ in }
        )
        var far: FarEnd?
        let connector = Connector(to: listener.boundAddress, loop: stage.loop) { result in
            far = (try? result.get()).map(FarEnd.init)
        }
        stage.run(until: { accepted != nil && far != nil })
        let connection = Connection(
            descriptor: try #require(accepted).descriptor,
            tag: 1,
            passesDescriptors: false,
            loop: stage.loop,
            delegate: witness
        )
        far?.send("cut")
        stage.run(until: { witness.happenings == [.received("cut")] })
        if afterHalfClose {
            far?.halfClose()
            stage.run(until: { witness.happenings.last == .ended })
        }
        far?.reset()
        stage.run(until: { witness.isClosed })
        #expect(witness.happenings.last == .closed(reason))
        withExtendedLifetime((connector, connection)) {}
    }

    // MARK: Our own end

    @Test func finishesWhenTheLastByteIsSentEvenIfItsOwnerForgotIt() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let bytes = [UInt8](repeating: 3, count: 300_000)
        var connection: Connection? = Connection(pair, witness, stage)
        weak let observed = connection
        connection?.queue(bytes[...], endsMessage: true)
        connection?.finish()
        connection?.queue("not any more")
        connection = nil
        stage.run(until: {
            _ = pair.far.receiveBytes()
            return witness.isClosed
        })
        _ = pair.far.receiveBytes()
        #expect(pair.far.bytes == bytes)
        #expect(pair.far.receive() == "")
        #expect(witness.happenings.last == .closed("closed by us"))
        #expect(observed == nil)
    }

    @Test func finishingDoesNotResetAPeerWhoseWordsNobodyRead() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        connection.queue("good bye")
        connection.finish()
        pair.far.send("ignored")
        stage.run(until: { witness.isClosed })
        #expect(pair.far.receive() == "good bye")
        #expect(pair.far.receive() == "")
        #expect(witness.happenings == [.closed("closed by us")])
    }

    @Test func finishingTellsThatThePeerWasGoneAlready() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        connection.queue("lost")
        connection.finish()
        pair.far.close()
        stage.run(until: { witness.isClosed })
        #expect(witness.happenings == [.closed("closed by peer")])
    }

    @Test func closesAtOnceAndTellsAtTheEndOfTheTurn() throws {
        let pair = try SocketPair()
        let connection = Connection(pair, witness, stage)
        connection.queue("lost")
        connection.close()
        connection.close()
        connection.finish()
        #expect(pair.far.receive() == "")
        #expect(witness.happenings == [])
        stage.turn()
        stage.turn()
        #expect(witness.happenings == [.closed("closed by us")])
    }

    @Test func aFinishThatNobodyReadsIsEndedByClose() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let connection = Connection(pair, witness, stage)
        connection.queue([UInt8](repeating: 3, count: 300_000)[...], endsMessage: true)
        connection.finish()
        stage.turn()
        #expect(!witness.isClosed)
        connection.close()
        stage.turn()
        #expect(witness.happenings.last == .closed("closed by us"))
    }

    @Test func isClosedWhenItsOwnerGivesItUp() throws {
        let pair = try SocketPair()
        var connection: Connection? = Connection(pair, witness, stage)
        weak let observed = connection
        stage.turn()
        connection = nil
        #expect(observed == nil)
        #expect(pair.far.receive() == "")
        stage.turn()
        #expect(witness.happenings == [])
    }
}
