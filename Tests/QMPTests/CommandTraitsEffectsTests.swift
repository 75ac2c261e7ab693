import Foundation
import QMP
import Testing

/// Checked against the commands of real QEMUs.
@Suite(.timeLimit(.minutes(15)))
struct CommandTraitsEffectsTests {
    /// The names that QEMU told of a version.
    private func commands(_ version: String) throws -> [String] {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        let bytes = try Data(contentsOf: folder.appending(path: "sample-\(version)/query-commands.bin"))
        let names = try JSONValue(parsing: Array(bytes)[...])["return"]?.array?.compactMap { $0["name"]?.string }
        return try #require(names)
    }

    @Test(arguments: ["7.2", "10.0"])
    func whatIsNamedAQueryReadsButForTwo(version: String) throws {
        let queries = try commands(version).filter { $0.hasPrefix("query-") || $0.hasPrefix("x-query-") }
        let withEffects = queries.filter { !CommandTraits.isReadOnly($0) }
        #expect(Set(withEffects).isSubset(of: ["query-rx-filter", "x-query-profile"]))
        #expect(queries.count > 70)
    }

    @Test(arguments: ["7.2", "10.0"])
    func ofTheOthersOnlyTheseRead(version: String) throws {
        let others = try commands(version).filter { !$0.contains("query-") }
        let known: Set = [
            "device-list-properties", "qom-get", "qom-list", "qom-list-properties", "qom-list-types",
            "trace-event-get-state", "x-debug-block-dirty-bitmap-sha256", "xen-event-list",
        ]
        #expect(Set(others.filter(CommandTraits.isReadOnly)) == known.intersection(others))
        #expect(others.count > 130)
    }

    @Test(arguments: ["", "query-", "QUERY-STATUS", "query-status ", "query-tomorrow", "human-monitor-command"])
    func whatIsNotKnownHasEffects(name: String) {
        #expect(!CommandTraits.isReadOnly(name))
    }
}
