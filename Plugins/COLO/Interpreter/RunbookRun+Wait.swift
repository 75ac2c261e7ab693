internal import PluginKit
internal import QMP

extension RunbookRun {
    private static let limit = "runbook-limit"
    private static let poll = "runbook-poll"

    /// Takes an event of the own monitor's.
    mutating func event(_ event: MonitorEvent) -> [RunbookAction] {
        guard let wait = step(awaiting: event) else { return [] }
        if let failure = wait.failures.first(where: { $0.matches(event) }) {
            return fail("\(failure.name) \(event.data.written().text)")
        }
        guard wait.event.matches(event) else { return [] }
        switch state {
        case .executing:
            state = .executing(isMet: true)
            return []
        case .waiting: return next()
        case .idle, .storing, .asking, .looking, .yanking, .ended: return []
        }
    }

    /// What the step waits for, if its command is with the monitor or was answered; events before have nothing to say.
    private func step(awaiting event: MonitorEvent) -> RunbookWait? {
        switch state {
        case .executing, .waiting: step.wait
        case .idle, .storing, .asking, .looking, .yanking, .ended: nil
        }
    }

    /// Takes a timer; one that is not waited for any more is passed over.
    mutating func timerFired(_ tag: Tag) -> [RunbookAction] {
        guard state == .waiting, let timers, tag.number == timers, let wait = step.wait else { return [] }
        if tag.name == Self.limit {
            return fail("\(wait.event.name) has not come within \(Quantity.text(duration: wait.limit))")
        }
        return pollNow()
    }

    /// Begins to wait for the step's event; if it may have come before, QEMU is asked at once.
    mutating func wait(askingFirst: Bool) -> [RunbookAction] {
        guard let wait = step.wait else { preconditionFailure("only a step with an event waits") }
        state = .waiting
        let number = nextNumber()
        timers = number
        return [.setTimer(Tag(Self.limit, number), after: wait.limit)] + (askingFirst ? pollNow() : pollLater())
    }

    /// Asks QEMU how it is.
    private mutating func pollNow() -> [RunbookAction] {
        guard let query = step.wait?.query?.query else { return [] }
        return [execute(query, within: RunbookLimits.reply)]
    }

    /// Asks QEMU in a while; a wait without a query only waits.
    mutating func pollLater() -> [RunbookAction] {
        guard let timers, step.wait?.query != nil else { return [] }
        return [.setTimer(Tag(Self.poll, timers), after: RunbookLimits.poll)]
    }

    mutating func polled(_ answer: Answer) -> [RunbookAction] {
        guard case .success(let value) = answer, let wanted = step.wait?.query?.wanted else { return pollLater() }
        if value.isLike(wanted) { return next() }
        return (value.blockJob.map { [progress($0)] } ?? []) + pollLater()
    }

    /// Forgets the timers of the wait, which is over.
    mutating func cancelTimers() -> [RunbookAction] {
        guard let number = timers else { return [] }
        timers = nil
        return [.cancelTimer(Tag(Self.limit, number)), .cancelTimer(Tag(Self.poll, number))]
    }
}

extension RunbookWait.Pattern {
    /// Whether an event is what is waited for.
    fileprivate func matches(_ event: MonitorEvent) -> Bool {
        guard event.name.utf8.elementsEqual(name.utf8) else { return false }
        return data == .object([]) || event.data.isLike(data)
    }
}

extension JSONValue {
    /// How far the first block job of `query-block-jobs` is.
    fileprivate var blockJob: RunbookProgress.Work? {
        guard let job = array?.first, let offset = job["offset"]?.integer, let length = job["len"]?.integer else {
            return nil
        }
        return RunbookProgress.Work(offset: offset, length: length)
    }
}
