import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording

/// What goes wrong.
enum PairTrouble: String, CaseIterable {
    case killQEMU, interruptCheckpoint, freezeQEMU, cutLink, cutQEMUs, fenceFails, nameOne, askSomething
    case killProxy, freezeProxy, cutProxies, delayHeartbeats, storeFails

    /// What is no reason for a failover.
    static let ofProxies: [PairTrouble] = [
        .killProxy, .freezeProxy, .cutProxies, .delayHeartbeats, .storeFails,
    ]
}

/// What goes wrong, by the seed, and how it is mended.
extension PairWorld {
    func beginTrouble() {
        let end = 10 + 15 * settings.count
        for _ in 0..<settings.count {
            after(milliseconds: 0...end * 1000) { [unowned self] in
                let (first, second) = (generator.pick(settings.troubles), generator.pick(settings.troubles))
                if generator.chance(75) { trouble(first) }
                // And another one in the runbook that follows.
                guard generator.chance(50) else { return }
                soon(within: 60, when: { [unowned self] in isInRunbook }) { [unowned self] in trouble(second) }
            }
        }
        after(.seconds(end + 15)) { [unowned self] in calm() }
        lookAfter()
    }

    /// Lets one thing go wrong.
    private func trouble(_ trouble: PairTrouble) {
        let host = generator.pick(hosts)
        switch trouble {
        case .killQEMU: host.living?.die("is killed")
        case .interruptCheckpoint:
            soon(within: 25, when: { [unowned self] in session?.isInCheckpoint ?? false }) {
                host.living?.die("is killed in a checkpoint")
            }
        case .freezeQEMU:
            guard let qemu = host.living else { return }
            session?.isTroubled = true
            qemu.freeze(true)
            after(milliseconds: 500...40_000) { qemu.freeze(false) }
        case .cutLink: cut(qemus: true, proxies: true)
        case .cutQEMUs: cut(qemus: true, proxies: false)
        case .cutProxies: cut(qemus: false, proxies: true)
        case .nameOne:
            if session?.isCOLO == true, host.state == "paired" { saw(.namedWhilePaired) }
            name(host)
        case .askSomething: host.ask(generator.pick(["start", "resume", "abort"]))
        case .fenceFails: set(\.failsToFence, for: 1000...30_000)
        case .storeFails: set(\.failsToStore, for: 1000...30_000)
        case .killProxy:
            host.proxy?.kill()
            after(milliseconds: 200...70_000) { host.startProxy() }
        case .freezeProxy:
            guard let proxy = host.proxy else { return }
            proxy.freeze(true)
            after(milliseconds: 500...30_000) { proxy.freeze(false) }
        case .delayHeartbeats:
            heartbeatDelay = .milliseconds(generator.int(200...5000))
            happened("heartbeats take \(heartbeatDelay) longer")
            after(milliseconds: 5000...60_000) { [unowned self] in heartbeatDelay = .zero }
        }
    }

    private func cut(qemus: Bool, proxies: Bool) {
        if qemus { session?.isTroubled = true }
        link(false, qemus: qemus, proxies: proxies)
        after(milliseconds: 300...60_000) { [unowned self] in link(true, qemus: qemus, proxies: proxies) }
    }

    private func set(_ flag: ReferenceWritableKeyPath<PairWorld, Bool>, for milliseconds: ClosedRange<Int>) {
        self[keyPath: flag] = true
        after(milliseconds: milliseconds) { [unowned self] in self[keyPath: flag] = false }
    }

    private var isInRunbook: Bool {
        hosts.contains { ["pairing", "resyncing", "failing-over"].contains($0.state) }
    }

    /// Does something shortly after something is the case, if that comes to be in so many seconds.
    private func soon(within seconds: Int, when holds: @escaping () -> Bool, _ act: @escaping () -> Void) {
        let (end, delay) = (now + .seconds(seconds), generator.pick([20, 20, 1500]))
        func look() {
            guard !isCalm, now < end else { return }
            if holds() { after(milliseconds: 0...delay, act) } else { after(.milliseconds(10), look) }
        }
        look()
    }

    /// All trouble is over.
    private func calm() {
        happened("calm")
        isCalm = true
        calmSince = now
        link(true)
        (heartbeatDelay, failsToStore, failsToFence) = (.zero, false, false)
        for host in hosts {
            host.qemu?.freeze(false)
            host.proxy?.freeze(false)
            if host.proxy?.isDead ?? true { after(milliseconds: 0...3000) { host.startProxy() } }
        }
    }

