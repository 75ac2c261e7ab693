import Libevent
import ProxyIO
import Testing

@testable import ProxyCommand

/// What `--check-config` says, and what is warned of.
@Suite(.timeLimit(.minutes(15)))
struct ConfigurationSummaryTests {
    @Test func saysEverything() {
        let monitor = MonitorConfiguration(
            name: "vm0",
            monitor: .connect(.unix(path: "q")),
            listeners: [.unix(path: "l"), .tcp(host: "::", port: 4)],
            socketMode: 0o60
        )
        let summary = """
            vm0
              qemu:               unix:q
              listen:             unix:l
              listen:             tcp:[::]:4
              record:             nothing
              max-clients:        1024
              keep-clients:       false
              socket-mode:        0060
              warning: tcp:[::]:4 is open to the network, without authentication
            """
        #expect(monitor.summary == summary)
    }

    @Test func warnsOfWhatWeListenOnOnly() {
        let listeners = [Address.tcp(host: "0.0.0.0", port: 2), .tcp(host: "localhost", port: 3)]
        let monitor = MonitorConfiguration(
            name: "vm0",
            monitor: .connect(.tcp(host: "10.0.0.1", port: 1)),
            listeners: listeners
        )
        #expect(monitor.warnings == ["tcp:0.0.0.0:2 is open to the network, without authentication"])
        let waiting = MonitorConfiguration(
            name: "vm0",
            monitor: .listen(.tcp(host: "10.0.0.1", port: 1)),
            listeners: [.unix(path: "l")]
        )
        #expect(waiting.warnings == ["tcp:10.0.0.1:1 is open to the network, without authentication"])
    }

    @Test(arguments: [
        ("unix:/run/qmp.sock", false), ("tcp:localhost:1", false), ("tcp:LocalHost:1", false), ("tcp:[::1]:1", false),
        ("tcp:127.0.0.1:1", false), ("tcp:127.255.255.254:1", false), ("tcp:127.1:1", false),
        ("tcp:0.0.0.0:1", true), ("tcp:[::]:1", true), ("tcp:10.0.0.1:1", true), ("tcp:vm.example.org:1", true),
        ("tcp:127.example.org:1", true), ("tcp:128.0.0.1:1", true), ("tcp:[fe80::1%eth0]:1", true),
    ])
    func knowsWhatIsOpenToTheNetwork(text: String, isOpen: Bool) throws {
        #expect(try Address(parsing: text).isOpenToNetwork == isOpen)
    }
}
