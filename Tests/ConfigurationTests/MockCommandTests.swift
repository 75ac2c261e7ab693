import ArgumentParser
import Libevent
import QMP
import Recording
import Testing

@testable import ProxyCommand

/// What `mock` may be told, and how it refuses the rest.
@Suite(.timeLimit(.minutes(15)))
struct MockCommandTests {
    @Test func takesEveryFlag() throws {
        let flags = """
            a.qmprec --listen unix:l --listen tcp:[::1]:0 --match any --ignore /arguments/id --ignore /arguments/*/x \
            --reuse --speed max --idle-limit 1s --client 2 --max-clients 1 --socket-mode 0660 --require-all \
            --ready-fd 3 --log-level debug
            """
        let faults = ["--fault", "query-*: delay 500ms", "--fault", "stop #2: silence"]
        let mock = try Mock.parse(flags.split(separator: " ").map(String.init) + faults)
        #expect(mock.recordings == ["a.qmprec"])
        #expect(mock.listen == [.unix(path: "l"), .tcp(host: "::1", port: 0)])
        var settings = PlaybackSettings()
        settings.match = .any
        settings.ignored = [try JSONPointer(parsing: "/arguments/id"), try JSONPointer(parsing: "/arguments/*/x")]
        settings.reuses = true
        settings.speed = .max
        settings.idleMax = .seconds(1)
        settings.client = 2
        settings.faults = [try Fault(parsing: "query-*: delay 500ms"), try Fault(parsing: "stop #2: silence")]
        #expect(mock.settings == settings)
        #expect(mock.serving.maxClients == 1)
        #expect(mock.serving.socketMode == 0o660)
        #expect(mock.requireAll)
        #expect(mock.readyFd == 3)
        #expect(mock.logLevel == .debug)
    }

    @Test(arguments: [
        (["--match", "best"], "The value 'best' is invalid for '--match <HOW>': wanted is strict, ordered or any"),
        (
            ["--ignore", "id"],
            "The value 'id' is invalid for '--ignore <POINTER>': \"id\" is no JSON pointer: it must begin with /"
        ),
        (["--client", "0"], "The value '0' is invalid for '--client <N>': wanted is a whole number from 1"),
        (
            ["--ready-fd", "x"],
            "The value 'x' is invalid for '--ready-fd <N>': wanted is the number of an open descriptor, such as 3"
        ),
        (["--listne", "unix:l"], "Unknown option '--listne'. Did you mean '--listen'?"),
    ])
    func refusesFlagsThatCannotBeRead(flags: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try QMPProxy.parseAsRoot(["mock", "a.qmprec"] + flags) }
        #expect(error.map { QMPProxy.message(for: $0) } == message)
        #expect(error.map { QMPProxy.exitCode(for: $0) } == ExitCode(64))
    }

    @Test func listensOnAllAddressesWithOneRecording() throws {
        let addresses = [Address.unix(path: "l"), .tcp(host: "::1", port: 4)]
        let all = try MockListeners.parse(["x=y.qmprec"], listen: addresses)
        #expect(all.map(\.path) == ["x=y.qmprec"])
        #expect(all.map(\.listeners) == [addresses])
    }

    @Test func listensWithEachRecordingOnItsAddress() throws {
        let all = try MockListeners.parse(["x=y.qmprec=unix:l", "b=tcp:h:0", "c=tcp:h:0"], listen: [])
        #expect(all.map(\.path) == ["x=y.qmprec", "b", "c"])
        #expect(all.map(\.listeners) == [[.unix(path: "l")], [.tcp(host: "h", port: 0)], [.tcp(host: "h", port: 0)]])
    }

    @Test(arguments: [
        (
            ["a"], [],
            "a: where clients connect is missing: wanted is --listen unix:/tmp/qmp.sock or a=unix:/tmp/qmp.sock"
        ),
        (["a=unix:l", "b"], [], "b: where clients connect is missing: wanted is b=unix:/tmp/qmp.sock"),
        (["a", "b"], ["l"], "a: wanted is RECORDING=ADDRESS for each of several recordings, not --listen"),
        (["a=unix:m"], ["l"], "--listen and a=unix:m: the address stands in one of them alone"),
        (["=unix:m"], [], "=unix:m: a recording is wanted before =, such as vm0.qmprec=unix:m"),
        (["a=tcp:h"], [], "a=tcp:h: \"tcp:h\" is no address: the port is missing; wanted is tcp:HOST:PORT"),
        (["a=unix:l", "b=unix:l"], [], "a and b would both listen on unix:l: wanted is another for one of them"),
        (["a"], ["l", "l"], "a would listen on unix:l twice"),
    ])
    func refusesWhatCannotBeListenedOn(recordings: [String], paths: [String], message: String) {
        let listen = paths.map { Address.unix(path: $0) }
        let error = #expect(throws: MockListeners.Invalid.self) { try MockListeners.parse(recordings, listen: listen) }
        #expect(error?.description == message)
    }

    @Test func refusesAPathThatIsTooLongForASocket() {
        let path = String(repeating: "x", count: 108)
        let error = #expect(throws: MockListeners.Invalid.self) {
            try MockListeners.parse(["a"], listen: [.unix(path: path)])
        }
        let reason = "the path is too long, 108 bytes; a socket file's path has at most 107"
        #expect(error?.description == "unix:\(path): \(reason)")
    }
}
