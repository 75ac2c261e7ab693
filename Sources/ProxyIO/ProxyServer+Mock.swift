internal import Libevent
internal import ProxyCore
internal import QMP
internal import Recording

/// What the shell has to do when a recording plays the monitor.
extension ProxyServer {
    func connectMock() {
        mock?.connect()
        playMockLater()
    }

    func sendToMock(_ message: SplicedMessage) {
        let now = now
        mock?.play { $0.received(message.joined, at: now) }
        playMockLater()
    }

    func disconnectMock() {
        mock?.disconnect(at: now)
        playMockLater()
    }

    /// The first client of all has negotiated: time begins, where the first of all recordings begins.
    func beginMock(first: Int64?) {
        guard let mock else { return }
        let now = now
        let offset = first.map { (mock.beginsMicrosecondsSince1970 ?? $0) - $0 } ?? 0
        self.mock?.play { $0.begin(at: now, offset: .microseconds(offset)) }
        playMockLater()
    }

    /// A later QEMU of the recording begins with its own first client.
    func beginLaterMock() {
        guard mock?.playback.awaitsBegin == true, engine.hasNegotiatedClients else { return }
        let now = now
        mock?.play { $0.begin(at: now, offset: .zero) }
        playMockLater()
    }

    private func playMockLater() {
        if mock?.askForTurn() == true { loop.atTurnEnd { [weak self] in self?.assumeIsolated { $0.playMock() } } }
    }

    /// Tells the engine what is due by now.
    private func playMock() {
        mock?.begin()
        if mock?.takeDisconnection() == true { handle(.closed(.monitor, reason: "closed by us")) }
        if mock?.takeConnection(at: now) == true { handle(.monitorOpened(peer: mock?.peer ?? "")) }
        var hasQuit = false
        let now = now
        var outputs: [MonitorPlayback.Output] = []
        mock?.play { outputs = $0.takeOutputs(at: now) }
        for output in outputs {
            switch output {
            case .send(let bytes): handle(.received(.monitor, bytes, descriptors: []))
            case .close:
                if mock?.takeClose(at: now) == true { handle(.closed(.monitor, reason: "closed by the recording")) }
            case .tell(let line): mock?.tell(line)
            case .quit: hasQuit = true
            }
        }
        // Where there is no QEMU any more nobody listens.
        if hasQuit { stop() }
        mock?.setAlarm(at: now) { Timer(loop: loop) { [unowned self] in assumeIsolated { $0.playMock() } } }
    }
}
