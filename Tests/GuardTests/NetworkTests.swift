import Testing

@testable import Guard

/// Hosts' numbers and networks, in both protocols.
@Suite(.timeLimit(.minutes(15)))
struct NetworkTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("10.0.0.0/8", "10.255.255.255"), ("0.0.0.0/0", "192.168.1.1"),
        ("10.0.0.1/32", "10.0.0.1"), ("10.0.0.1", "::ffff:10.0.0.1"), ("10.0.0.1", "::ffff:a00:1"),
        ("::ffff:10.0.0.0/104", "10.1.2.3"), ("::1", "::1"), ("::1", "0:0:0:0:0:0:0:1"), ("fd00::/8", "fdff::1"),
        ("::/0", "fe80::1%eth0"), ("::/0", "10.0.0.1"), ("fe80::1", "fe80::1%eth0"), ("2001:DB8::/32", "2001:db8:1::"),
        ("1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:8"), ("::ffff:0:0/96", "8.8.8.8"),
    ])
    func holdsAHost(network: String, host: String) throws {
        #expect(try #require(Network(parsing: network)).contains(host: host))
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.2"), ("10.0.0.0/8", "11.0.0.0"), ("0.0.0.0/0", "::1"), ("::1", "::2"),
        ("fd00::/8", "fe00::1"), ("10.0.0.0/31", "10.0.0.2"), ("::/0", "localhost"), ("::/0", ""),
    ])
    func holdsNoOther(network: String, host: String) throws {
        #expect(try !#require(Network(parsing: network)).contains(host: host))
    }

    @Test(arguments: [
        "", "localhost", "10.0.0", "10.0.0.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1/33", "10.0.0.1/8", "10.0.0.0/",
        "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8", "+1.0.0.1", "10.0..1", "0x0a.0.0.1", ":", ":::", "1::2::3",
        "::12345", "::g",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", ":1", "1:", "::1/129", "::1/64", "1.2.3.4::",
        "::1%eth0", "[::1]", "::+1", "*",
    ])
    func isNotMadeOfAnythingElse(text: String) {
        #expect(Network(parsing: text) == nil)
    }
}
