import Foundation
import Testing

/// The conformance suite through the real proxy, in front of the real QEMU that it was taken from.
@Suite(.onWorkbench, .showingLogs)
struct DialectTests {
    /// A case on its connection.
    private struct Attempt {
        let dialectCase: DialectCase
        let client: RawClient

        init(_ dialectCase: DialectCase, through proxy: Proxy) throws {
            self.dialectCase = dialectCase
            client = try proxy.connect()
            switch dialectCase.phase {
            case .command: try client.negotiate(outOfBand: dialectCase.negotiatesOutOfBand)
            case .negotiation: _ = try client.readLine()
            }
        }

        /// What a reply that is quoted whole, or described by `<LENGTH bytes: BEGINNING...>`, looks like here.
        private func described(_ line: String, like expected: String?) -> String {
            guard let expected, expected.hasPrefix("<") else { return line }
            let beginning = expected.split(separator: " bytes: ", maxSplits: 1).last?.count ?? 0
            return "<\(line.utf8.count) bytes: \(line.prefix(beginning - "...>".count))...>"
        }

        /// Reads what comes up to the probe's reply and compares.
        func expectReplies(within limit: Duration = Deadline.patience) throws {
            let expected = dialectCase.expected + dialectCase.expectedAfterProbe
            var lines: [String] = []
            switch dialectCase.probe {
            case .answered, .answeredAfter: lines = try client.readLines(through: "\"id\": \"probe\"", within: limit)
            case .swallowed: #expect(client.isSilent(), "\(dialectCase.name)")
            }
            lines = lines.enumerated().map { index, line in
                described(line, like: index < expected.count ? expected[index] : nil)
            }
            if dialectCase.phase == .negotiation { lines = try withoutProbe(lines) }
            if dialectCase.isRacy {
                #expect(lines.sorted() == expected.sorted(), "\(dialectCase.name)")
            } else {
                #expect(lines == expected, "\(dialectCase.name)")
            }
        }

        /// The suite does not say how a probe before the end of the negotiation is answered; that it is will do.
        private func withoutProbe(_ lines: [String]) throws -> [String] {
            let last = try #require(lines.last)
            let refusal = "Expecting capabilities negotiation with 'qmp_capabilities'"
            #expect(last == DialectCase.probeReply || last.contains(refusal), "\(dialectCase.name)")
            return lines.dropLast()
        }
    }

    private static let isPatient = ProcessInfo.processInfo.environment["QMP_PROXY_SLOW"] == "1"

    /// A program that lets everything pass, once it has seen it.
    private static let program =
        "exec python3 -uc 'import sys, json\nfor line in sys.stdin:\n  told = json.loads(line)\n"
        + "  if told[\"type\"] == \"command\": print(json.dumps("
        + "dict(type=\"verdict\", command=told[\"command\"], forward=True)))'"

    /// Plugins that let everything pass change nothing, be they told of it all.
    private static let plugins = [
        "--plugin", "pass", "--plugin", "guard", "--set", "guard.default=allow", "--plugin", "exec",
        "--set", "exec.command=\(program)", "--set", "exec.commands=*", "--set", "exec.events=*",
        "--set", "exec.replies=*", "--set", "exec.timeout=60s",
    ]

    @Test(arguments: [[], plugins])
    func everyCaseIsAnsweredAsByQEMUWhileAllOthersSpeakToo(_ arguments: [String]) throws {
        let qemu = try QEMU()
        let proxy = try Proxy(["--qemu", "\(qemu.address())"], arguments)
        let attempts = try DialectCase.all().filter { !$0.isSlow }.map { try Attempt($0, through: proxy) }
        try #require(attempts.count >= 159)
        for attempt in attempts { try attempt.client.send(attempt.dialectCase.input) }
        for attempt in attempts { try attempt.client.send(DialectCase.probeCommand) }
        for attempt in attempts { try attempt.expectReplies() }
    }

    @Test func everyCaseIsAnsweredAsByQEMUOnItsOwn() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        for dialectCase in try DialectCase.all() where !dialectCase.isSlow {
            let attempt = try Attempt(dialectCase, through: proxy)
            for byte in dialectCase.input.prefix(200) { try attempt.client.send([byte]) }
            try attempt.client.send(Array(dialectCase.input.dropFirst(200)))
            try attempt.client.send(DialectCase.probeCommand)
            try attempt.expectReplies()
        }
    }

    /// They take minutes, since QEMU reads one byte at a time: with `QMP_PROXY_SLOW=1`.
    @Test(arguments: isPatient ? try DialectCase.all().filter(\.isSlow) : [])
    func theLargestDocumentsAreAnsweredAsByQEMU(_ dialectCase: DialectCase) throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        let attempt = try Attempt(dialectCase, through: proxy)
        let input = dialectCase.input
        let limit = Duration.seconds(600)
        try attempt.client.send(input, within: limit)
        try attempt.client.send(DialectCase.probeCommand)
        try attempt.expectReplies(within: limit)
    }
}
