internal import PluginKit
internal import QMP

extension RunbookRun {
    /// A yank under way, for a step that is one or to free the monitor.
    struct Yanking: Sendable, Equatable {
        /// What it is for.
        enum Purpose: Sendable, Equatable {
            /// The step says so.
            case step
            /// The step's command has blocked the monitor.
            case freeing
        }

        /// What it is for.
        let purpose: Purpose
        /// Whether `yank` itself was sent; else it is `query-yank`.
        var isSent = false
        /// How often `query-yank` was asked.
        var attempts = 1
    }

    /// The step's command is not answered in time: it blocks the monitor, and all other in-band commands with it.
    ///
    /// Once it is freed it may turn out that the command was executed nevertheless, so the step is taken as one that is
    /// repeated.
    mutating func blocked() -> [RunbookAction] {
        let limit = Quantity.text(duration: limit)
        guard !wasFreed else { return fail("no reply within \(limit), even after a yank") }
        wasFreed = true
        if case .executing = state { isRepeated = true }
        return [.note("step \(index + 1), \(step.title): no reply within \(limit); yank")] + yank(.freeing)
    }

    /// Asks what can be yanked (qapi/yank.json).
    mutating func yank(_ purpose: Yanking.Purpose) -> [RunbookAction] {
        list(Yanking(purpose: purpose))
    }

    private mutating func list(_ yanking: Yanking) -> [RunbookAction] {
        state = .yanking(yanking)
        return [execute(Command("query-yank", isOutOfBand: true), within: RunbookLimits.outOfBandReply)]
    }

    mutating func yanked(_ yanking: Yanking, _ answer: Answer) -> [RunbookAction] {
        switch answer {
        case .success(let value):
            guard !yanking.isSent else { return yankEnded(yanking) }
            let patterns = patterns(for: yanking.purpose)
            let instances = (value.array ?? []).filter { instance in
                !instance.isMonitor && patterns.contains { instance.isLike($0) }
            }
            guard !instances.isEmpty else { return yankEnded(yanking) }
            guard yanking.purpose != .step || !isStoring else {
                (state, listed) = (.storing, answer)
                return []
            }
            let arguments = [JSONValue.Member("instances", .array(instances))]
            guard let command = try? Command("yank", arguments, isOutOfBand: true) else {
                return yankFailed(yanking, "what query-yank has listed cannot be said")
            }
            var sent = yanking
            sent.isSent = true
            state = .yanking(sent)
            return [execute(command, within: RunbookLimits.outOfBandReply)]
        case .failure(let error):
            // One of the instances has gone since, and none is yanked.
            guard error.errorClass == .deviceNotFound, yanking.attempts < RunbookLimits.yanksMax else {
                return yankFailed(yanking, error.description.text)
            }
            return list(Yanking(purpose: yanking.purpose, attempts: yanking.attempts + 1))
        }
    }

    /// A yank helps what comes after it; by itself it is no reason to give up.
    mutating func yankFailed(_ yanking: Yanking, _ reason: String) -> [RunbookAction] {
        [.note("step \(index + 1), \(step.title): yank: \(reason)")] + yankEnded(yanking)
    }

    private mutating func yankEnded(_ yanking: Yanking) -> [RunbookAction] {
        switch yanking.purpose {
        case .step: next()
        case .freeing: ask(0)
        }
    }

    /// What may be yanked; to free `migrate` its own migration is not.
    private func patterns(for purpose: Yanking.Purpose) -> [JSONValue] {
        switch (purpose, step.work) {
        case (.step, .yank(let patterns)): patterns
        case (.freeing, .execute(let command)) where command.name == Self.migrate: [.instance("block-node")]
        case (.freeing, _): [.instance("block-node"), .instance("migration")]
        case (.step, .execute), (.step, .nothing): preconditionFailure("only a yank's step yanks")
        }
    }
}

extension JSONValue {
    /// Any instance of that type, as a pattern.
    fileprivate static func instance(_ type: String) -> JSONValue {
        .object([JSONValue.Member("type", .string(type))])
    }

    /// Whether it is a character device of QMP's own, the proxy's connection among them (monitor/qmp.c).
    fileprivate var isMonitor: Bool {
        self["id"]?.string?.hasPrefix("compat_monitor") ?? false
    }
}
