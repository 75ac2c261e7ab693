import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording

/// The shell of one proxy: the engine that ships, and what it asks for done in the simulated world.
final class PairProxy {
    /// What waits while the proxy is frozen.
    private enum Happening {
        case event(ProxyEvent)
        case timer(ProxyTimer, generation: Int)

        var isEvent: Bool {
            if case .event = self { true } else { false }
        }
    }

    let host: PairHost
    private unowned let world: PairWorld
    private var engine: ProxyEngine
    private let start: Instant
    private(set) var isDead = false
    private(set) var isFrozen = false
    private var inbox: [Happening] = []
    private var timers: [ProxyTimer: Int] = [:]
    private var generations = 0
    private var monitor: PairWire?
    private var seconds: [Int: PairWire] = [:]
    private var clients: [Int: (wire: PairWire, key: ObjectIdentifier, isPeer: Bool)] = [:]
    private var clientNumber = 0
    private var paused: [Int: [Bytes]] = [:]

    init(host: PairHost, number: Int) {
        self.host = host
        world = host.world
        start = world.now
        let plugin = PluginInstance(
            name: "colo",
            settings: .null,
            plugin: world.makePlugin(host.index, world.settings)
        )
        let nonce = "proxy \(host.name)\(number)"
        var settings = EngineSettings(name: host.name, monitorAddress: "unix:/qemu", version: "0", nonce: nonce)
        settings.isWatched = true
        engine = ProxyEngine(settings: settings, plugins: [plugin])
    }

    func begin(_ stored: Bytes?) {
        if let stored, let value = try? JSONValue(parsing: stored) { handle(.restored(plugin: 0, value)) }
        handle(.started)
    }

    // MARK: - Life

    /// It is killed.
    func kill() {
        guard !isDead else { return }
        world.happened("\(host.name): the proxy is killed, its plugin is \(host.state)")
        if ["pairing", "resyncing", "failing-over"].contains(host.state) { world.saw(.proxyRestartedInRunbook) }
        isDead = true
        monitor?.close(from: 0)
        for (_, wire) in seconds.sorted(by: { $0.key < $1.key }) { wire.close(from: 0) }
        for (_, client) in clients.sorted(by: { $0.key < $1.key }) { client.wire.close(from: 1) }
    }

    /// It is stopped, or goes on.
    func freeze(_ isFrozen: Bool) {
        guard !isDead, self.isFrozen != isFrozen else { return }
        world.happened("\(host.name): the proxy is \(isFrozen ? "frozen" : "thawed")")
        self.isFrozen = isFrozen
        // What is read first, and what timers are late, depends on the shell.
        let isReadFirst = world.generator.chance(50)
        let waiting = isReadFirst ? inbox.filter(\.isEvent) + inbox.filter { !$0.isEvent } : inbox
        inbox = []
        for happening in waiting { take(happening) }
    }

    // MARK: - Events

    func handle(_ event: ProxyEvent) {
        take(.event(event))
    }

    private func take(_ happening: Happening) {
        guard !isDead else { return }
        guard !isFrozen else { return inbox.append(happening) }
        let event: ProxyEvent
        switch happening {
        case .event(let happened): event = happened
        case .timer(let timer, let generation):
            guard timers[timer] == generation else { return }
            timers[timer] = nil
            event = .timerFired(timer)
        }
        var actions: [ProxyAction] = []
        engine.handle(event, at: Instant(microseconds: world.now.microseconds - start.microseconds), into: &actions)
        world.tampering?(self, event, &actions)
        for action in actions { perform(action) }
        world.check(self, timers: timers.count)
    }

    private func perform(_ action: ProxyAction) {
        switch action {
        case .connectMonitor: connectMonitor()
        case .connectSecondMonitor(let number, _): connectSecondMonitor(number)
        case .send(.monitor, let message, _): monitor?.send(message.joined, to: 1)
        case .send(.secondMonitor(let number), let message, _): seconds[number]?.send(message.joined, to: 1)
        case .send(.client(let number), let message, _): clients[number]?.wire.send(message.joined, to: 0)
        case .finish(let endpoint), .close(let endpoint): close(endpoint)
        case .pauseReading(.client(let number)): paused[number] = paused[number] ?? []
        case .resumeReading(.client(let number)):
            for bytes in paused.removeValue(forKey: number) ?? [] {
                world.after(.zero) { self.handle(.received(.client(number), bytes, descriptors: [])) }
            }
        case .setTimer(let timer, let time):
            generations += 1
            let generation = generations
            timers[timer] = generation
            let wait = max(0, time.microseconds + start.microseconds - world.now.microseconds)
            world.after(.microseconds(wait)) { self.take(.timer(timer, generation: generation)) }
        case .cancelTimer(let timer): timers[timer] = nil
        case .store(let place, let number, let value): store(place, number, value.written())
        case .startProgram(let number, let arguments): startProgram(number, arguments)
        case .stopProgram(let number):
            world.after(milliseconds: 1...100) { self.handle(.programEnded(number, .killed(signal: 15))) }
        case .record(let entry): world.check(entry, of: self)
        case .log(let level, let text):
            let isNoise = text.hasSuffix("in time") || level == .debug || level == .info
            if !isNoise { world.happened("\(host.name) \(level): \(text)") }
        case .pauseReading, .resumeReading, .pauseAccepting, .resumeAccepting, .closeDescriptors, .writeToProgram,
            .stopped:
            break
        }
    }

