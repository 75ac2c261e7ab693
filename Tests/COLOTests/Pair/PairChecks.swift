import PluginKit
import ProxyCore
import QMP
import Recording

/// The promises, looked after at every event.
extension PairWorld {
    private static let storeBytesMax = 16 << 10
    private static let timersMax = 40
    /// How long a state may last in calm, in seconds; those that are not here may last for ever.
    ///
    /// A runbook waits ten minutes for the migration, and for a checkpoint twice the longest delay.
    private static let limits = [
        "suspecting": 120.0, "deciding": 150, "failing-over": 120, "pairing": 700, "resyncing": 700,
    ]
    private static let answerMax = 10.0
    private static let restMax = 1800.0
    private static let stableFor = 90.0

    // MARK: - The plugin

    /// A plugin has marked something.
    func check(_ entry: Entry, of proxy: PairProxy) {
        guard case .plugin = entry.place, case .mark(let text, _) = entry.kind else { return }
        let host = proxy.host
        let halves = text.split(separator: ":", maxSplits: 1)[0].split(separator: " -> ")
        guard halves.count == 2, let state = halves.last.map({ String($0) }) else { return }
        happened("\(host.name) mark: \(text)")
        enter(state, host)
    }

    private func enter(_ state: String, _ host: PairHost) {
        host.enter(state)
        switch state {
        case "paired": saw(sessions > 1 ? .resumed : .paired)
        case "lost": saw(.lost)
        case "alone": saw(.alone)
        case "deciding", "failing-over":
            saw(.deciding)
            guard let session = host.living?.session, host.living?.isInCOLO == true else { return }
            if !session.isTroubled {
                violated("cause", "\(host.name) is \(state), and neither QEMU nor the link had any trouble")
            }
        default: break
        }
    }

    /// What plugins keep, and how much waits, is bounded.
    func check(_ proxy: PairProxy, timers: Int) {
        if timers > Self.timersMax { violated("growth", "\(proxy.host.name): \(timers) timers") }
    }

    func checkStore(_ value: Bytes, of proxy: PairProxy) {
        if value.count > Self.storeBytesMax {
            violated("growth", "\(proxy.host.name) stores \(value.count) bytes")
        }
    }

    /// The peer's listener is for reading.
    func checkPeer(_ bytes: Bytes, of proxy: PairProxy) {
        let name = (try? Command(parsing: bytes))?.name ?? bytes.text
        let allowed = ["qmp_capabilities", "__org.qmp-proxy_colo-query-status", "__org.qmp-proxy_query-status"]
        if !allowed.contains(name) { violated("peer", "\(proxy.host.peer.name) sends \(name) to its peer") }
    }

    // MARK: - QEMU

    /// A command has reached QEMU.
    func check(_ command: Command, at qemu: PairQEMU) {
        let host = qemu.host
        let name = command.name ?? ""
        guard qemu.isInCOLO, let session = qemu.session else { return }
        if name == "migrate" { violated("migrate", "\(host.name) is sent migrate while COLO runs") }
        guard settings.arbiter != .none else { return }
        let arguments = JSONValue.object(command.arguments)
        let line = arguments["command-line"]?.string ?? ""
        switch name {
        case "yank" where session.named == nil:
            violated("decision", "\(host.name) is sent yank before anybody was named")
        // What gives output out is looked at where it does (``checkRelease(of:in:)``).
        case "x-colo-lost-heartbeat" where qemu.model.facts.mode == "primary", "nbd-server-stop",
            "object-del" where arguments["id"]?.string != "comp0", "chardev-remove",
            "x-blockdev-change" where arguments["child"] != nil,
            "human-monitor-command" where line.hasPrefix("drive_del"):
            guard session.named != host.index else { return }
            violated("decision", "\(host.name) is sent \(name), and named is \(session.namedHost)")
        case "quit" where session.named != host.peer.index:
            violated("decision", "\(host.name) is sent quit, and named is \(session.namedHost)")
        default: break
        }
    }

    /// A QEMU of a pair gives out the guest's output without the other one.
    func checkRelease(of qemu: PairQEMU, in session: PairSession) {
        happened("\(qemu.host.name) gives out what the guest says, alone")
        guard settings.arbiter != .none, session.named != qemu.host.index else { return }
        violated("output", "\(qemu.host.name) gives it out alone, and named is \(session.namedHost)")
    }

    /// A pair has come to be: the disk follows, and what the guest says is compared.
    func check(_ session: PairSession) {
        let (primary, secondary) = (session.primary.model.facts, session.secondary.model.facts)
        let isWhole =
            primary.objects.isSuperset(of: ["m0", "redire0", "redire1", "iothread1", "comp0"])
            && primary.children == ["children.1"] && secondary.objects.isSuperset(of: ["f1", "f2", "rew0"])
        if !isWhole { violated("pair", "COLO begins without its filters or its disk") }
        if session.primary.job != nil { violated("pair", "COLO begins in the middle of the resync") }
    }

    /// A side that is alone has nothing left of the pair, and its guest runs.
    private func checkAlone(_ host: PairHost) {
        guard host.state == "alone", let qemu = host.living else { return }
        let facts = qemu.model.facts
        let left = facts.children.union(facts.nodes).union(facts.objects.subtracting(["rew0"]))
        if facts.runState != "running" || !left.isEmpty || qemu.job != nil {
            violated("alone", "\(host.name) is \(facts.runState), left are \(left.sorted())")
        }
    }

    // MARK: - Time

    /// Looks now and then whether something takes too long.
    func checkTime() {
        for host in hosts where host.proxy.map({ !$0.isDead && !$0.isFrozen }) ?? false {
            if let answered = host.answeredAt, host.state == "deciding", seconds(since: answered) > Self.answerMax,
                host.living?.isUp == true
            {
                violated("answer", "\(host.name) is still deciding, and the arbiter has answered")
            }
            guard isCalm, let limit = Self.limits[host.state] else { continue }
            if seconds(since: max(host.since, calmSince)) > limit {
                violated("rest", "\(host.name) has been \(host.state) for more than \(limit) s")
            }
        }
    }

    /// In calm: ends the world when it is at rest.
    func checkRest() {
        let states = hosts.map(\.state)
        let stable = hosts.map { seconds(since: max($0.since, calmSince)) }.min() ?? 0
        let isInCOLO = hosts.allSatisfy { $0.living?.isInCOLO == true }
        if states == ["paired", "paired"], isInCOLO, stable > 3 {
            saw(.settledPaired)
            return rest()
        }
        let isAtRest = states.allSatisfy { Self.limits[$0] == nil }
        if isAtRest, stable > Self.stableFor, states.contains(where: ["paired", "alone"].contains) {
            for host in hosts { checkAlone(host) }
            return rest()
        }
        if seconds(since: calmSince) > Self.restMax { violated("rest", "the states are \(states)") }
    }
}

extension PairSession {
    /// Who is named, in words.
    var namedHost: String { named.map { $0 == 0 ? "A" : "B" } ?? "nobody" }
    /// Whether both have left it, or are dead.
    var ended: Bool { [primary, secondary].allSatisfy { $0.isDead || !$0.isInCOLO } }
}
