internal import Libevent
internal import PluginKit
internal import ProxyCore

/// What the shell has to do for plugins.
extension ProxyServer {
    /// Tells the engine later, since no action calls back at once.
    func handleLater(_ event: ProxyEvent) {
        loop.atTurnEnd { [weak self] in self?.assumeIsolated { $0.handle(event) } }
    }

    // MARK: - Second monitors

    func connectSecondMonitor(_ number: Int, at text: String) {
        let address: Address
        do throws(Address.Invalid) {
            address = try Address(parsing: text)
        } catch {
            handleLater(.secondMonitorUnreachable(number, reason: "\(error)"))
            return
        }
        secondConnectors[number] = Connector(to: address, loop: loop) { [unowned self] result in
            assumeIsolated { $0.connected(secondMonitor: number, result) }
        }
    }

    private func connected(secondMonitor number: Int, _ result: Result<DescriptorHandle, SystemError>) {
        secondConnectors[number] = nil
        switch result {
        case .success(let socket):
            let peer = Client.Peer(Peer(of: socket))
            let tag = Endpoint.secondMonitor(number).tag
            connections[tag] = Connection(
                descriptor: socket,
                tag: tag,
                passesDescriptors: false,
                loop: loop,
                delegate: self
            )
            handle(.secondMonitorOpened(number, peer: "\(peer)"))
        case .failure(let error):
            handle(.secondMonitorUnreachable(number, reason: "\(error)"))
        }
    }

    /// Gives up a second monitor before it is connected.
    func cancelConnecting(to number: Int) {
        secondConnectors.removeValue(forKey: number)?.cancel()
        handleLater(.closed(.secondMonitor(number), reason: "closed by us"))
    }

    // MARK: - Programs

    func startProgram(_ number: Int, _ arguments: [String]) {
        do throws(SystemError) {
            programs[number] = try ChildProcess(arguments, tag: number, loop: loop, delegate: self)
        } catch {
            handleLater(.programEnded(number, .notStarted(reason: "\(error)")))
        }
    }

    /// Leaves nothing of the programs behind, and hears no more of them.
    func killPrograms() {
        for program in programs.values { program.kill() }
        programs = [:]
    }
}

extension ProxyServer: ChildProcessDelegate {
    nonisolated func childProcess(_ program: ChildProcess, wrote line: ArraySlice<UInt8>) {
        let number = program.tag
        assumeIsolated { $0.handle(.programLine(number, line)) }
    }

    nonisolated func childProcess(_ program: ChildProcess, complained line: ArraySlice<UInt8>) {
        let number = program.tag
        assumeIsolated { $0.handle(.programComplained(number, String(decoding: line, as: UTF8.self))) }
    }

    nonisolated func childProcess(_ program: ChildProcess, unsent bytes: Int) {
        let number = program.tag
        assumeIsolated { $0.handle(.programUnsent(number, bytes: bytes)) }
    }

    /// Told as the program's own words: the engine knows whose it is.
    nonisolated func childProcess(_ program: ChildProcess, isEndedBecause reason: String) {
        let number = program.tag
        assumeIsolated { $0.handle(.programComplained(number, "ended by the proxy: \(reason)")) }
    }

    nonisolated func childProcess(_ program: ChildProcess, ended ending: ChildProcess.Ending) {
        let number = program.tag
        let end: ProgramEnd =
            switch ending {
            case .exited(let status): .exited(status: status)
            case .killed(let signal): .killed(signal: signal)
            }
        assumeIsolated { server in
            server.programs[number] = nil
            server.handle(.programEnded(number, end))
        }
    }
}
