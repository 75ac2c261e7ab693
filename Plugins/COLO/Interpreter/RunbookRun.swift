internal import PluginKit
internal import QMP

/// Takes the steps of a runbook, one after the other: is told what happens, and tells what is to be done.
///
/// A step is taken so: its intent is stored if need be, its conditions are asked, its command is sent, its reply is
/// read (text of the human monitor, too), its event is waited for. A command that is not answered within its limit has
/// blocked the monitor: what holds it up is yanked and the step is taken again, once. `migrate` is never sent twice,
/// whatever the runbook says: a second one takes COLO down (``looked(at:)``).
struct RunbookRun: Sendable, Equatable {
    /// Where a step is.
    enum State: Sendable, Equatable {
        /// Not begun.
        case idle
        /// The intent is being stored, and all that could be asked meanwhile was.
        case storing
        /// A condition is being asked, by its place among the step's.
        case asking(Int)
        /// QEMU is being asked whether `migrate` was sent already.
        case looking(Look)
        /// The command is with the monitor; whether the awaited event has come before the reply.
        case executing(isMet: Bool)
        /// Something is being yanked.
        case yanking(Yanking)
        /// The event is being waited for.
        case waiting
        /// Done, failed or aborted.
        case ended
    }

    /// What is taken.
    let runbook: Runbook
    /// The step under way, counted from 0.
    var index = 0
    /// Where it is.
    var state: State = .idle
    /// Whether the step may have been taken before: by a proxy that has gone, or with a reply that has not come.
    var isRepeated = false
    /// Whether the monitor was freed for this step already.
    var wasFreed = false
    /// The step whose intent was stored last, or is being stored.
    var storedIndex: Int?
    /// What the store under way is told with.
    private var storing: Tag?
    /// What `query-yank` has listed meanwhile.
    var listed: Answer?
    /// Whether what has an effect has to wait, since the step's intent is on its way to the disk.
    var isStoring: Bool { storing != nil && storedIndex == index }
    /// The number of the last tag; of one kind, so that what comes late is known.
    private(set) var lastNumber: Int
    /// Whose outcome is waited for.
    private(set) var expected: Tag?
    /// The timers of the wait under way, by its number.
    var timers: Int?

    /// A run of a runbook, to be begun.
    ///
    /// - Parameters:
    ///   - runbook: what is taken.
    ///   - number: a number above all that runs before this one had in their tags (``lastNumber``).
    init(_ runbook: Runbook, after number: Int = 0) {
        self.runbook = runbook
        lastNumber = number
    }

    /// The step under way.
    var step: RunbookStep { runbook.steps[index] }

    /// How long a reply may take: a short limit says when the monitor is to be freed, not when to give up.
    var limit: Duration { wasFreed ? max(step.limit, RunbookLimits.reply) : step.limit }

    /// Whether there is nothing more to do.
    var hasEnded: Bool { state == .ended }

    /// Takes the first step.
    mutating func begin() -> [RunbookAction] {
        precondition(state == .idle, "a run begins once")
        guard !runbook.steps.isEmpty else { return end(with: .done) }
        return storeAhead() + enter()
    }

    /// Goes on where a proxy that has gone had stored an intent: that step may have been taken or not.
    mutating func begin(from stored: JSONValue) -> [RunbookAction] {
        precondition(state == .idle, "a run begins once")
        guard let intent = RunbookIntent(stored), intent.isOf(runbook) else {
            let reason = "the runbook is not the one that was under way: nothing is done, a person has to look"
            let failure = RunbookFailure(step: 0, title: runbook.name, place: runbook.file, reason: reason)
            return end(with: .failed(failure))
        }
        index = intent.step - 1
        isRepeated = true
        storedIndex = index
        return [progress()] + ask(0)
    }

    /// The connection to QEMU is lost; what was unanswered may come here or to ``answered(_:with:)``.
    mutating func monitorLost() -> [RunbookAction] {
        stop(because: "the connection to QEMU was lost")
    }

    /// Ends the run where it is, since a person or the plugin wants it; what was done is not undone.
    mutating func abort(_ reason: String) -> [RunbookAction] {
        stop(because: reason)
    }

    /// Takes the outcome of a command or of a store; one that is not waited for any more is passed over.
    mutating func answered(_ tag: Tag, with outcome: Outcome) -> [RunbookAction] {
        if tag == storing { return stored(outcome) }
        guard tag == expected else { return [] }
        expected = nil
        switch outcome {
        case .answered(let answer): return answered(answer)
        case .timedOut: return timedOut()
        case .stored, .notStored: preconditionFailure("a store is no command")
        case .monitorLost: return monitorLost()
        case .refused(let reason): return stop(because: "the command is refused: \(reason)")
        case .clientGone, .ended: preconditionFailure("no run holds a client's command or starts a program")
        }
    }

