internal import PluginKit
internal import QMP

/// What is tried out on a copy of the plugin, wherever it stands.
extension PluginCompatTest {
    /// Lines of a transcript: enough to see how it came to that.
    private static let transcriptLinesMax = 60
    /// How often the plugin may ask again for what is refused: more than anybody retries who counts.
    private static let roundsMax = 100
    /// How much it may ask for meanwhile.
    private static let refusalsMax = 10_000

    func violation(_ sentence: String, _ run: PluginRun) -> Violation {
        let lines = run.steps.flatMap(\.lines)
        return Violation(sentence: sentence, transcript: lines.suffix(Self.transcriptLinesMax))
    }

    // MARK: - What nobody knows

    /// Lets something come that the plugin cannot know.
    func unknownViolations(_ run: PluginRun, _ world: PluginWorld, _ author: PluginCallAuthor) -> [Violation] {
        var author = author
        return author.unknownCalls().compactMap { call in
            var run = run
            let response = run.tell(call, at: world.now)
            let isRight =
                switch response.verdict {
                case .command(.forward), .reply(.forward), .event(.deliver): true
                case .command(.answer(.failure)): refusesUnknown
                case .command, .reply, .event, .ownCommand: false
                // It is no call of anybody's, and so nothing comes of it.
                case nil: response.effects.allSatisfy { if case .log = $0 { true } else { false } }
                }
            if isRight { return nil }
            return violation("does not let pass, or takes for its own, what it cannot know", run)
        }
    }

    // MARK: - What does not work

    /// Lets fail whatever the plugin has begun, and refuses what it then asks for.
    func persistenceViolations(_ run: PluginRun, _ world: PluginWorld, _ author: PluginCallAuthor) -> [Violation] {
        var (run, author) = (run, author)
        let startsFail = author.generator.chance(50)
        var calls = world.due + author.failures(in: world)
        var refusals = 0
        for _ in 0..<Self.roundsMax {
            var asked: [PluginCall] = []
            for call in calls {
                let response = run.tell(call, at: world.now)
                asked += response.effects.compactMap { Self.refusal(of: $0, startsFail: startsFail) }
            }
            if asked.isEmpty { return [] }
            refusals += asked.count
            if refusals > Self.refusalsMax { break }
            calls = asked
        }
        return [violation("asks again at once, and for ever, for what is not done", run)]
    }

    /// What a plugin is told at once when nothing that it asks for is done; `nil` if that is nothing.
    private static func refusal(of effect: PluginEffect, startsFail: Bool) -> PluginCall? {
        let refused = Outcome.refused(reason: "it is a test")
        return switch effect {
        case .execute(_, _, let tag, _), .write(_, let tag), .stop(let tag): .answered(tag, refused)
        // Only commands that the plugin held before, and those are gone.
        case .release: nil
        case .connect(let name, _), .disconnect(let name): .answered(Tag(name), refused)
        case .store(_, let tag): .answered(tag, .notStored(reason: "it is a test"))
        case .start(_, let tag): .answered(tag, startsFail ? .ended(.notStarted(reason: "it is a test")) : refused)
        case .setTimer(let tag, let duration): duration <= .zero ? .timerFired(tag) : nil
        case .cancelTimer, .mark, .log: nil
        }
    }
}

extension PluginCallAuthor {
    /// What nobody can know: names and tags that were never given.
    fileprivate mutating func unknownCalls() -> [PluginCall] {
        let number = generator.int(1...1_000_000)
        let texts = [
            #"{"execute": "x-nobody-knows-\#(number)", "arguments": {"a": [1, null]}, "id": "b"}"#,
            #"{"exec-oob": "x-nobody-knows-\#(number)"}"#, #"{"execute": "query-\#(number)"}"#,
            #"{"execute": "x-nobody-knows-\#(number)", "no-such-member": 1}"#,
        ]
        let commands = texts.compactMap { command($0) }.map { asked($0) }
        let replies = commands.map { PluginCall.reply(reply(to: $0, isError: generator.chance(50)), to: $0) }
        let event = event(#"{"event": "NOBODY_KNOWS_\#(number)", "data": {"a": 1}}"#)
        let tag = Tag("nobody-knows", number)
        let outcomes: [Outcome] = [
            .answered(.success(.object([]))), .answered(.failure(ProtocolError(.generic, "it is a test"))), .timedOut,
            .monitorLost, .clientGone, .stored, .notStored(reason: "it is a test"), .ended(.exited(status: 0)),
            .refused(reason: "it is a test"),
        ]
        return commands.map { .command($0) } + replies + [.event(event, from: .own)]
            + outcomes.map { .answered(tag, $0) }
            + [.timerFired(tag), .line(Bytes(text: words.lines.first ?? "thing"), from: tag)]
    }

    /// All that the plugin has begun fails.
    fileprivate mutating func failures(in world: PluginWorld) -> [PluginCall] {
        let executions: [Outcome] = [.timedOut, .monitorLost, .refused(reason: "it is a test")]
        var calls = world.executions.map { PluginCall.answered($0.tag, generator.pick(executions)) }
        calls += world.stores.map { .answered($0.tag, .notStored(reason: "it is a test")) }
        calls += world.programs.map { .answered($0, .ended(.exited(status: 1))) }
        let held = world.held.sorted { $0.value.command.number < $1.value.command.number }
        calls += held.map { .answered($0.key, generator.pick([.timedOut, .clientGone])) }
        calls += world.seconds.map { .monitorChanged(.second($0.name), .gone(reason: "it is a test")) }
        return calls + [.monitorChanged(.own, .gone(reason: "it is a test"))]
    }
}
