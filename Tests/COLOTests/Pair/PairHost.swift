import PluginKit
import ProxyCore
import QMP
import Recording

/// A host: its QEMU, the proxy before it, and the disk on which the proxy keeps what must outlive it.
final class PairHost {
    let index: Int
    unowned let world: PairWorld
    private(set) var qemu: PairQEMU?
    private(set) var proxy: PairProxy?
    /// What the plugin has stored last.
    var stored: Bytes?
    /// The plugin's state by its marks, and since when.
    private(set) var state = "idle"
    private(set) var since = Instant.zero
    /// When the arbiter has answered this side, until the state changes.
    var answeredAt: Instant?
    private var starts = 0

    init(index: Int, world: PairWorld) {
        self.index = index
        self.world = world
    }

    var name: String { index == 0 ? "A" : "B" }
    var peer: PairHost { world.hosts[1 - index] }
    /// The QEMU, unless it is dead.
    var living: PairQEMU? { qemu.flatMap { $0.isDead ? nil : $0 } }

    /// Starts a QEMU: a primary, or a secondary that waits for one.
    func startQEMU(isPrimary: Bool) {
        world.happened("\(name): QEMU starts as \(isPrimary ? "primary" : "secondary")")
        qemu = PairQEMU(host: self, isPrimary: isPrimary)
    }

    /// Starts the proxy, with what it had stored.
    func startProxy() {
        guard proxy?.isDead ?? true else { return }
        starts += 1
        world.happened("\(name): the proxy starts, with \(stored?.text ?? "nothing stored")")
        enter("idle")
        proxy = PairProxy(host: self, number: starts)
        proxy?.begin(stored)
    }

    /// The plugin is in that state.
    func enter(_ state: String) {
        self.state = state
        since = world.now
        answeredAt = nil
    }

    /// Asks the plugin something as the operator does, on a connection of its own.
    ///
    /// - Parameters:
    ///   - command: behind the plugin's prefix.
    ///   - answered: told the reply; `nil` if there is none.
    func ask(_ command: String, _ answered: @escaping (JSONValue?) -> Void = { _ in }) {
        guard let proxy, !proxy.isDead else { return answered(nil) }
        let call = PairCall(world, command, answered)
        let wire = PairWire(world, crosses: false, { call.received($0) }, { proxy.received(fromClient: call, $0) })
        call.wire = wire
        proxy.accept(call, wire, from: nil)
    }
}

/// One question of an operator's.
final class PairCall {
    private unowned let world: PairWorld
    private let command: String
    private var answered: ((JSONValue?) -> Void)?
    private var read: Bytes = []
    private var isNegotiated = false
    var wire: PairWire?
    /// How long an operator waits.
    private static let patience = Duration.seconds(15)

    init(_ world: PairWorld, _ command: String, _ answered: @escaping (JSONValue?) -> Void) {
        self.world = world
        self.command = command
        self.answered = answered
        world.after(Self.patience) { self.end(nil) }
    }

    func received(_ bytes: Bytes?) {
        guard let bytes else { return end(nil) }
        read += bytes
        while let end = read.firstIndex(of: 0x0A) {
            let line = read[..<end]
            read = read[(end + 1)...]
            if let value = try? JSONValue(parsing: line) { take(value) }
        }
    }

    private func take(_ value: JSONValue) {
        if value["QMP"] != nil {
            wire?.send(Bytes(text: "{'execute': 'qmp_capabilities'}"), to: 1)
        } else if value["event"] == nil, !isNegotiated {
            isNegotiated = true
            wire?.send(Bytes(text: "{'execute': '__org.qmp-proxy_colo-\(command)'}"), to: 1)
        } else if value["event"] == nil {
            end(value)
        }
    }

    private func end(_ value: JSONValue?) {
        guard let answered else { return }
        self.answered = nil
        wire?.close(from: 0)
        answered(value)
    }
}
