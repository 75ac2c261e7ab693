import Foundation
import Testing

/// Whatever is sent, the proxy in front of one QEMU answers as another QEMU does by itself, byte for byte.
///
/// The same inputs each time; others with `QMP_PROXY_FUZZ_SEED`, more with `QMP_PROXY_FUZZ_COUNT`.
@Suite(.onWorkbench, .showingLogs)
struct DifferentialFuzzTests {
    private static let seed = variable("QMP_PROXY_FUZZ_SEED") ?? 20_261_121
    private static let count = variable("QMP_PROXY_FUZZ_COUNT") ?? 300
    private static let inputsPerSession = 20
    private static let differencesMax = 10

    private static func variable(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    @Test(arguments: [false, true])
    func aClientCannotTellTheProxyFromQEMU(prettyIsOn: Bool) throws {
        let reference = try QEMU(isPretty: prettyIsOn)
        let proxy = try Proxy(QEMU(isPretty: prettyIsOn))
        var differences = 0
        let sessions = (Self.count + UInt64(Self.inputsPerSession) - 1) / UInt64(Self.inputsPerSession)
        let start = Self.seed + (prettyIsOn ? sessions : 0)
        for seed in start..<start + sessions {
            guard let (mode, difference) = try session(seed, reference, proxy) else { continue }
            let least = try shrunk(difference, mode, reference, proxy)
            Issue.record("seed \(seed), \(mode) mode\n\(least)")
            differences += 1
            try #require(differences < Self.differencesMax, "enough differences")
        }
    }

    /// A connection with some inputs; the first of them that is answered otherwise.
    private func session(
        _ seed: UInt64,
        _ reference: QEMU,
        _ proxy: Proxy
    ) throws -> (FuzzPair.Mode, FuzzDifference)? {
        var generator = InputGenerator(seed: seed)
        let mode = generator.pick(FuzzPair.Mode.allCases)
        let pair = try FuzzPair(mode, reference: reference, proxy: proxy)
        for _ in 0..<Self.inputsPerSession {
            let input = generator.input()
            do {
                if let difference = try pair.difference(of: input, cut: &generator) { return (mode, difference) }
            } catch FuzzPair.Trouble.referenceAborted {
                try reference.restart()
                return nil
            }
        }
        return nil
    }

    /// The same difference with less input, each attempt on new connections.
    private func shrunk(
        _ difference: FuzzDifference,
        _ mode: FuzzPair.Mode,
        _ reference: QEMU,
        _ proxy: Proxy
    ) throws -> FuzzDifference {
        var least = difference
        var generator = InputGenerator(seed: 0)
        var size = least.input.count / 2
        while size > 0 {
            var start = 0
            while start < least.input.count {
                var input = least.input
                input.removeSubrange(start..<min(start + size, input.count))
                let pair = try FuzzPair(mode, reference: reference, proxy: proxy)
                do {
                    let smaller = try pair.difference(of: input, cut: &generator)
                    if let smaller { least = smaller } else { start += size }
                } catch FuzzPair.Trouble.referenceAborted {
                    try reference.restart()
                    start += size
                }
            }
            size /= 2
        }
        return least
    }
}
