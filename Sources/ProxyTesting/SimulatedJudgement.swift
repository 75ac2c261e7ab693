internal import PluginKit
internal import QMP

/// A command that a simulated plugin holds: how long, and what it does with it then.
struct SimulatedHold: Sendable {
    /// When the plugin releases it.
    enum Trigger: Sendable {
        /// In the same breath.
        case now
        /// When a timer of the same tag fires.
        case timer(Duration)
        /// When the next event comes.
        case event
        /// When a command of its own has come to something.
        case outcome
        /// Not at all.
        case never
    }

    let tag: Tag
    let limit: Duration
    let late: LatePolicy
    let trigger: Trigger
    /// What it is released as.
    let release: CommandVerdict
}

/// How a simulated plugin decides on what it is asked: by the bytes alone, so that the simulation knows it from
/// outside, too.
struct SimulatedJudgement: Sendable {
    /// What becomes of a command.
    enum Decision: Sendable {
        case forward
        case replace(Command)
        case answer(Answer)
        case hold(SimulatedHold)
    }

    /// A command of the plugin's own.
    struct OwnCommand: Sendable {
        let command: Command
        let monitor: MonitorID
        let timeout: Duration
    }

    /// Its place in the chain, from 0.
    let place: Int
    let seed: UInt64
    /// Whether it breaks its contract where it can.
    let isRude: Bool
    /// How long things take in its world, in microseconds.
    let delayMax: Int

    var name: String { "p\(place)" }

    /// Draws what is the same for the same bytes.
    private func generator(for bytes: Bytes) -> SeededGenerator {
        var hash = SimulatorHash()
        hash.mix(bytes)
        return SeededGenerator(seed: hash.value ^ seed)
    }

    // MARK: - Commands

    /// What becomes of a client's command; only one with a tag is held or replaced.
    func decision(on bytes: Bytes, isOutOfBand: Bool) -> Decision {
        var generator = generator(for: bytes)
        let tag = SimulatorTag(in: bytes)
        switch (generator.int(1...100), tag) {
        case (1...10, _): return .answer(answer(tag, &generator))
        case (11...24, let tag?): return .replace(replacement(tag, isOutOfBand, &generator))
        case (25...46, let tag?): return .hold(hold(tag, isOutOfBand, &generator))
        default: return .forward
        }
    }

    /// What becomes of a plugin's own command: an answer, be it now or later.
    func ownDecision(on bytes: Bytes) -> Decision {
        var generator = generator(for: bytes)
        guard let tag = SimulatorTag(in: bytes), generator.chance(60) else { return .answer(answer(nil, &generator)) }
        let hold = hold(tag, false, &generator)
        let answer = CommandVerdict.answer(answer(tag, &generator))
        let isShared = hold.tag.name == Self.sharedTag
        let keepsToAnswers = !isRude || generator.chance(60)
        return .hold(
            SimulatedHold(
                tag: isShared ? hold.tag : Tag(Self.askedTag, hold.tag.number),
                limit: hold.limit,
                late: .closed,
                trigger: hold.trigger,
                release: keepsToAnswers && !isShared ? answer : hold.release
            )
        )
    }

    private func answer(_ tag: SimulatorTag?, _ generator: inout SeededGenerator) -> Answer {
        let text = "\(name) of \(tag?.text ?? "nothing")"
        guard generator.chance(50) else { return .failure(ProtocolError(.generic, text)) }
        return .success(generator.pick([.string(text), .object([JSONValue.Member("text", .string(text))]), .null]))
    }

    private func replacement(_ tag: SimulatorTag, _ isOutOfBand: Bool, _ generator: inout SeededGenerator) -> Command {
        let overtakes = isRude && generator.chance(15) ? !isOutOfBand : isOutOfBand
        let names = overtakes ? FakeMonitor.outOfBandCommands : FakeMonitor.commands + ["getfd", "nix"]
        let name = generator.pick(names)
        let members = [JSONValue.Member(name == "getfd" ? "fdname" : "tag", .string(tag.text))]
        let command = Command(simulated: name, members, isOutOfBand: overtakes)
        // Whose id it is does not matter: the client's own is answered.
        guard !isOutOfBand, generator.chance(15) else { return command }
        return (try? Command(parsing: Bytes(text: "{'execute': 'stop', 'id': 7, 'arguments': {'tag': '\(tag.text)'}}")))
            ?? command
    }