    // MARK: - The administrator

    /// Every second: QEMUs that are gone are started again, and whoever is needed decides.
    private func lookAfter() {
        restartQEMUs()
        for host in hosts where host.proxy?.isDead == false { operate(host) }
        if isCalm { checkRest() }
        after(.seconds(1)) { [unowned self] in lookAfter() }
    }

    private func restartQEMUs() {
        guard generator.chance(isCalm ? 40 : 15) else { return }
        if hosts.allSatisfy({ $0.living == nil }) {
            hosts[0].startQEMU(isPrimary: true)
            return hosts[1].startQEMU(isPrimary: false)
        }
        let isSplit = hosts.allSatisfy { $0.living.map { !$0.isInCOLO && $0.lastMode != "none" } ?? false }
        if isSplit, settings.arbiter == .none { generator.pick(hosts).living?.die("is ended by the administrator") }
        for host in hosts where host.living == nil {
            guard let other = host.peer.living, !other.isInCOLO, session.map({ !$0.isCOLO || $0.ended }) ?? true
            else { continue }
            host.startQEMU(isPrimary: other.model.facts.runState == "inmigrate")
        }
    }

    private func operate(_ host: PairHost) {
        guard generator.chance(isCalm ? 30 : 6), let qemu = host.living else { return }
        let isAnswerable = settings.arbiter == .operator || (isCalm && seconds(since: host.since) > 90)
        switch host.state {
        case "deciding" where isAnswerable, "failed" where qemu.isInCOLO && isAnswerable: decide()
        case _ where isCalm && qemu.isInCOLO && session?.named == host.index && host.state != "failing-over": decide()
        case "alone" where !settings.resumesByItself || (isCalm && seconds(since: host.since) > 60): host.ask("resume")
        case "idle" where !qemu.isInCOLO, "failed" where !qemu.isInCOLO:
            host.ask(qemu.lastMode == "none" ? "start" : "resume")
        default: break
        }
    }

    /// The operator says who goes on: always the same of a pair, unless that one is dead.
    private func decide() {
        guard let session else { return }
        let named = session.named.map { hosts[$0] }
        if let named, let qemu = named.living, qemu.session === session { return name(named) }
        if named != nil { saw(.renamed) }
        let living = hosts.filter { host in host.living.map { $0.session === session && $0.isInCOLO } ?? false }
        if let host = living.first(where: { $0.living?.isFrozen == false }) ?? living.first { name(host) }
    }

    /// The operator tells one side to go on; nobody tells the other.
    private func name(_ host: PairHost) {
        guard let session, session.isCOLO, let qemu = host.living, qemu.session === session, qemu.isInCOLO else {
            return
        }
        if let named = session.named, named != host.index, hosts[named].living?.session === session { return }
        happened("the operator names \(host.name)")
        saw(.named)
        let former = session.named
        session.named = host.index
        session.isTroubled = true
        if !isCalm, settings.troubles.contains(.killQEMU), generator.chance(70) {
            after(milliseconds: 0...30) { qemu.die("is killed when it was just named") }
        }
        host.ask("failover") { [unowned self] reply in
            happened("\(host.name) says to the operator: \(reply?.written().text ?? "nothing")")
            if reply?["return"] != nil, settings.arbiter == .operator { host.answeredAt = now }
            // Who is refused may ask the other.
            if reply?["error"] != nil, former == nil, host.state != "failing-over" { session.named = nil }
        }
    }

    // MARK: - Programs

    /// The fence program: once the peer's QEMU is off, and never for both.
    func fence(_ proxy: PairProxy) -> Int32 {
        let host = proxy.host
        guard let session, !failsToFence, generator.chance(80) else {
            saw(.fenceFailed)
            happened("\(host.name): fencing fails")
            return 1
        }
        if let named = session.named, named != host.index, hosts[named].living?.session === session { return 1 }
        saw(.fenced)
        session.named = host.index
        session.isTroubled = true
        host.peer.living?.die("is fenced")
        host.answeredAt = now
        return 0
    }

    /// The program that calls a person.
    func notified(_ proxy: PairProxy) -> Int32 {
        saw(.notified)
        return 0
    }
}
