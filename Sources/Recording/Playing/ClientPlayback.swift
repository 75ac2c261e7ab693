public import QMP

/// Plays the clients' side of a recording to a QEMU of today, through an engine that it knows nothing of but what that
/// records.
///
/// Pure: what the engine records and when is told to it, and what the clients do comes out. Each step waits for the
/// replies and events that had come before it, then as long as the client had waited.
public struct ClientPlayback: Sendable {
    /// Something it does.
    public enum Output: Sendable, Equatable {
        /// A client connects; numbers rise from 1.
        case open(client: Int)
        /// A client says something, with so many descriptors.
        case say(client: Int, Bytes, descriptors: Int)
        /// A client leaves when it has its replies.
        case close(client: Int)
        /// A command was replied to as in the recording.
        case equal
        /// A command was replied to otherwise.
        case different(ReplyDifference)
        /// A command was replied to, but that cannot be compared, for this reason: `FILE:LINE: …`.
        case notCompared(String)
        /// It cannot go on, for this reason; nothing comes any more.
        case failed(String)
        /// All was played; nothing comes any more.
        case done
    }

    private enum Phase {
        case connecting
        case playing
        case over
    }

    private let plan: ReplayPlan
    private let comparison: ReplyComparison
    private let settings: PlaybackSettings
    private let patience: Duration
    private let monitor: String
    private var phase = Phase.connecting
    private var outputs: [Output] = []
    /// The next step, and how much of what it waits for has come.
    private var step = 0
    private var come = 0
    /// When the step before was made, and when the last of what the next one waits for had come.
    private var base: Instant
    private var settled: Instant
    /// How many clients have connected.
    private var opened = 0
    /// The engine's numbers of the recorded clients.
    private var clients: [Int: Int] = [:]
    /// What each of the engine's clients has said and the engine has not read yet.
    private var said: [Int: ArraySlice<Int>] = [:]
    /// The commands behind the engine's numbers that are not replied to.
    private var asked: [Int: Int] = [:]
    private var replied: Set<Int> = []
    private var eventCounts: [String: Int] = [:]
    private var hasAskedMonitor = false

    /// How long is waited beyond the time that the same took when it was recorded, twice over.
    ///
    /// 60 s: today's QEMU may be slower, on a slower machine, and a test that hangs must end before people give up.
    public static let patienceDefault = Duration.seconds(60)

    /// A playback to a monitor that is being connected to.
    ///
    /// - Parameters:
    ///   - plan: what is played.
    ///   - comparison: how replies are compared.
    ///   - settings: how fast time goes; of them nothing else counts.
    ///   - patience: a reply or an event may take twice as long as in the recording, and this much more.
    ///   - monitor: what the monitor is called in messages to people.
    ///   - now: the time.
    public init(
        _ plan: ReplayPlan,
        comparison: ReplyComparison,
        settings: PlaybackSettings,
        patience: Duration = patienceDefault,
        monitor: String,
        at now: Instant
    ) {
        self.plan = plan
        self.comparison = comparison
        self.settings = settings
        self.patience = min(patience, PlaybackSettings.delayMax)
        self.monitor = monitor
        base = now
        settled = now
    }

    /// The next time at which ``takeOutputs(at:)`` will have something; `nil` when it is over.
    public var nextDue: Instant? {
        guard outputs.isEmpty else { return settled }
        switch phase {
        case .connecting: return base + patience
        case .playing: return missing.map(limit) ?? due
        case .over: return nil
        }
    }

    /// What is to be done by now, in order.
    public mutating func takeOutputs(at now: Instant) -> [Output] {
        defer { outputs = [] }
        if phase == .connecting, now >= base + patience {
            let limit = Quantity.text(duration: patience)
            fail("\(monitor) did not greet within \(limit); QEMU greets one client at a time: is another connected?")
        }
        while phase == .playing {
            if let missing {
                if now >= limit(missing) { fail(inVain(missing)) }
                break
            }
            guard now >= due else { break }
            perform(plan.steps[step], at: now)
        }
        return outputs
    }

    private var missing: ReplayPlan.Awaited? {
        let awaited = plan.steps[step].awaited
        return come < awaited.count ? awaited[come] : nil
    }

    /// What is waited for, for a person; `nil` if it is only time, or nothing.
    public var awaited: String? {
        switch phase {
        case .connecting: "the greeting of \(monitor)"
        case .playing: missing.map(told)
        case .over: nil
        }
    }

    private var due: Instant { max(base, settled) + settings.scaled(plan.steps[step].delay) }

    private func limit(_ awaited: ReplayPlan.Awaited) -> Instant { base + waits(for: awaited) }

    private func waits(for awaited: ReplayPlan.Awaited) -> Duration { awaited.delay * 2 + patience }

    private func waited(_ awaited: ReplayPlan.Awaited) -> String {
        let (seconds, fraction) = waits(for: awaited).components
        return seconds > 0 ? "\(seconds)s" : "\(fraction / 1_000_000_000_000_000)ms"
    }

