import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ListenerTests {
    let stage: Stage
    let directory: ScratchDirectory
    let accepted = Accepted()

    /// What a listener handed out.
    final class Accepted {
        var sockets: [AcceptedSocket] = []
        var failures: [SystemError] = []
        var reaction: () -> Void = {}
    }

    init() throws {
        stage = try Stage()
        directory = try ScratchDirectory()
    }

    private func listen(_ address: Address, mode: UInt32 = 0o600) throws -> Listener {
        try Listener(
            address: address,
            mode: mode,
            loop: stage.loop,
            onAccept: { [accepted] socket in
                accepted.sockets.append(socket)
                accepted.reaction()
            },
            onFailure: { [accepted] in accepted.failures.append($0) }
        )
    }

    private func failure(_ address: Address) throws -> ListenFailure {
        try #require(throws: ListenFailure.self) { try listen(address) }
    }

    /// Connects, with the loop running for it.
    private func connect(_ address: Address) throws -> FarEnd {
        var result: Result<DescriptorHandle, SystemError>?
        let connector = Connector(to: address, loop: stage.loop) { result = $0 }
        stage.run(until: { result != nil })
        withExtendedLifetime(connector) {}
        return FarEnd(try #require(result).get())
    }

    // MARK: Unix sockets

    @Test func tellsWhoConnected() throws {
        let listener = try listen(directory.address("s"))
        let far = try connect(listener.boundAddress)
        stage.run(until: { accepted.sockets.count == 1 })
        let socket = try #require(accepted.sockets.first)
        #expect(socket.peer == .local(pid: getpid(), uid: getuid(), gid: getgid()))
        #expect(socket.peer?.description == "pid \(getpid()) uid \(getuid()) gid \(getgid())")
        #expect(socket.passesDescriptors)
        let number = try #require(socket.descriptor.number)
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0 && fcntl(number, F_GETFL) & O_NONBLOCK != 0)
        socket.descriptor.close()
        #expect(far.isLeft)
    }

    @Test(arguments: [0o600, 0o660, 0o666, 0o777, 0o200] as [UInt32])
    func makesTheFileWithItsMode(mode: UInt32) throws {
        let listener = try listen(directory.address("s"), mode: mode)
        #expect(directory.status("s").st_mode == S_IFSOCK | mode)
        listener.close()
        #expect(directory.names == [])
    }

    @Test func removesTheFileWhenItIsGivenUp() throws {
        var listener: Listener? = try listen(directory.address("s"))
        #expect(directory.names == ["s"])
        listener = nil
        #expect(listener == nil && directory.names == [])
    }

    @Test func replacesAStaleSocketFile() throws {
        try directory.leaveStale("s")
        let listener = try listen(directory.address("s"))
        _ = try connect(listener.boundAddress)
        stage.run(until: { accepted.sockets.count == 1 })
    }

    @Test func leavesALivingSocketAlone() throws {
        let living = try listen(directory.address("s"))
        let before = directory.status("s").st_ino
        let failure = try failure(directory.address("s"))
        #expect(failure == .alreadyListening(directory.address("s")))
        #expect(failure.description == "somebody is already listening on unix:\(directory.path)/s")
        #expect(directory.status("s").st_ino == before)
        _ = try connect(living.boundAddress)
    }

    @Test func takesAFullQueueOfNewcomersForLife() throws {
        let living = try directory.bind("s", backlog: 0)
        _ = try connect(directory.address("s"))
        #expect(try failure(directory.address("s")) == .alreadyListening(directory.address("s")))
        withExtendedLifetime(living) {}
    }

    @Test func leavesOtherFilesAlone() throws {
        directory.write("file", "precious")
        symlink("\(directory.path)/nowhere", "\(directory.path)/link")
        for name in ["file", "link"] {
            let failure = try failure(directory.address(name))
            let path = "\(directory.path)/\(name)"
            #expect(failure == .notASocket(path: path))
            #expect(failure.description == "\(path) exists and is not a socket; it is left alone")
        }
        #expect(directory.status("file").st_size == 8 && directory.names.count == 2)
    }

    @Test func namesTheMissingDirectory() throws {
        let failure = try failure(directory.address("no/s"))
        let text = "the directory \(directory.path)/no for unix:\(directory.path)/no/s does not exist"
        #expect(failure.description == text)
    }

    @Test func saysWhenThePathIsTooLong() throws {
        let path = "/" + String(repeating: "x", count: 107)
        let failure = try failure(.unix(path: path))
        #expect(failure.description == "socket address unix:\(path): File name too long")
    }

    @Test func keepsAFileThatIsNoLongerOurs() throws {
        let listener = try listen(directory.address("s"))
        unlink("\(directory.path)/s")
        let other = try directory.bind("s")
        listener.close()
        #expect(directory.names == ["s"])
        withExtendedLifetime(other) {}
    }

    // MARK: TCP

    static let hosts = ["127.0.0.1", "::1", "localhost"]

    @Test(arguments: hosts)
    func listensOverTCPAtAPortOfTheKernelsChoice(host: String) throws {
        let listener = try listen(.tcp(host: host, port: 0))
        guard case .tcp(host, let port) = listener.boundAddress else {
            Issue.record("the host has changed: \(listener.boundAddress)")
            return
        }
        #expect(port != 0)
        let far = try connect(listener.boundAddress)
        stage.run(until: { accepted.sockets.count == 1 })
        guard case .internet(let peer, _) = accepted.sockets.first?.peer else {
            Issue.record("the peer is not of the internet")
            return
        }
        #expect(["127.0.0.1", "::1"].contains(peer) && accepted.sockets.first?.passesDescriptors == false)
        let failure = try failure(.tcp(host: host, port: port))
        #expect(failure.description == "somebody is already listening on \(listener.boundAddress)")
        withExtendedLifetime(far) {}
    }

    /// Where /etc/hosts gives `localhost` both.
    @Test(.enabled(if: familiesOfLocalhost.count == 2))
    func bothFamiliesOfANameHaveTheSamePort() throws {
        let listener = try listen(.tcp(host: "localhost", port: 0))
        guard case .tcp(_, let port) = listener.boundAddress else { return }
        let ends = [try connect(.tcp(host: "127.0.0.1", port: port)), try connect(.tcp(host: "::1", port: port))]
        stage.run(until: { accepted.sockets.count == 2 })
        withExtendedLifetime(ends) {}
    }

    @Test func saysWhenAHostIsNotOurs() throws {
        let failure = try failure(.tcp(host: "192.0.2.1", port: 1))
        #expect(failure.description == "bind tcp:192.0.2.1:1: Cannot assign requested address")
    }

    // MARK: Pauses

    @Test func newcomersWaitWhileItIsPaused() throws {
        let listener = try listen(directory.address("s"))
        listener.pause()
        let far = try connect(listener.boundAddress)
        stage.turn()
        stage.turn()
        #expect(accepted.sockets.isEmpty)
        listener.resume()
        stage.run(until: { accepted.sockets.count == 1 })
        #expect(!far.isLeft)
    }

    @Test func mayBePausedByTheOneItAccepted() throws {
        let listener = try listen(directory.address("s"))
        let ends = [try connectPaused(listener), try connectPaused(listener), try connectPaused(listener)]
        accepted.reaction = { listener.pause() }
        listener.resume()
        stage.run(until: { accepted.sockets.count == 1 })
        stage.turn()
        #expect(accepted.sockets.count == 1)
        accepted.reaction = {}
        listener.resume()
        stage.run(until: { accepted.sockets.count == 3 })
        withExtendedLifetime(ends) {}
    }

    @Test func mayBeGivenUpByTheOneItAccepted() throws {
        var listener: Listener? = try listen(directory.address("s"))
        let address = directory.address("s")
        accepted.reaction = { listener = nil }
        let far = try connect(address)
        stage.run(until: { accepted.sockets.count == 1 })
        #expect(listener == nil && directory.names == [] && !far.isLeft)
    }

    @Test func acceptsAtMost64InATurn() throws {
        let listener = try listen(directory.address("s"))
        let ends = try (0..<100).map { _ in try connectPaused(listener) }
        listener.resume()
        stage.turn()
        #expect(accepted.sockets.count == 64)
        stage.turn()
        #expect(accepted.sockets.count == 100)
        withExtendedLifetime(ends) {}
    }

    private func connectPaused(_ listener: Listener) throws -> FarEnd {
        listener.pause()
        return try connect(listener.boundAddress)
    }
}

/// The families of addresses that the name has on this machine.
private let familiesOfLocalhost: Set<CInt> = {
    var first: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo("localhost", nil, nil, &first) == 0 else { return [] }
    defer { freeaddrinfo(first) }
    var families: Set<CInt> = []
    var next = first
    while let entry = next?.pointee {
        families.insert(entry.ai_family)
        next = entry.ai_next
    }
    return families
}()
