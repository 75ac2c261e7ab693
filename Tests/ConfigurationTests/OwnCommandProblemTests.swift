import PluginKit
import Testing

@testable import ProxyCommand

/// Commands that would never get to the plugin which answers them are told of when the configuration is read.
@Suite(.timeLimit(.minutes(15)))
struct OwnCommandProblemTests {
    private struct Short: Plugin {
        static let name = "a"
        static let commands = ["x", "b-c"]
        init(settings: PluginSettings) {}
    }

    private struct Long: Plugin {
        static let name = "a-b"
        static let commands = ["c"]
        init(settings: PluginSettings) {}
    }

    private struct Query: Plugin {
        static let name = "query"
        static let commands = ["time", "status"]
        init(settings: PluginSettings) {}
    }

    private func told(_ names: String) throws -> [String] {
        try ConfigurationCase(
            yaml: "monitors: [{name: v, qemu: unix:q, listen: [unix:l], plugins: [\(names)]}]",
            plugins: [Short.self, Long.self, Query.self]
        ).told()
    }

    @Test(arguments: [
        (
            "a, a-b",
            "vm.yaml:1:67: monitors[0].plugins[1]: a-b answers __org.qmp-proxy_a-b-c, and so does a: "
                + "it is already monitors[0].plugins[0]"
        ),
        (
            "a-b:one, a",
            "vm.yaml:1:73: monitors[0].plugins[1]: a answers __org.qmp-proxy_a-b-c, and so does a-b:one: "
                + "it is already monitors[0].plugins[0]"
        ),
        (
            "query",
            "vm.yaml:1:64: monitors[0].plugins[0]: query answers __org.qmp-proxy_query-status, "
                + "and so does the proxy itself"
        ),
    ])
    func namesBothWhoAnswer(names: String, problem: String) throws {
        #expect(try told(names) == [problem])
    }

    @Test(arguments: ["a", "a-b"])
    func lacksNothingAlone(name: String) throws {
        #expect(try told(name) == [])
    }
}