    // MARK: - Connections

    private func connectMonitor() {
        world.after(milliseconds: 0...2) { [self] in
            guard !isDead else { return }
            guard let qemu = host.living else { return handle(.monitorUnreachable(reason: "connection refused")) }
            let wire = PairWire(world, crosses: false, { self.receivedFromMonitor($0) }, { qemu.received($0) })
            monitor = wire
            handle(.monitorOpened(peer: "simulated"))
            qemu.connected(wire)
        }
    }

    private func receivedFromMonitor(_ bytes: Bytes?) {
        guard let bytes else {
            monitor = nil
            return handle(.closed(.monitor, reason: "end of file"))
        }
        handle(.received(.monitor, bytes, descriptors: []))
    }

    private func connectSecondMonitor(_ number: Int) {
        // Without an answer the kernel gives up late.
        world.after(milliseconds: world.reachesProxies ? 0...2 : 3000...6000) { [self] in
            guard !isDead else { return }
            guard world.reachesProxies, let other = host.peer.proxy, !other.isDead else {
                let reason = world.reachesProxies ? "connection refused" : "connection timed out"
                return handle(.secondMonitorUnreachable(number, reason: reason))
            }
            let key = PairKey()
            let wire = PairWire(
                world,
                crosses: true,
                isHeartbeat: true,
                { self.received(fromSecond: number, $0) },
                { other.received(fromClient: key, $0) }
            )
            seconds[number] = wire
            handle(.secondMonitorOpened(number, peer: "simulated"))
            other.accept(key, wire, from: host)
        }
    }

    private func received(fromSecond number: Int, _ bytes: Bytes?) {
        guard let bytes else {
            seconds[number] = nil
            return handle(.closed(.secondMonitor(number), reason: "end of file"))
        }
        handle(.received(.secondMonitor(number), bytes, descriptors: []))
    }

    /// Somebody connects: the peer's proxy, or an operator.
    func accept(_ key: AnyObject, _ wire: PairWire, from peer: PairHost?) {
        guard !isDead else { return wire.close(from: 1) }
        clientNumber += 1
        clients[clientNumber] = (wire, ObjectIdentifier(key), peer != nil)
        let listener = peer == nil ? "unix:/proxy" : "tcp:0.0.0.0:7777"
        let where_ = Client.Peer.other(peer.map { "proxy \($0.name)" } ?? "operator")
        let policy = peer == nil ? nil : "read-only"
        handle(.accepted(Client(number: clientNumber, peer: where_, listener: listener, policy: policy)))
    }

    /// A client says something, or is gone.
    func received(fromClient key: AnyObject, _ bytes: Bytes?) {
        let key = ObjectIdentifier(key)
        guard let (number, client) = clients.first(where: { $0.value.key == key }) else { return }
        guard let bytes else {
            clients[number] = nil
            paused[number] = nil
            return handle(.closed(.client(number), reason: "end of file"))
        }
        if client.isPeer { world.checkPeer(bytes, of: self) }
        guard paused[number] == nil else {
            paused[number]?.append(bytes)
            return
        }
        handle(.received(.client(number), bytes, descriptors: []))
    }

    private func close(_ endpoint: Endpoint) {
        switch endpoint {
        case .monitor:
            monitor?.close(from: 0)
            monitor = nil
        case .secondMonitor(let number): seconds.removeValue(forKey: number)?.close(from: 0)
        case .client(let number):
            clients.removeValue(forKey: number)?.wire.close(from: 1)
            paused[number] = nil
        }
        world.after(.zero) { self.handle(.closed(endpoint, reason: "closed")) }
    }

    // MARK: - The disk

    private func store(_ place: Int, _ number: Int, _ value: Bytes) {
        world.checkStore(value, of: self)
        world.after(milliseconds: 0...15) { [self] in
            guard !isDead || world.generator.chance(50) else { return }
            if world.failsToStore {
                world.saw(.storeFailed)
                return handle(.stored(plugin: place, number: number, failure: "no space left on device"))
            }
            host.stored = value
            handle(.stored(plugin: place, number: number, failure: nil))
        }
    }

    // MARK: - Programs

    private func startProgram(_ number: Int, _ arguments: [String]) {
        let isFence = arguments.contains("fence")
        world.happened("\(host.name): starts \(arguments)")
        world.after(milliseconds: 100...3000) { [self] in
            guard !isDead else { return }
            let status = isFence ? world.fence(self) : world.notified(self)
            handle(.programEnded(number, .exited(status: status)))
        }
    }
}

/// Tells a connection from others.
final class PairKey {}
