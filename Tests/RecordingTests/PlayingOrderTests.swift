import ProxyTesting
import QMP
import Recording
import Testing

/// Whatever is asked in whatever order: nothing waits for ever, and nothing comes twice.
@Suite(.timeLimit(.minutes(15)))
struct PlayingOrderTests {
    /// A recording of so many commands, some out-of-band, with replies in any order and events anywhere.
    private func recording(_ commands: Int, _ generator: inout SeededGenerator) -> String {
        var lines = ["0 greeting"]
        var unsent = Array(1...commands)
        var unanswered: [Int] = []
        var events = 0
        while !unsent.isEmpty || !unanswered.isEmpty {
            let time = lines.count
            switch generator.int(0...2) {
            case 0 where !unsent.isEmpty:
                let number = unsent.removeFirst()
                lines.append("\(time) > \(number) \(command(number, isOutOfBand: generator.chance(30)))")
                unanswered.append(number)
            case 1 where !unanswered.isEmpty:
                let number = unanswered.remove(at: generator.int(0...unanswered.count - 1))
                lines.append("\(time) < \(number) {\"return\": \(number)}")
            default:
                events += 1
                lines.append("\(time) < {\"event\": \"E\(events)\"}")
            }
        }
        return lines.joined(separator: "\n")
    }

    private func command(_ number: Int, isOutOfBand: Bool) -> String {
        "{\"\(isOutOfBand ? "exec-oob" : "execute")\": \"c\(number)\"}"
    }

    @Test(arguments: [PlaybackSettings.Speed.times(1), .max])
    func answersAllOnceInWhateverOrderItIsAsked(speed: PlaybackSettings.Speed) throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let commands = generator.int(1...12)
            let recording = recording(commands, &generator)
            var stage = try PlayingStage(recording) { $0.speed = speed }
            stage.connect()
            var order = Array(1...commands)
            while !order.isEmpty {
                let number = order.remove(at: generator.int(0...order.count - 1))
                stage.ask(command(number, isOutOfBand: recording.contains(command(number, isOutOfBand: true))))
                if generator.chance(30) { stage.pass(Double(generator.int(0...9))) }
            }
            stage.pass(10_000)
            // The greeting and the negotiation come first.
            let said = stage.said().dropFirst(2).map { String($0.drop { $0 != " " }.dropFirst()) }
            let recorded = recording.split(separator: "\n").filter { $0.contains(" < ") }
                .map { line in String(line.drop { $0 != "{" }) }
            #expect(said.sorted() == recorded.sorted(), "seed \(seed)")
            #expect(stage.playback.nextDue == nil, "seed \(seed)")
        }
    }

    @Test
    func answersAllWhateverIsLeftOfTheRecording() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let commands = generator.int(1...12)
            let whole = recording(commands, &generator).split(separator: "\n")
            let left = whole.enumerated().filter { $0.offset == 0 || generator.chance(60) }.map(\.element)
            var stage = try PlayingStage(left.joined(separator: "\n")) { $0.reuses = generator.chance(50) }
            stage.connect()
            for number in 1...commands { stage.ask(command(number, isOutOfBand: generator.chance(30))) }
            stage.pass(10_000)
            let replies = stage.said().count { $0.contains(#"{"return""#) || $0.contains(#"{"error""#) }
            #expect(replies == 1 + commands, "seed \(seed)")
        }
    }
}
