import Foundation
import Testing

/// Whose a descriptor is depends on the byte it comes with; through the proxy it is the same as without.
@Suite(.onWorkbench, .showingLogs)
struct DescriptorPlacementTests {
    /// Bytes and how many descriptors leave with the first of them, each piece one sendmsg(2).
    struct Scenario: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let pieces: [(text: String, descriptors: Int)]

        init(_ description: String, _ pieces: [(text: String, descriptors: Int)]) {
            testDescription = description
            self.pieces = pieces
        }
    }

    private static func add(_ id: String) -> String { #"{"execute": "add-fd", "id": "\#(id)"}"# }

    private static let wrongName = #"{"execute": "getfd", "arguments": {"fdname": "1"}}"#
    private static let name = #"{"execute": "query-name", "id": "name"}"#

    static let scenarios = [
        Scenario("with the command's first byte", [(add("a"), 1)]),
        Scenario("on a space before the command", [(" ", 1), (add("a"), 0)]),
        Scenario("on a line feed before the command", [(name + "\n", 0), ("\n", 1), (add("a"), 0)]),
        Scenario("in the middle of the command", [(#"{"execute": "#, 0), (#""add-fd", "id": "a"}"#, 1)]),
        Scenario("in the middle of a string", [(#"{"execute": "add"#, 0), (#"-fd", "id": "a"}"#, 1)]),
        Scenario("on the command's last byte", [(String(add("a").dropLast()), 0), ("}", 1)]),
        Scenario("behind the command", [(add("a"), 0), (" ", 1), (add("b"), 0)]),
        Scenario("with a command that takes none", [(name, 1), (add("a"), 0), (add("b"), 0)]),
        Scenario("replaced by the next", [(name, 1), (" ", 1), (add("a"), 0), (add("b"), 0)]),
        Scenario("two at once for two commands", [(add("a") + add("b"), 2)]),
        Scenario("one for the second of two in one piece", [(name + add("a") + name, 1)]),
        Scenario("merged with plain bytes before it", [(add("a"), 0), (add("b"), 0), (add("c"), 1), (add("d"), 0)]),
        Scenario("many plain bytes before it", [(String(repeating: name, count: 50) + add("a"), 0), (add("b"), 1)]),
        Scenario("one each in a row", (0..<8).map { (add("\($0)"), 1) }),
        Scenario("sixteen at once", [(add("a"), 16), (add("b"), 0)]),
        Scenario("seventeen at once", [(add("a"), 17), (add("b"), 0)]),
        Scenario("two hundred at once", [(name, 200), (add("a"), 0), (add("b"), 0)]),
        Scenario("with broken bytes", [("}", 1), (add("a"), 0)]),
        Scenario("with bytes that end in an error", [(#"{"execute": nonsense}"#, 1), (add("a"), 0), (add("b"), 0)]),
        Scenario("for a command that fails", [(#"{"execute": "add-fd", "arguments": {"x": 1}}"#, 1), (add("a"), 0)]),
        Scenario("for a name that is none", [(wrongName, 1), (add("a"), 0)]),
        Scenario("for an unknown command", [(#"{"execute": "add-fds"}"#, 1), (add("a"), 0), (add("b"), 0)]),
        Scenario("for a wrong envelope", [(#"{"execute": "add-fd", "x": 1}"#, 1), (add("a"), 0), (add("b"), 0)]),
        Scenario("for a repeated negotiation", [(RawClient.negotiation, 1), (add("a"), 0), (add("b"), 0)]),
        Scenario("two commands behind it in its piece", [(" " + name + add("a") + add("b"), 1)]),
    ]

    @Test(arguments: scenarios)
    func goesToTheSameCommandAsInQEMU(_ scenario: Scenario) throws {
        let reference = try QEMU()
        let qemu = try QEMU()
        let direct = try reference.connect()
        try direct.negotiate()
        let proxied = try Proxy(qemu).client()
        let expected = try replies(to: scenario, on: direct, from: reference)
        #expect(try replies(to: scenario, on: proxied, from: qemu) == expected)
        #expect(expected.count > 1)
    }

    /// The replies, with files in place of the numbers of descriptors.
    private func replies(to scenario: Scenario, on client: RawClient, from qemu: QEMU) throws -> [String] {
        let bench = Workbench.current
        var last = 0
        for (text, count) in scenario.pieces {
            let set = try (last..<last + count).map { try Descriptors.open(bench.path("file\($0)")) }
            last += count
            try client.send(text, descriptors: set)
            for descriptor in set { close(descriptor) }
        }
        try client.send(#"{"execute": "query-name", "id": "end"}"#)
        return try client.readLines(through: "\"id\": \"end\"").map { try qemu.namingFiles($0) }
    }
}
