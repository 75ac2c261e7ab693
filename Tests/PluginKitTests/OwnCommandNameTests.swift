import PluginKit
import Testing

/// Which of the commands that QEMU does not know only ask.
@Suite(.timeLimit(.minutes(15)))
struct OwnCommandNameTests {
    @Test(arguments: [
        "__org.qmp-proxy_query-status", "__org.qmp-proxy_colo-query-status", "__org.qmp-proxy_quiet-query-refused",
    ])
    func queriesOfTheProxyAndOfPluginsOnlyAsk(name: String) {
        #expect(OwnCommandName.isQuery(name))
    }

    /// What stands before `query-` must be the whole name of a plugin.
    @Test(arguments: [
        "query-status", "__org.qmp-proxy_mark", "__org.qmp-proxy_colo-failover", "__org.qmp-proxy_query",
        "__org.qmp-proxy_-query-log", "__org.qmp-proxy_log-drop-query-log", "__org.qmp-proxy_colo_query-status",
        "__com.example_colo-query-status", "x__org.qmp-proxy_query-status", "__org.qmp-proxy_Query-status",
    ])
    func othersMayDoAnything(name: String) {
        #expect(!OwnCommandName.isQuery(name))
    }
}
