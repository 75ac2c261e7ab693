import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct AddressTests {
    static let legal: [(String, Address)] = [
        ("unix:/run/vm0/qmp.sock", .unix(path: "/run/vm0/qmp.sock")),
        ("unix:relative", .unix(path: "relative")),
        ("unix:with:colon and blank", .unix(path: "with:colon and blank")),
        ("unix:" + String(repeating: "é", count: 53) + "x", .unix(path: String(repeating: "é", count: 53) + "x")),
        ("tcp:localhost:4444", .tcp(host: "localhost", port: 4444)),
        ("tcp:10.0.0.1:0", .tcp(host: "10.0.0.1", port: 0)),
        ("tcp:0.0.0.0:65535", .tcp(host: "0.0.0.0", port: 65535)),
        ("tcp:[::1]:4444", .tcp(host: "::1", port: 4444)),
        ("tcp:[::]:1", .tcp(host: "::", port: 1)),
        ("tcp:[fe80::1%eth0]:1", .tcp(host: "fe80::1%eth0", port: 1)),
    ]

    @Test(arguments: legal)
    func isReadAndWrittenInTheSameForm(text: String, address: Address) throws {
        #expect(try Address(parsing: text) == address)
        #expect(address.description == text)
    }

    static let illegal: [(String, String)] = [
        ("", "wanted is unix:PATH or tcp:HOST:PORT"),
        ("/run/x.sock", "wanted is unix:PATH or tcp:HOST:PORT"),
        ("UNIX:/x", "wanted is unix:PATH or tcp:HOST:PORT"),
        ("unix:", "the path is missing; wanted is unix:PATH"),
        ("unix:a\0b", "the path holds a NUL"),
        ("tcp:", "the port is missing; wanted is tcp:HOST:PORT"),
        ("tcp:localhost", "the port is missing; wanted is tcp:HOST:PORT"),
        ("tcp:localhost:", "the port is missing"),
        ("tcp::4444", "the host is missing; wanted is tcp:HOST:PORT"),
        ("tcp:h:65536", "the port 65536 is not between 0 and 65535"),
        ("tcp:h:99999999999999999999", "the port 99999999999999999999 is not between 0 and 65535"),
        ("tcp:h:+1", "the port \"+1\" is no number"),
        ("tcp:h:-1", "the port \"-1\" is no number"),
        ("tcp:h:1 ", "the port \"1 \" is no number"),
        ("tcp:h:٣", "the port \"٣\" is no number"),
        ("tcp:::1:4444", "an IPv6 address stands in brackets: tcp:[IPV6]:PORT"),
        ("tcp:[::1:4444", "the bracket ] is missing; wanted is tcp:[IPV6]:PORT"),
        ("tcp:[::1]", "the port is missing; wanted is tcp:[IPV6]:PORT"),
        ("tcp:[::1]4444", "the port is missing; wanted is tcp:[IPV6]:PORT"),
        ("tcp:[]:1", "\"\" is no IPv6 address, and only these stand in brackets"),
        ("tcp:[localhost]:1", "\"localhost\" is no IPv6 address, and only these stand in brackets"),
        ("tcp:a b:1", "the host holds white space, a control character or a bracket"),
        ("tcp:a\0:1", "the host holds white space, a control character or a bracket"),
        ("tcp:a]:1", "the host holds white space, a control character or a bracket"),
    ]

    @Test(arguments: illegal)
    func saysWhatIsWrongWithAText(text: String, reason: String) throws {
        let error = try #require(throws: Address.Invalid.self) { try Address(parsing: text) }
        #expect(error.reason == reason)
        #expect(error.description == "\"\(text)\" is no address: \(reason)")
    }
}
