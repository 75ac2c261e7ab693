import PluginKit
import QMP
import Testing

@testable import Guard

/// A rule speaks of a command where all its conditions hold.
@Suite(.timeLimit(.minutes(15)))
struct GuardRuleTests {
    private static let user = Client.Peer.local(pid: 1, uid: 1000, gid: 100)
    private static let host = Client.Peer.internet(host: "10.1.2.3", port: 40000)
    private static let gone = Client.Peer.other("gone already")

    private func speaks(_ conditions: String, to peer: Client.Peer, allows: Bool = true) throws -> Bool {
        let list = allows ? "allow" : "deny"
        let settings = try PluginSettings(json: "{'\(list)': 'stop'\(conditions)}")
        let rule = try GuardRule(settings: settings, label: "rule 1", besides: [])
        let client = Client(number: 1, peer: peer, listener: "tcp:10.0.0.1:7700", policy: "lab")
        return rule.speaks(of: "stop", [], from: client)
    }

    @Test(arguments: [
        ("", user, true), ("", host, true), ("", gone, true),
        (", 'uid': 1000", user, true), (", 'uid': 0", user, false), (", 'uid': [0, '900-1000']", user, true),
        (", 'uid': '1001-2000'", user, false), (", 'uid': 1000", host, false), (", 'uid': 1000", gone, false),
        (", 'gid': 100", user, true), (", 'gid': 1000", user, false), (", 'uid': 1000, 'gid': 0", user, false),
        (", 'gid': '0-4294967295'", host, false), (", 'gid': '0-4294967295'", gone, false),
        (", 'address': '10.1.0.0/16'", host, true), (", 'address': '10.2.0.0/16'", host, false),
        (", 'address': ['::1', '10.1.2.3']", host, true), (", 'address': '0.0.0.0/0'", user, false),
        (", 'address': '0.0.0.0/0'", gone, false), (", 'address': '10.1.2.3', 'uid': 1000", host, false),
        (", 'listener': 'tcp:*'", user, true), (", 'listener': 'unix:*'", user, false),
        (", 'listener': ['unix:*', 'tcp:10.0.0.1:7700']", gone, true),
        (", 'policy': 'lab'", user, true), (", 'policy': ['x', 'lab']", user, true), (", 'policy': 'x'", user, false),
        (", 'arguments': {'a': '*'}", user, false),
    ])
    func allowsWhereItsConditionsHold(conditions: String, peer: Client.Peer, result: Bool) throws {
        #expect(try speaks(conditions, to: peer) == result)
    }

    @Test(arguments: [
        (", 'uid': 1000", gone, true), (", 'gid': 1", gone, true), (", 'address': '10.0.0.0/8'", gone, true),
        (", 'uid': 1000, 'policy': 'x'", gone, false), (", 'uid': 0", user, false),
        (", 'address': '10.0.0.0/8'", user, false), (", 'uid': 0", host, false),
    ])
    func deniesAlsoWhomNothingIsKnownOf(conditions: String, peer: Client.Peer, result: Bool) throws {
        #expect(try speaks(conditions, to: peer, allows: false) == result)
    }
}
