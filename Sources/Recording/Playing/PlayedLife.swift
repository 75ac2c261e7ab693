internal import QMP

/// What one recorded QEMU will say, and when: in the recording's time, and with causes before their effects.
///
/// A reply comes when its command was asked and the recorded time has passed; in-band replies in the order in which
/// they were asked for. An event comes the recorded time after what it hangs on (see ``RecordedLife``), events in the
/// recorded order. An event that was recorded before a reply and behind its command comes before it, one that was
/// recorded behind a reply that was asked for before comes behind it.
struct PlayedLife: Sendable {
    /// Something it says.
    enum Output: Sendable {
        /// A reply, to whoever was connected with that number; events come only behind the one to the negotiation.
        case reply(Bytes, connection: Int, negotiates: Bool = false)
        /// In place of a reply the connection with that number is closed.
        case drop(connection: Int)
        case event(Bytes)
        /// QEMU ends.
        case end
    }

    /// A reply that will come.
    struct Reply: Sendable {
        let output: Output
        let due: Instant
        /// Orders when it was asked for.
        fileprivate var serial = 0
        /// Where the command and the reply stand in the recording, and which one it is if events hang on it.
        fileprivate var recorded: Range<Int>?
        fileprivate var command: Int?

        /// A reply of which nothing is recorded.
        init(_ output: Output, due: Instant) {
            self.output = output
            self.due = due
        }
    }

    /// What becomes of a recorded command that is asked.
    enum Answer: Equatable {
        /// Its reply came so much later.
        case reply(after: Duration)
        /// QEMU ended before it could reply.
        case never
        /// It was replied to, but that is not recorded.
        case missing
    }

    /// Events that will come one behind the other.
    private struct Run {
        var events: Range<Int>
        /// When what was before them came, and was recorded.
        var base: Instant
        var recordedBase: Instant
        let serial: Int
        /// What was recorded behind them is due then: they come no later, however long they took.
        var latest: Instant?
    }

    /// Where the next output comes from.
    enum Source {
        case inBand
        case outOfBand(Int)
        case event
        case end
    }

    let life: RecordedLife
    private let settings: PlaybackSettings
    private var inBand: [Reply] = []
    private var outOfBand: [Reply] = []
    /// In the recorded order, the next one first.
    private var runs: [Run] = []
    private var endDue: Instant?
    private var serial = 0
    /// When the last thing was said.
    private var clock = Instant.zero

    init(_ life: RecordedLife, settings: PlaybackSettings) {
        self.life = life
        self.settings = settings
    }

    // MARK: - Causes

    /// What was recorded before the first command comes from now on.
    mutating func begin(at now: Instant, recordedAt time: Instant) {
        play(life.startEvents, .start, at: now, recordedAt: time)
    }

    /// A command was asked; a repeated one brings its own events again, but not those behind its reply.
    mutating func asked(_ match: CommandMatcher.Match, at now: Instant) -> Answer {
        let command = life.commands[match.command]
        play(command.events, match.isRepeated ? nil : .sent(match.command), at: now, recordedAt: command.sentAt)
        if let reply = command.reply { return .reply(after: settings.scaled(command.sentAt.duration(to: reply.time))) }
        // QEMU replied to a later one: a line is missing, no life was too short.
        guard !life.hasReply(behind: match.command) else { return .missing }
        // Whoever waits for a reply that QEMU has not lived to give waits for its end, and not for what others may ask.
        // Without time that would come before all that was asked in between: then it is as long as it was.
        if let end = life.endedAt {
            var settings = settings
            if settings.speed == .max { settings.speed = .times(1) }
            finish(at: now + settings.scaled(command.sentAt.duration(to: end)))
            return .never
        }
        return .missing
    }

    /// A reply will come; to which recorded command it is, if it is recorded.
    mutating func add(_ reply: Reply, to match: CommandMatcher.Match?, isOutOfBand: Bool) {
        var reply = reply
        serial += 1
        reply.serial = serial
        if let match, let recorded = life.commands[match.command].reply {
            reply.recorded = life.commands[match.command].order..<recorded.order
            reply.command = match.isRepeated ? nil : match.command
        }
        if isOutOfBand { outOfBand.append(reply) } else { inBand.append(reply) }
    }

