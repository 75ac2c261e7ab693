import ProxyTesting
import QMP
import Recording
import Testing

/// An engine in front of a playback gives what the recording says, for recordings of random worlds.
///
/// What reached the monitor is asked in the order in which it did, by clients that have negotiated as they had then.
/// Compared is every reply of QEMU's that a client was sent, byte for byte. Not played: what the proxy itself
/// answered, which it does again; monitors that speak nonsense, of which there is nothing to play; descriptors, which
/// no recording holds (the replies of commands that took some are played like all others).
@Suite(.serialized, .timeLimit(.minutes(30)))
struct PlaybackTests {
    private static let seeds: ClosedRange<UInt64> = 1...150

    /// What was compared in a seed's recording, and what was not as it says.
    private struct Result {
        var compared = 0
        var wrong: [String] = []
        var events: [String] = []
        var recordedEvents: [String] = []
        var lives = 0
    }

    /// Plays a seed's recording; `nil` if there is none.
    private func play(_ seed: UInt64, without: Set<SimulatorTrouble>, waits: Bool) throws -> Result? {
        guard let simulated = try SimulatedRecording(seed: seed, without: without), !simulated.commands.isEmpty else {
            return nil
        }
        var generator = SeededGenerator(seed: seed)
        var engine = try PlayedEngine(simulated.recording)
        engine.join(simulated.negotiations)
        var expected: [Int: Bytes] = [:]
        var unsettled = 0
        for command in simulated.commands {
            guard let number = engine.ask(command.message, by: command.client) else { continue }
            expected[number] = command.reply
            // The end of a QEMU waits for commands only, not for what it finds wrong with an envelope.
            if waits, command.reply?.text.contains("QMP input") ?? false { expected[number] = nil }
            // More than may be in flight would be sent in another order than it was.
            unsettled += 1
            if waits || unsettled == engine.inFlightMax || generator.chance(50) {
                engine.settle()
                unsettled = 0
            }
        }
        engine.settle()
        var result = Result(compared: expected.count, lives: engine.connections)
        result.events = engine.events.map(\.text)
        result.recordedEvents = simulated.events.map(\.text)
        for (number, reply) in expected where engine.replies[number] != reply {
            let came = engine.replies[number]?.text ?? "nothing"
            result.wrong.append("seed \(seed): \(reply.text) was recorded, \(came) came; \(engine.told)")
        }
        return result
    }

    @Test func anEngineInFrontOfAPlaybackGivesWhatTheRecordingSays() throws {
        var compared = 0
        for seed in Self.seeds {
            let troubles: Set<SimulatorTrouble> = [.monitorIsNone, .monitorDies, .monitorDropsConnections]
            guard let result = try play(seed, without: troubles, waits: false) else { continue }
            #expect(result.wrong == [])
            // Where one waits for a reply that nobody waited for then, what hung on the next command comes later.
            #expect(result.events.sorted() == result.recordedEvents.sorted(), "seed \(seed)")
            compared += result.compared
        }
        #expect(compared > 500)
    }

    /// Commands that QEMU has not lived to answer are asked, too, and nobody waits for replies to them.
    @Test func itDoesSoOverTheDeathsOfQEMU() throws {
        var compared = 0
        var (worlds, lives) = (0, 0)
        for seed in Self.seeds {
            guard let result = try play(seed, without: [.monitorIsNone], waits: true) else { continue }
            worlds += 1
            #expect(result.wrong == [])
            compared += result.compared
            lives += result.lives
        }
        #expect(compared > 500)
        #expect(lives > worlds)
    }
}
