import QMP
import Testing

/// The conformance suite as far as the proxy answers itself: what is forwarded takes its place in the order of replies,
/// and is QEMU's to answer.
@Suite(.timeLimit(.minutes(15)))
struct DialectTests {
    static let greeting: Greeting = {
        var decoder = MonitorDecoder()
        decoder.append(
            Bytes(
                text: """
                    {"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, \
                    "capabilities": ["oob"]}}\r\n
                    """
            )
        )
        guard let message = try? decoder.next(), let greeting = Greeting(message) else {
            preconditionFailure("the greeting is none")
        }
        return greeting
    }()

    /// What was answered here, `nil` where a command was forwarded.
    static func replies(to input: [UInt8], of dialectCase: DialectCase, pieces: Int) -> [Bytes?] {
        var session = ServerSession(greeting: greeting)
        var decoder = FrameDecoder()
        var replies: [Bytes?] = []
        func drain() {
            while let frame = decoder.next() {
                switch frame {
                case .skipped: break
                case .invalid(_, let error): replies.append(session.failure(error, to: nil))
                case .message(let message):
                    switch session.decide(message) {
                    case .answer(let reply): replies.append(reply)
                    case .command: replies.append(nil)
                    }
                }
            }
        }
        if dialectCase.negotiates {
            let arguments = dialectCase.withOutOfBand ? #", "arguments": {"enable": ["oob"]}"# : ""
            decoder.append(Bytes(text: #"{"execute": "qmp_capabilities"\#(arguments)}"#))
            drain()
            replies = []
        }
        for start in stride(from: 0, to: input.count, by: pieces) {
            decoder.append(Array(input[start..<min(start + pieces, input.count)])[...])
            drain()
        }
        return replies
    }

    @Test(arguments: DialectCase.all.filter { !$0.isSlow })
    func answersAsQEMUDid(_ dialectCase: DialectCase) {
        expectReplies(dialectCase, pieces: max(dialectCase.input.count, 1))
    }

    @Test(arguments: DialectCase.all.filter { !$0.isSlow })
    func answersTheSameByteByByte(_ dialectCase: DialectCase) {
        expectReplies(dialectCase, pieces: 1)
    }

    @Test(arguments: DialectCase.all.filter(\.isSlow))
    func holdsTheLargeLimits(_ dialectCase: DialectCase) {
        expectReplies(dialectCase, pieces: 1 << 16)
    }

    private func expectReplies(_ dialectCase: DialectCase, pieces: Int) {
        let replies = Self.replies(to: dialectCase.input, of: dialectCase, pieces: pieces)
        #expect(replies.count == dialectCase.replies.count)
        for (reply, expected) in zip(replies, dialectCase.replies) {
            guard let reply else { continue }
            #expect(expected.matches(reply), "\(reply.text) instead of \(expected)")
        }
    }
}
