internal import PluginKit
internal import QMP

/// What a runbook is taken for.
indirect enum Procedure: Sendable, Equatable {
    case secondaryStart
    case start
    case resume
    case failover(PairState.Role)
    /// Takes back a start or a resume, since that has failed.
    case undo(Procedure, because: String)
    case standDown
    case checkpointDelay

    /// The procedure that an intent is of, which was kept over a restart.
    ///
    /// Preparing a secondary is none of them: that is begun anew.
    init?(_ intent: RunbookIntent) {
        let all: [Procedure] = [
            .start, .resume, .failover(.primary), .failover(.secondary),
            .undo(.start, because: "as before"), .undo(.resume, because: "as before"),
        ]
        guard let procedure = all.first(where: { $0.has(intent) }) else { return nil }
        self = procedure
    }

    /// Whether an intent is of it.
    func has(_ intent: RunbookIntent) -> Bool {
        COLOSettings.Mode.allCases.contains { mode in
            [true, false].contains { runbook(mode, hasRewriter: $0)?.rawValue == intent.runbook }
        }
    }

    /// The runbook that is taken.
    ///
    /// - Parameters:
    ///   - mode: the kind of COLO.
    ///   - hasRewriter: whether filter-rewriter is there: then this was a secondary once.
    /// - Returns: its name; `nil` if there is none.
    func runbook(_ mode: COLOSettings.Mode, hasRewriter: Bool) -> Runbook.Shipped? {
        switch (self, mode) {
        case (.secondaryStart, .continuous): .secondaryStart
        case (.secondaryStart, .periodic): .periodicSecondaryStart
        case (.start, .continuous): .primaryStart
        case (.start, .periodic): .periodicPrimaryStart
        case (.resume, .continuous): hasRewriter ? .secondaryResume : .primaryResume
        case (.resume, .periodic): nil
        case (.failover(.primary), .continuous): .primaryFailover
        case (.failover(.primary), .periodic): .periodicPrimaryFailover
        case (.failover(.secondary), .continuous): .secondaryFailover
        case (.failover(.secondary), .periodic): .periodicSecondaryFailover
        case (.undo(.resume, _), _): .undoResume
        case (.undo, _): .undoStart
        case (.standDown, _): .standDown
        case (.checkpointDelay, _): .checkpointDelay
        }
    }
}

/// A runbook under way.
struct Work: Sendable, Equatable {
    let procedure: Procedure
    var run: RunbookRun
    var progress: RunbookProgress?
    /// When a block job was last further than before.
    var movedAt: Duration

    /// Whether nothing has moved for long; of a migration it is not known, and it has a limit of its own.
    func isStandingStill(_ now: Duration) -> Bool {
        progress?.title != RunbookRun.migrate && now - movedAt >= COLOLimits.standstill
    }
}

/// Takes runbooks.
extension COLOPlugin {
    /// Takes a runbook, from its beginning or from where one before has ended.
    mutating func begin(_ procedure: Procedure, from intent: JSONValue? = nil, _ context: inout PluginContext) {
        let kept = intent.flatMap(RunbookIntent.init).flatMap { procedure.has($0) ? $0 : nil }
        let name =
            kept.flatMap { Runbook.Shipped(rawValue: $0.runbook) }
            ?? procedure.runbook(settings.mode, hasRewriter: own.objects.contains(runbooks.rewriter))
        guard let name else { return }
        let runbook = runbooks[name]
        stopWork("\(name.rawValue) begins", &context)
        if [.start, .resume, .secondaryStart].contains(procedure) { own.hasExited = false }
        if [.start, .resume].contains(procedure), kept == nil { newEpoch(context) }
        if procedure == .resume { isResumeOrdered = false }
        if procedure == .resume, kept == nil {
            move(to: .resyncing, because: "the new secondary is ready", &context)
        }
        context.mark("\(name.rawValue) begins", epoch: epoch)
        var run = RunbookRun(runbook, after: lastNumber)
        if let problem = unfit[runbook.name] {
            work = Work(procedure: procedure, run: run, movedAt: context.now)
            return take(run.abort(problem), &context)
        }
        let actions = kept.map { run.begin(from: $0.value) } ?? run.begin()
        work = Work(procedure: procedure, run: run, movedAt: context.now)
        take(actions, &context)
    }

