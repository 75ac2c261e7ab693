import Foundation
import Synchronization

/// Two hosts with a QEMU and a proxy each, to be brought up as a pair and to be harmed.
final class COLOPair {
    let network: COLONetwork
    let (a, b): (COLOHost, COLOHost)

    /// Hosts that are connected, with nothing on them yet.
    ///
    /// - Parameter settings: of the COLO plugin on both; `nil` for proxies without it.
    /// - Throws: ``Failure`` if they cannot be connected.
    init(_ settings: [String: String]? = nil) throws {
        network = try COLONetwork()
        (a, b) = (COLOHost("a", number: 0, of: network), COLOHost("b", number: 1, of: network))
        // Three times the usual silence: a machine on which all suites run stands still for seconds now and then.
        let settings = settings.map { ["heartbeat-misses": "24"].merging($0) { $1 } }
        for host in [a, b] { host.settings = settings }
    }

    // MARK: - Bringing it up

    /// How often QEMU may stall in a row before a test gives up.
    private static let attemptsMax = 3
    private static let stalls = Mutex(0)

    /// Starts a primary on the first host, a secondary on the other, and pairs them.
    ///
    /// With TCG QEMU itself may stall at a checkpoint, with which its main loop hangs for good. Then it is tried again
    /// with other QEMUs and proxies, loudly. Whatever else goes wrong is an error at once.
    func bringUp(_ procedure: () throws -> Void) throws {
        for attempt in 1... {
            for host in [a, b] { try host.startProxy() }
            try a.start(.primary)
            try b.start(.secondary)
            do {
                for host in [a, b] { try host.qemu.noteInventory() }
                try procedure()
                return try waitUntilPaired(primary: a, secondary: b)
            } catch {
                guard attempt < Self.attemptsMax, try isStalled else { throw error }
                let count = Self.stalls.withLock { count in
                    count += 1
                    return count
                }
                FileHandle.standardError.write(Data("QEMU stalled, a pair is made anew (\(count) so far)\n".utf8))
                for host in [a, b] { try host.clear() }
            }
        }
    }

    /// Whether a QEMU lives, and is silent: it is then tried whether it answers past the proxy.
    private var isStalled: Bool {
        get throws {
            try [a, b].contains { host in
                let qemu = try host.qemu
                return try qemu.process.isRunning && !qemu.monitor.answers(within: .seconds(5))
            }
        }
    }

    /// Waits until both QEMUs are in COLO, both guests run, and a checkpoint was made.
    func waitUntilPaired(primary: COLOHost, secondary: COLOHost) throws {
        let (first, second) = (try primary.qemu, try secondary.qemu)
        try second.waitFor("query-colo-status", "mode", "secondary")
        try first.waitFor("query-colo-status", "mode", "primary")
        try first.waitFor("query-migrate", "status", "colo")
        try waitForCheckpoint(on: first)
        try waitForCheckpoint(on: second)
        try first.waitForLetters(2)
        try second.waitForLetters(2)
    }

    /// Waits for the next checkpoint, and until the guest runs again.
    func waitForCheckpoint(on qemu: COLOQEMU) throws {
        let stops = try qemu.monitor.count(of: "STOP")
        guard try Deadline().waits(until: { try qemu.monitor.count(of: "STOP") > stops }) else {
            throw Failure("\(qemu.name) makes no checkpoint")
        }
        try qemu.waitFor("query-status", "status", "running")
    }

    /// Waits until the secondary's guest is as far as the primary's is now: whoever goes on then, goes on from there.
    ///
    /// - Returns: the guest's counter, below which it must never be.
    func waitForSecondary(_ secondary: COLOHost, toFollow primary: COLOHost) throws -> Int {
        let counter = try primary.qemu.counter
        var reached = 0
        let follows = try Deadline().waits {
            reached = try secondary.qemu.counter
            return reached >= counter
        }
        guard follows else { throw Failure("the guest on host \(secondary.name) is at \(reached), not at \(counter)") }
        return counter
    }
}
