import Foundation
import PluginKit
import ProxyCore
import QMP
import Recording
import Testing

@testable import COLO

/// The pair in a world where everything may go wrong, seed by seed.
///
/// `COLO_SEEDS` says how many, `COLO_FIRST_SEED` from which on, and with `COLO_TRACE` all is written as it happens.
@Suite(.serialized, .timeLimit(.minutes(30)))
struct PairTests {
    private static let seedsByDefault: UInt64 = 40

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    /// The plugin of a host, with what an operator would set.
    static func plugin(_ host: Int, _ settings: PairSettings) -> any Plugin {
        var members = [
            ("peer", "tcp:10.0.0.\(2 - host):7777"), ("peer-host", "10.0.0.\(2 - host)"),
            ("checkpoint-delay", "\(settings.checkpointDelay)"), ("arbiter", settings.arbiter.rawValue),
            ("notify", "notify"), ("start", settings.startsByItself ? "auto" : "operator"),
            ("heartbeat-interval", "\(settings.heartbeatInterval)ms"),
            ("heartbeat-misses", "\(2000 / settings.heartbeatInterval)"),
            ("resume", settings.resumesByItself ? "auto" : "operator"),
            ("on-suspicion", settings.stopsOnSuspicion ? "stop" : "run"),
        ]
        if settings.arbiter == .command { members.append(("fence", "fence")) }
        do {
            return try COLOPlugin(settings: PluginSettings(members.map { .init($0.0, .text($0.1)) }))
        } catch {
            preconditionFailure("\(error)")
        }
    }

    @Test func thePairKeepsItsPromisesWhateverHappens() {
        let first = Self.number("COLO_FIRST_SEED") ?? 1
        let count = Self.number("COLO_SEEDS") ?? Self.seedsByDefault
        let isTraced = Self.number("COLO_TRACE") != nil
        var seen: Set<PairSight> = []
        var failures: [(seed: UInt64, text: String)] = []
        for seed in first..<first + count {
            let world = PairWorld(seed: seed, isTraced: isTraced, plugin: Self.plugin)
            if let failure = world.run() { failures.append((seed, failure)) }
            seen.formUnion(world.seen)
        }
        for failure in failures.prefix(2) { Issue.record("\(failure.text)") }
        if failures.count > 2 {
            let others = failures.dropFirst(2).map { "\($0.seed) (\($0.text.prefix(90).prefix { $0 != "\n" }))" }
            Issue.record("\(others.count) more seeds failed:\n\(others.joined(separator: "\n"))")
        }
        guard count >= Self.seedsByDefault else { return }
        let unseen = PairSight.allCases.filter { !seen.contains($0) }
        #expect(unseen == [], "what never happens is not tested")
    }

    @Test func theSameSeedGivesTheSameRun() {
        for seed in 3...5 as ClosedRange<UInt64> {
            let worlds = (1...2).map { _ in PairWorld(seed: seed, plugin: Self.plugin) }
            for world in worlds { _ = world.run() }
            #expect(worlds[0].now == worlds[1].now && worlds[0].lines == worlds[1].lines)
        }
    }

    /// Faults put in on purpose: each must be found, or the simulation checks less than it seems to.
    @Test(arguments: PairFault.allCases)
    func aFaultIsFound(_ fault: PairFault) {
        var found: [String] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            let world = PairWorld(seed: seed, tampering: fault.apply, plugin: Self.plugin)
            guard let failure = world.run() else { continue }
            if failure.hasPrefix(fault.invariant + ":") { return }
            found.append(String(failure.prefix { $0 != "\n" }))
        }
        Issue.record("\(fault) is not found as \(fault.invariant), but: \(found)")
    }
}
