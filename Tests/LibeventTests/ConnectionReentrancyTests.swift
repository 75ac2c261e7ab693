import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ConnectionReentrancyTests {
    let stage: Stage
    let witness = Witness()

    init() throws {
        stage = try Stage()
    }

    @Test(arguments: [0, 1])
    func aCallbackMayGiveUpAnyConnection(reader: Int) throws {
        let pairs = [try SocketPair(), try SocketPair()]
        var connections: [Connection?] = pairs.enumerated().map { Connection($1, witness, stage, tag: $0) }
        // Both are readable in this turn; whoever comes first gives both up.
        witness.reaction = { _, _ in connections = [nil, nil] }
        pairs[reader].far.send("a")
        pairs[1 - reader].far.send("b")
        stage.turn()
        #expect(witness.bytes.count == 1)
        #expect(pairs.map(\.far.isLeft) == [true, true])
        #expect(connections.compactMap(\.self).isEmpty)
    }

    @Test func aCallbackMayFinishAndPauseAnotherConnection() throws {
        let pairs = [try SocketPair(), try SocketPair(), try SocketPair()]
        let connections = pairs.enumerated().map { Connection($1, witness, stage, tag: $0) }
        witness.reaction = { happening, connection in
            guard connection.tag == 0, case .received = happening else { return }
            connections[1].queue("you may go")
            connections[1].finish()
            connections[2].pauseReading()
            connections[0].close()
        }
        pairs[0].far.send("go")
        stage.turn()
        pairs[2].far.send("unheard")
        stage.turn()
        #expect(pairs[1].far.receive() == "you may go")
        #expect(pairs.prefix(2).map { $0.far.receive() } == ["", ""])
        #expect(witness.happenings == [.received("go"), .closed("closed by us"), .closed("closed by us")])
    }

    @Test func aReportOfUnsentBytesMayCloseTheConnection() throws {
        let pair = try SocketPair(sendBuffer: 4096)
        let connection = Connection(pair, witness, stage)
        witness.reaction = { happening, connection in
            if case .unsent = happening { connection.close() }
        }
        connection.queue([UInt8](repeating: 3, count: 300_000)[...], endsMessage: true)
        stage.run(until: { witness.isClosed })
        #expect(witness.happenings.count == 2)
    }
}
