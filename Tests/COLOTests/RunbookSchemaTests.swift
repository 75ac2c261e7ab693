import Foundation
import QMP
import Testing

@testable import COLO

/// Runbooks against what a QEMU says that it knows (answers of real ones: `QMPTests/Fixtures`).
@Suite(.timeLimit(.minutes(15)))
struct RunbookSchemaTests {
    private static func schema(_ file: String) throws -> RunbookSchema {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let reply = try Data(contentsOf: tests.appending(path: "QMPTests/Fixtures/\(file).bin"))
        let value = try JSONValue(parsing: Array(reply)[...])
        return try #require(RunbookSchema(value["return"] ?? .null))
    }

    @Test(arguments: ["sample-7.2/query-qmp-schema", "sample-10.0/query-qmp-schema", "sample-7.2/query-commands"])
    func takesAllThatCome(answer: String) throws {
        let schema = try Self.schema(answer)
        for shipped in Runbook.Shipped.allCases {
            #expect(throws: Never.self) { try schema.check(try Runbook.shipped(shipped)) }
        }
    }

    @Test(arguments: [
        (
            "{'execute': 'x-colo-lost-heartbeet'}",
            "this QEMU has no command x-colo-lost-heartbeet: did you mean x-colo-lost-heartbeat?"
        ),
        (
            "{'execute': 'stop', 'when': {'execute': 'query-nothing', 'return': {}}}",
            "this QEMU has no command query-nothing"
        ),
        ("{'wait': {'event': 'RESUMED'}}", "this QEMU has no event RESUMED"),
        (
            "{'execute': 'migrate', 'arguments': {'url': 'tcp:a:1'}}",
            "migrate: this QEMU knows no member 'url': did you mean uri?"
        ),
        ("{'execute': 'migrate'}", "migrate: member 'uri' is missing"),
        (
            "{'execute': 'object-add', 'arguments': {'qom-type': 'filter-mirror', 'id': 'm0', 'props': {}}}",
            "object-add: this QEMU knows no member 'props'"
        ),
        (
            "{'execute': 'migrate-set-parameters', 'arguments': {'x-checkpoint-delay': '$nbd-port'}}",
            "migrate-set-parameters: x-checkpoint-delay: wanted is a value of type int"
        ),
        (
            "{'execute': 'nbd-server-start', 'arguments': {'addr': {'type': 'inet', 'data': {'host': '', 'port': 1}}}}",
            "nbd-server-start: addr: data: port: wanted is a value of type string"
        ),
        (
            "{'execute': 'drive-mirror', 'arguments': {'device': 'a', 'target': 'b', 'sync': 'all'}}",
            "drive-mirror: sync: this QEMU wants one of top, full, none, incremental, bitmap"
        ),
        (
            "{'execute': 'migrate-set-capabilities', 'arguments': {'capabilities': {}}}",
            "migrate-set-capabilities: capabilities: wanted is an array"
        ),
    ])
    func refusesWhatThisQEMUDoesNotKnow(step: String, error: String) throws {
        let schema = try Self.schema("sample-7.2/query-qmp-schema")
        let runbook = try Runbook.of("# one\n\(step)")
        let invalid = #expect(throws: Runbook.Invalid.self) { try schema.check(runbook) }
        #expect(invalid?.description == "test.qmp:2: \(error)")
    }

    @Test func knowsOnlyNamesByQueryCommands() throws {
        let schema = try Self.schema("sample-7.2/query-commands")
        #expect(throws: Never.self) { try schema.check(try Runbook.of("{'execute': 'migrate'}")) }
        #expect(throws: Runbook.Invalid.self) { try schema.check(try Runbook.of("{'execute': 'migrat'}")) }
    }

    @Test func isNoneOfOtherAnswers() {
        #expect(RunbookSchema(.object([])) == nil)
        #expect(RunbookSchema(.array([.string("a")])) == nil)
    }

    @Test func comesWithEachFileThatIsThere() throws {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = top.appending(path: "Plugins/COLO/Runbooks").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(files.sorted() == Runbook.Shipped.allCases.map(\.file).sorted())
    }
}