    private mutating func stored(_ outcome: Outcome) -> [RunbookAction] {
        storing = nil
        var notes: [RunbookAction] = []
        // The guest comes first: without the intent a proxy that is started again only knows less.
        if case .notStored(let reason) = outcome {
            notes = [.note("the intent of step \((storedIndex ?? index) + 1) is not stored: \(reason)")]
        }
        guard state == .storing else { return notes }
        guard let answer = listed else { return notes + act() }
        listed = nil
        return notes + yanked(Yanking(purpose: .step), answer)
    }

    private mutating func answered(_ answer: Answer) -> [RunbookAction] {
        switch state {
        case .asking(let place): return asked(place, answer)
        case .looking(let look): return looked(at: look, answer)
        case .executing(let isMet): return executed(answer, isMet)
        case .yanking(let yanking): return yanked(yanking, answer)
        case .waiting: return polled(answer)
        case .idle, .storing, .ended: preconditionFailure("no command is unanswered")
        }
    }

    private mutating func timedOut() -> [RunbookAction] {
        switch state {
        case .asking, .looking, .executing: blocked()
        case .yanking(let yanking): yankFailed(yanking, "no reply within \(RunbookLimits.outOfBandReply)")
        case .waiting: pollLater()
        case .idle, .storing, .ended: preconditionFailure("no command is unanswered")
        }
    }
}

extension RunbookRun {
    /// Begins with the step at ``index``.
    mutating func enter() -> [RunbookAction] {
        isRepeated = false
        wasFreed = false
        let actions = needsIntent && storedIndex != index ? [progress(), store(index)] : [progress()]
        return actions + ask(0)
    }

    /// Stores the intent of the first step that does something, while those before it ask: so the disk's time and
    /// QEMU's pass together.
    private mutating func storeAhead() -> [RunbookAction] {
        let first = runbook.steps.firstIndex { $0.work != .nothing }
        return first.map { [store($0)] } ?? []
    }

    private mutating func store(_ index: Int) -> RunbookAction {
        storedIndex = index
        let tag = Tag("runbook-intent", nextNumber())
        storing = tag
        return .store(intent: RunbookIntent(runbook, index: index).value, tag: tag)
    }

    /// The first step that does something is stored whatever it is, so that a run that has begun is known of.
    private var needsIntent: Bool {
        switch step.work {
        case .nothing: false
        case .execute(let command): step.weight == .essential || command.name == Self.migrate || storedIndex == nil
        case .yank: step.weight == .essential || storedIndex == nil
        }
    }

    /// Goes on behind the step.
    mutating func next() -> [RunbookAction] {
        let cancelled = cancelTimers()
        index += 1
        guard index < runbook.steps.count else {
            index -= 1
            return cancelled + end(with: .done)
        }
        return cancelled + enter()
    }

    /// The step has failed: so has the run, unless it was a clean-up.
    mutating func fail(_ reason: String) -> [RunbookAction] {
        let reason = String(reason.prefix(RunbookLimits.textMax))
        guard step.weight == .cleanUp else { return stop(because: reason) }
        return [.note("\(failure(reason)); the run goes on")] + next()
    }

    /// The run has failed.
    mutating func stop(because reason: String) -> [RunbookAction] {
        guard !hasEnded, !runbook.steps.isEmpty else { return [] }
        return cancelTimers() + end(with: .failed(failure(reason)))
    }

    private mutating func end(with action: RunbookAction) -> [RunbookAction] {
        state = .ended
        expected = nil
        return [action]
    }

    private func failure(_ reason: String) -> RunbookFailure {
        let place = "\(runbook.file):\(step.line)"
        return RunbookFailure(step: index + 1, title: step.title, place: place, reason: reason)
    }

    /// How far the run is.
    func progress(_ work: RunbookProgress.Work? = nil) -> RunbookAction {
        let (number, count) = (index + 1, runbook.steps.count)
        return .progress(RunbookProgress(step: number, steps: count, title: step.title, work: work))
    }

    /// A command's execution, whose outcome is waited for.
    mutating func execute(_ command: Command, within limit: Duration) -> RunbookAction {
        .execute(command, tag: nextTag("step"), limit: limit)
    }

    /// A number that nothing had before.
    mutating func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    private mutating func nextTag(_ name: String) -> Tag {
        let tag = Tag("runbook-\(name)", nextNumber())
        expected = tag
        return tag
    }
}