    /// Does what a run wants done.
    mutating func take(_ actions: [RunbookAction], _ context: inout PluginContext) {
        if let run = work?.run { lastNumber = max(lastNumber, run.lastNumber) }
        for action in actions {
            switch action {
            case .execute(let command, let tag, let limit): context.execute(command, tag: tag, timeout: limit)
            case .store(let intent, let tag): keep(intent: intent, tag: tag, &context)
            case .setTimer(let tag, let after): context.setTimer(tag, after: after)
            case .cancelTimer(let tag): context.cancelTimer(tag)
            case .progress(let progress): took(progress, &context)
            case .note(let text):
                context.log(.warning, text)
                context.mark(text, epoch: epoch)
            case .done: ended(nil, &context)
            case .failed(let failure): ended(failure, &context)
            }
        }
    }

    private mutating func took(_ progress: RunbookProgress, _ context: inout PluginContext) {
        if progress != work?.progress { work?.movedAt = context.now }
        work?.progress = progress
    }

    /// Leaves a runbook where it is.
    mutating func stopWork(_ reason: String, _ context: inout PluginContext) {
        guard var stopped = work else { return }
        work = nil
        for action in stopped.run.abort(reason) {
            if case .cancelTimer(let tag) = action { context.cancelTimer(tag) }
            if case .failed(let failure) = action { context.mark("given up: \(failure)", epoch: epoch) }
        }
    }

    /// A runbook is over.
    private mutating func ended(_ failure: RunbookFailure?, _ context: inout PluginContext) {
        guard let procedure = work?.procedure else { return }
        interruptedAt = kept["intent"]
        work = nil
        guard let failure else { return done(procedure, &context) }
        context.log(.error, "\(failure)")
        failed(procedure, "\(failure)", &context)
    }

    private mutating func done(_ procedure: Procedure, _ context: inout PluginContext) {
        switch procedure {
        case .secondaryStart:
            isPrepared = true
            pause = COLOLimits.pauseMin
            context.mark("ready to be the secondary", epoch: epoch)
            keep(&context)
        case .start, .resume: paired(as: .primary, because: "COLO runs", &context)
        case .failover:
            isDecided = false
            own.hasExited = false
            pause = COLOLimits.pauseMin
            seeksPartner = settings.resume == .auto
            move(to: .alone, because: "the failover is done", &context)
            if settings.onSuspicion == .stop { context.execute(Command("cont"), tag: "hold") }
        case .undo(.resume, let reason):
            move(to: .alone, because: "the resume was taken back: \(reason)", &context)
            rest(&context)
        case .undo(_, let reason) where settings.start == .auto:
            move(to: .idle, because: "the start was taken back: \(reason)", &context)
            if pause == COLOLimits.pauseMin { call("the start has failed: \(reason)", &context) }
            rest(&context)
        case .undo(_, let reason):
            move(to: .failed(why: reason), because: "the start was taken back", &context)
            call("the start has failed: \(reason)", &context)
        case .standDown: break
        case .checkpointDelay:
            own.askAll()
            context.mark("checkpoints are at most \(runbooks.checkpointDelay) ms apart", epoch: epoch)
        }
    }

    private mutating func failed(_ procedure: Procedure, _ reason: String, _ context: inout PluginContext) {
        switch procedure {
        case .start: begin(.undo(.start, because: reason), &context)
        case .resume:
            // Who was called once knows that it is tried again.
            if pause == COLOLimits.pauseMin { call("the resume has failed: \(reason)", &context) }
            begin(.undo(.resume, because: reason), &context)
        case .secondaryStart, .failover, .undo:
            move(to: .failed(why: reason), because: reason, &context)
            if pause == COLOLimits.pauseMin { call("failed: \(reason)", &context) }
            rest(toRetry: procedure, &context)
        case .standDown: rest(toRetry: procedure, &context)
        case .checkpointDelay: break
        }
        own.ask(&context)
    }

    /// Pauses before the next try.
    private mutating func rest(toRetry procedure: Procedure? = nil, _ context: inout PluginContext) {
        isPausing = true
        interrupted = procedure
        context.setTimer(Self.retry, after: pause)
        pause = min(pause * 2, COLOLimits.pauseMax)
    }

    /// Tries again what must come to an end: that it was decided holds, and so does a half-taken undo.
    mutating func tryAgain(_ context: inout PluginContext) {
        guard work == nil else { return context.setTimer(Self.retry, after: COLOLimits.pauseMin) }
        isPausing = false
        let procedure = interrupted
        interrupted = nil
        guard own.isReady else { return }
        switch (procedure, own.mode) {
        // Its last steps only make the side ready for a new partner.
        case (.failover(let role), nil) where isDecided:
            move(to: .failingOver(role), because: "it is tried again", &context)
            begin(.failover(role), from: interruptedAt, &context)
        case (.failover, let role?):
            move(to: .failingOver(role), because: "it is tried again", &context)
            begin(.failover(role), &context)
        case (.standDown, _), (.undo, nil): begin(procedure ?? .standDown, &context)
        default: seek(&context)
        }
    }
}