    // MARK: - Holding

    /// What it calls a command that it holds: the number says which one it is.
    static let heldTag = "held"
    /// What it calls one that asks itself, and that it may have held before.
    static let askedTag = "asked"
    /// What a rude one calls all commands of a client, whose number it is.
    static let sharedTag = "shared"

    /// How many documents a client says at most.
    static let serialsMax = 10_000

    private func hold(_ tag: SimulatorTag, _ isOutOfBand: Bool, _ generator: inout SeededGenerator) -> SimulatedHold {
        let number = tag.client * Self.serialsMax + tag.serial
        let isShared = isRude && generator.chance(30)
        let delay = Duration.microseconds(generator.int(0...20 * delayMax))
        var limit = generator.pick([delay, .seconds(2), .seconds(30)])
        if isRude { limit = generator.pick([limit, .seconds(-5), .seconds(100 * 86_400)]) }
        let release: CommandVerdict =
            switch generator.int(1...100) {
            case 1...50: .forward
            case 51...75: .answer(answer(tag, &generator))
            case 76...80 where isRude: .hold("again", limit: .seconds(1), late: .open)
            default: .replace(replacement(tag, isOutOfBand, &generator))
            }
        return SimulatedHold(
            tag: isShared ? Tag(Self.sharedTag, tag.client) : Tag(Self.heldTag, number),
            limit: limit,
            late: generator.pick([.open, .closed]),
            trigger: generator.pick([.now, .timer(delay), .timer(delay * 3), .event, .outcome, .never]),
            // The commands of a shared tag must not differ in this.
            release: isShared ? .forward : release
        )
    }

    // MARK: - What the monitor says

    /// What becomes of an event.
    func verdict(onEvent bytes: Bytes) -> EventVerdict {
        var generator = generator(for: bytes)
        switch generator.int(1...100) {
        case 1...12: return .drop
        case 13...26:
            let data = JSONValue.object([JSONValue.Member("number", .integer(Int64(generator.int(1...1000))))])
            return .replace(
                .object([JSONValue.Member("event", .string("OF-\(name)")), JSONValue.Member("data", data)])
            )
        case 27...30 where isRude: return .replace(.null)
        default: return .deliver
        }
    }

    /// What becomes of the reply to a command.
    func verdict(onReplyTo bytes: Bytes) -> ReplyVerdict {
        var generator = generator(for: bytes + [0])
        return generator.chance(12) ? .replace(answer(SimulatorTag(in: bytes), &generator)) : .forward
    }

    // MARK: - Own commands

    /// Where plugins stand among clients in tags.
    static let firstTag = 1000

    /// Its command of that number.
    func ownCommand(_ number: Int) -> OwnCommand {
        let tag = SimulatorTag(client: Self.firstTag + place, serial: number)
        var generator = generator(for: Bytes(text: tag.text))
        let isOutOfBand = generator.chance(25)
        let name = generator.pick(isOutOfBand ? FakeMonitor.outOfBandCommands : FakeMonitor.commands + ["nix"])
        let few = Duration.microseconds(generator.int(0...30 * delayMax))
        var timeout = generator.pick([.seconds(10), .seconds(10), few])
        if isRude { timeout = generator.pick([timeout, .seconds(-1), .seconds(100 * 86_400)]) }
        let members = [JSONValue.Member("tag", .string(tag.text))]
        return OwnCommand(
            command: Command(simulated: name, members, isOutOfBand: isOutOfBand),
            monitor: generator.chance(25) ? .second(Simulator.secondName) : .own,
            timeout: timeout
        )
    }
}
