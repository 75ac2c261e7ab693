import Glibc
import Libevent
import Testing

/// A loop for one test, run until a fact holds.
final class Stage {
    let loop: EventLoop
    /// How often it was looked whether the fact holds.
    private(set) var looks = 0

    init(isPrecise: Bool = false) throws {
        loop = try EventLoop(isPrecise: isPrecise)
    }

    deinit {
        // A loop keeps what has a last word to say until it has run.
        loop.beforeFlush = [{ [unowned loop] in loop.stop() }]
        loop.wake()
        loop.run()
        loop.beforeFlush = []
    }

    /// Runs turns until `fact` holds before a flush or at the end of one; records an issue after ten seconds.
    func run(until fact: @escaping () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) {
        let limit = Timer(loop: loop) { [loop] in
            Issue.record("the loop waited in vain", sourceLocation: sourceLocation)
            loop.stop()
        }
        limit.set(after: .seconds(10))
        let look = { [unowned self] in
            looks += 1
            if fact() { loop.stop() }
        }
        loop.beforeFlush = [look]
        loop.wake()
        loop.run()
        loop.beforeFlush = []
    }

    /// Runs one turn, with what is there already.
    func turn() {
        run(until: { true })
    }
}

/// Writes down what a connection tells, and does what a test wants of it.
final class Witness: ConnectionDelegate {
    enum Happening: Equatable {
        case received(String, descriptors: [FileIdentity])
        case ended
        case closed(String)
        case unsent(Int, beyondCurrent: Int)
        case lostDescriptors(kept: Int)

        static func received(_ text: String) -> Happening {
            .received(text, descriptors: [])
        }
    }

    private(set) var happenings: [Happening] = []
    private(set) var bytes: [UInt8] = []
    /// Where in all the bytes the sets of descriptors came.
    private(set) var offsetsOfDescriptors: [Int] = []
    var reaction: (Happening, Connection) -> Void = { _, _ in }

    var isClosed: Bool {
        happenings.contains { if case .closed = $0 { true } else { false } }
    }

    /// What came, without the reports of unsent bytes.
    var happeningsOfInput: [Happening] {
        happenings.filter { if case .unsent = $0 { false } else { true } }
    }

    private func note(_ happening: Happening, _ connection: Connection) {
        happenings.append(happening)
        reaction(happening, connection)
    }

    func connection(_ connection: Connection, received bytes: ArraySlice<UInt8>, descriptors: [DescriptorHandle]) {
        if !descriptors.isEmpty {
            offsetsOfDescriptors.append(self.bytes.count)
        }
        self.bytes += bytes
        let identities = descriptors.map { FileIdentity(of: $0.number ?? -1) }
        note(.received(String(decoding: bytes, as: UTF8.self), descriptors: identities), connection)
    }

    func connectionEnded(_ connection: Connection) {
        note(.ended, connection)
    }

    func connection(_ connection: Connection, closed reason: String) {
        note(.closed(reason), connection)
    }

    func connection(_ connection: Connection, unsent bytes: Int, beyondCurrent: Int) {
        note(.unsent(bytes, beyondCurrent: beyondCurrent), connection)
    }

    func connection(_ connection: Connection, lostDescriptorsBeyond kept: Int) {
        note(.lostDescriptors(kept: kept), connection)
    }
}

extension Connection {
    /// A connection at our end of a pair.
    convenience init(
        _ pair: SocketPair,
        _ witness: Witness,
        _ stage: Stage,
        tag: Int = 1,
        passesDescriptors: Bool = true
    ) {
        self.init(
            descriptor: pair.ours,
            tag: tag,
            passesDescriptors: passesDescriptors,
            loop: stage.loop,
            delegate: witness
        )
    }

    func queue(_ text: String, descriptors: [DescriptorHandle] = []) {
        queue(Array(text.utf8)[...], endsMessage: true, descriptors: descriptors)
    }
}