    private mutating func play(
        _ events: Range<Int>,
        _ anchor: RecordedLife.Anchor?,
        at now: Instant,
        recordedAt time: Instant
    ) {
        if !events.isEmpty {
            serial += 1
            let place = runs.lastIndex { $0.events.lowerBound <= events.lowerBound }.map { $0 + 1 } ?? 0
            var run = Run(events: events, base: now, recordedBase: time, serial: serial)
            run.latest = runs[place...].map(due).min()
            let latest = due(run)
            for index in 0..<place { runs[index].latest = min(runs[index].latest ?? latest, latest) }
            runs.insert(run, at: place)
        }
        if anchor == life.anchor, let end = life.endedAt {
            finish(at: now + settings.scaled(time.duration(to: end)))
        }
    }

    private mutating func finish(at time: Instant) {
        endDue = min(endDue ?? time, time)
    }

    // MARK: - Effects

    /// What comes next and when, unless something else happens before.
    ///
    /// To who has yet to negotiate QEMU says no events (monitor/monitor.c, `monitor_qapi_event_emit`).
    func next(allowsEvents: Bool) -> (due: Instant, source: Source)? {
        var best: (due: Instant, source: Source)?
        func consider(_ due: Instant, _ source: Source) {
            if best.map({ due < $0.due }) ?? true { best = (due, source) }
        }
        let isHeld = inBand.first.map(isHeldByEvent) ?? false
        if let first = inBand.first, !isHeld { consider(first.due, .inBand) }
        for (index, reply) in outOfBand.enumerated() where !isHeldByEvent(reply) && !isBehindInBand(reply) {
            consider(reply.due, .outOfBand(index))
        }
        if allowsEvents, let run = runs.first {
            // What in-band replies wait for does not wait for them.
            let waited = isHeld ? outOfBand.filter { !isBehindInBand($0) } : inBand + outOfBand
            let order = life.events[run.events.lowerBound].order
            if !waited.contains(where: { $0.isBefore(order, run.serial) }) { consider(due(run), .event) }
        }
        if let endDue, inBand.isEmpty, outOfBand.isEmpty, runs.isEmpty { consider(endDue, .end) }
        return best
    }

    /// Takes what ``next(allowsEvents:)`` has told.
    mutating func take(_ next: (due: Instant, source: Source)) -> Output {
        clock = max(clock, next.due)
        switch next.source {
        case .inBand: return replied(inBand.removeFirst())
        case .outOfBand(let index): return replied(outOfBand.remove(at: index))
        case .event:
            let event = life.events[runs[0].events.lowerBound]
            if runs[0].events.count > 1 {
                runs[0].base = next.due
                runs[0].recordedBase = max(runs[0].recordedBase, event.time)
                runs[0].events.removeFirst()
            } else {
                runs.removeFirst()
            }
            return .event(event.bytes.endedAsQEMUDoes)
        case .end: return .end
        }
    }

    private mutating func replied(_ reply: Reply) -> Output {
        if let command = reply.command, let recorded = life.commands[command].reply {
            play(recorded.events, .reply(command), at: clock, recordedAt: recorded.time)
        }
        return reply.output
    }

    private func due(_ run: Run) -> Instant {
        let event = life.events[run.events.lowerBound]
        let due = run.base + settings.scaled(run.recordedBase.duration(to: event.time))
        return min(due, run.latest ?? due)
    }

    /// Whether an event has yet to come that was recorded between a command and this reply to it.
    private func isHeldByEvent(_ reply: Reply) -> Bool {
        guard let recorded = reply.recorded else { return false }
        return runs.contains { run in
            life.events[run.events.lowerBound].order < recorded.upperBound
                && life.events[run.events.upperBound - 1].order > recorded.lowerBound
        }
    }

    private func isBehindInBand(_ reply: Reply) -> Bool {
        guard let order = reply.recorded?.upperBound else { return false }
        return inBand.contains { $0.isBefore(order, reply.serial) }
    }
}

extension PlayedLife.Reply {
    /// Whether it was asked for before, and was recorded before.
    fileprivate func isBefore(_ order: Int, _ serial: Int) -> Bool {
        self.serial < serial && (recorded.map { $0.upperBound < order } ?? false)
    }
}
