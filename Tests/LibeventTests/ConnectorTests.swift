import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ConnectorTests {
    let stage: Stage
    let directory: ScratchDirectory

    init() throws {
        stage = try Stage()
        directory = try ScratchDirectory()
    }

    private func connect(_ address: Address) throws -> Result<DescriptorHandle, SystemError> {
        var results: [Result<DescriptorHandle, SystemError>] = []
        let connector = Connector(to: address, loop: stage.loop) { results.append($0) }
        #expect(results.isEmpty)
        stage.run(until: { !results.isEmpty })
        stage.turn()
        #expect(results.count == 1)
        withExtendedLifetime(connector) {}
        return try #require(results.first)
    }

    private func failure(_ address: Address) throws -> SystemError {
        try #require(throws: SystemError.self) { try connect(address).get() }
    }

    @Test func connectsToAUnixSocket() throws {
        let living = try directory.bind("s", backlog: 1)
        let socket = try connect(directory.address("s")).get()
        let number = try #require(socket.number)
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0 && fcntl(number, F_GETFL) & O_NONBLOCK != 0)
        #expect(Peer(of: socket) == .local(pid: getpid(), uid: getuid(), gid: getgid()))
        withExtendedLifetime(living) {}
    }

    @Test func saysWhyAUnixSocketCannotBeReached() throws {
        let path = "unix:\(directory.path)"
        let missing = try failure(directory.address("s"))
        #expect(missing.description == "connect \(path)/s: No such file or directory")
        let silent = try directory.bind("silent")
        let refused = try failure(directory.address("silent"))
        #expect(refused.description == "connect \(path)/silent: Connection refused")
        let tooLong = try failure(.unix(path: String(repeating: "x", count: 108)))
        #expect(tooLong.code == ENAMETOOLONG)
        withExtendedLifetime(silent) {}
    }

    @Test func aFullQueueOfNewcomersIsAFailure() throws {
        let living = try directory.bind("s", backlog: 0)
        let first = try connect(directory.address("s")).get()
        #expect(try failure(directory.address("s")).code == EAGAIN)
        withExtendedLifetime((living, first)) {}
    }

    @Test func connectsOverTCPToTheAddressThatAnswers() throws {
        let listener = try Listener(
            address: .tcp(host: "127.0.0.1", port: 0),
            loop: stage.loop,
            onAccept: { _ in },
            onFailure: { _ in }
        )
        guard case .tcp(_, let port) = listener.boundAddress else { return }
        for host in ["127.0.0.1", "localhost"] {
            let socket = try connect(.tcp(host: host, port: port)).get()
            #expect(Peer(of: socket) == .internet(host: "127.0.0.1", port: port))
        }
        listener.close()
        let refused = try failure(listener.boundAddress)
        #expect(refused.description == "connect tcp:127.0.0.1:\(port): Connection refused")
    }

    @Test func saysWhenAHostHasNoAddress() throws {
        let host = String(repeating: "x", count: 300)
        let failure = try failure(.tcp(host: host, port: 1))
        #expect(failure.call == "getaddrinfo" && failure.code == 0 && !failure.reason.isEmpty)
    }

    @Test func aConnectorThatIsCancelledOrGivenUpIsSilent() throws {
        let living = try directory.bind("s", backlog: 1)
        var results = 0
        let cancelled = Connector(to: directory.address("s"), loop: stage.loop) { _ in results += 1 }
        var forgotten: Connector? = Connector(to: directory.address("s"), loop: stage.loop) { _ in results += 1 }
        cancelled.cancel()
        forgotten = nil
        stage.turn()
        stage.turn()
        #expect(results == 0 && forgotten == nil)
        withExtendedLifetime(living) {}
    }

    @Test func mayBeGivenUpInItsOwnAnswer() throws {
        var answered = false
        var connector: Connector?
        connector = Connector(to: directory.address("s"), loop: stage.loop) { _ in
            answered = true
            connector = nil
        }
        stage.run(until: { answered })
        #expect(connector == nil)
    }
}