    private func inVain(_ awaited: ReplayPlan.Awaited) -> String {
        let text = "\(told(awaited)) did not come again within \(waited(awaited))"
        guard case .events(let name, _) = awaited.kind else { return text }
        return "\(text); if it need not, say --ignore-event \(name)"
    }

    private func told(_ awaited: ReplayPlan.Awaited) -> String {
        switch awaited.kind {
        case .reply(let index): "\(awaited.place): the reply to \(plan.commands[index].name)"
        case .events(let name, _): "\(awaited.place): the event \(name)"
        }
    }

    // MARK: - Steps

    private mutating func perform(_ current: ReplayPlan.Step, at now: Instant) {
        switch current.action {
        case .open:
            opened += 1
            clients[current.client] = opened
            outputs.append(.open(client: opened))
        case .say(let index):
            guard let client = clients[current.client] else { break }
            let command = plan.commands[index]
            said[client, default: []].append(index)
            outputs.append(.say(client: client, command.bytes, descriptors: command.descriptors))
        case .close:
            if let client = clients[current.client] { outputs.append(.close(client: client)) }
        case .end: return end(.done)
        }
        step += 1
        come = 0
        (base, settled) = (now, now)
        advance(at: now)
    }

    /// Passes over what has come of that which the next step waits for.
    private mutating func advance(at now: Instant) {
        while let missing, hasCome(missing.kind) {
            come += 1
            settled = now
        }
    }

    private func hasCome(_ kind: ReplayPlan.Awaited.Kind) -> Bool {
        switch kind {
        case .reply(let index): replied.contains(index)
        case .events(let name, let count): eventCounts[name, default: 0] >= count
        }
    }

    private mutating func fail(_ reason: String) {
        end(.failed(reason))
    }

    private mutating func end(_ output: Output) {
        guard phase != .over else { return }
        phase = .over
        outputs.append(output)
    }
}

// MARK: - What happens

extension ClientPlayback {
    /// The monitor cannot be reached.
    public mutating func monitorUnreachable(_ reason: String) {
        fail("\(monitor) cannot be reached: \(reason)")
    }

    /// Somebody wants it to end.
    public mutating func interrupted() {
        fail("interrupted before \(plan.steps[step].place) was played")
    }

    /// The engine has recorded something.
    public mutating func take(_ entry: Entry) {
        guard phase != .over else { return }
        if entry.isCommandSent { hasAskedMonitor = true }
        switch (entry.place, entry.kind) {
        case (.monitor, .closed(let reason)): monitorClosed(reason)
        case (.client(let client), .received):
            guard let number = entry.command, let index = said[client]?.popFirst() else { return }
            asked[number] = index
        default: if let content = entry.said { take(content, entry) }
        }
        if phase == .playing { advance(at: entry.time) }
    }

    private mutating func take(_ content: Entry.Content, _ entry: Entry) {
        if let number = entry.command {
            guard let index = asked.removeValue(forKey: number) else { return }
            replied.insert(index)
            compare(plan.commands[index], content)
        } else if entry.place == .monitor, let message = content.message {
            switch MessageSummary(message) {
            case .greeting: begin(at: entry.time)
            case .event(let name): if hasAskedMonitor { eventCounts[name, default: 0] += 1 }
            case .command, .reply, .unknown: break
            }
        }
    }

    /// The engine greets who comes from now on.
    private mutating func begin(at now: Instant) {
        guard phase == .connecting else { return }
        phase = .playing
        (base, settled) = (now, now)
    }

    private mutating func compare(_ command: ReplayPlan.Command, _ live: Entry.Content) {
        guard let reply = command.reply else { return }
        guard let message = live.message else {
            return outputs.append(.notCompared("\(reply.place): what replies to \(command.name) now is no message"))
        }
        guard let places = comparison.differences(to: command.name, reply, message) else {
            return outputs.append(.notCompared("\(reply.place): the reply to \(command.name) cannot be read"))
        }
        outputs.append(places.isEmpty ? .equal : .different(ReplyDifference(command: command, places: places)))
    }

    /// The end of QEMU is no failure when nothing more is expected of it: the recorded one may have ended so, too.
    private mutating func monitorClosed(_ reason: String) {
        guard phase == .playing else { return fail("\(monitor) went away before it greeted: \(reason)") }
        for (index, left) in plan.steps[step...].enumerated() {
            if let expected = left.awaited.dropFirst(index == 0 ? come : 0).first(where: isMonitors) {
                return fail("\(monitor) went away (\(reason)) before this came again: \(told(expected))")
            }
            if case .say(let said) = left.action, !plan.commands[said].isNegotiation {
                let command = plan.commands[said]
                return fail("\(monitor) went away (\(reason)) before this was said: \(command.place): \(command.name)")
            }
        }
        end(.done)
    }

    /// Whether it comes from the monitor: a negotiation is answered without it.
    private func isMonitors(_ awaited: ReplayPlan.Awaited) -> Bool {
        if case .reply(let index) = awaited.kind { !plan.commands[index].isNegotiation } else { true }
    }
}
