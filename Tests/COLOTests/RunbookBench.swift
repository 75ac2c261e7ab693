import PluginKit
import QMP
import Testing

@testable import COLO

extension Runbook {
    /// A runbook that comes with the plugin, for a peer at 127.0.0.2.
    static func shipped(_ shipped: Shipped) throws -> Runbook {
        try Runbook(shipped, variables: try .usual())
    }

    /// A runbook of these lines.
    static func of(_ text: String) throws -> Runbook {
        try Runbook(parsing: Bytes(text: text), name: "test", file: "test.qmp", variables: try .usual())
    }
}

extension RunbookVariables {
    /// As they are for a peer at 127.0.0.2, with some changed.
    static func usual(_ changed: [(String, String)] = []) throws -> RunbookVariables {
        let members = [("peer-host", "127.0.0.2")] + changed
        return try RunbookVariables(PluginSettings(members.map { PluginSettings.Member($0.0, .text($0.1)) }))
    }
}

/// Has a run's actions done by a model of QEMU, with time that is moved, and can end in the middle as a proxy may.
final class RunbookBench {
    /// When the proxy dies: before or after a command's or a store's effect, counted from 0.
    struct Death {
        var action: Int
        var isAfterEffect: Bool
    }

    var run: RunbookRun
    let qemu: ModelQEMU
    /// What is on the disk.
    var stored: JSONValue?
    /// What the run has told.
    private(set) var notes: [String] = []
    private(set) var progress: [RunbookProgress] = []
    /// Commands sent, in QEMU's form.
    private(set) var sent: [String] = []
    /// How it has ended; `nil` if the proxy died before.
    private(set) var end: RunbookAction?
    /// Commands and stores begun.
    private(set) var actions = 0
    /// When each is due.
    private var timers: [PluginKit.Tag: Duration] = [:]
    private var now: Duration = .zero
    private let death: Death?

    init(_ runbook: Runbook, on qemu: ModelQEMU, death: Death? = nil) {
        run = RunbookRun(runbook)
        self.qemu = qemu
        self.death = death
    }

    /// Takes the run from its beginning, or from what is stored, to its end or the proxy's.
    func play(from stored: JSONValue? = nil) {
        self.stored = stored
        var agenda = stored.map { run.begin(from: $0) } ?? run.begin()
        // No run of ours has as many; one that goes round in circles has no end, which the test then sees.
        for _ in 0..<10_000 where end == nil {
            if agenda.isEmpty {
                guard let timer = timers.min(by: { $0.value < $1.value }) else { return }
                timers[timer.key] = nil
                now = timer.value
                agenda = run.timerFired(timer.key)
            } else if !perform(agenda.removeFirst(), &agenda) {
                return
            }
        }
    }

    /// Does one action; `false` if the proxy dies of it.
    private func perform(_ action: RunbookAction, _ agenda: inout [RunbookAction]) -> Bool {
        switch action {
        case .execute(let command, let tag, _):
            if dies(isAfterEffect: false) { return false }
            sent.append(command.message.bytes.text)
            let (answer, events) = qemu.execute(command)
            if dies(isAfterEffect: true) { return false }
            agenda += run.answered(tag, with: .answered(answer))
            for event in events { agenda += run.event(event) }
            actions += 1
        case .store(let intent, let tag):
            if dies(isAfterEffect: false) { return false }
            stored = intent
            if dies(isAfterEffect: true) { return false }
            agenda += run.answered(tag, with: .stored)
            actions += 1
        case .setTimer(let tag, let after): timers[tag] = now + after
        case .cancelTimer(let tag): timers[tag] = nil
        case .progress(let told): progress.append(told)
        case .note(let note): notes.append(note)
        case .done, .failed: end = action
        }
        return true
    }

    private func dies(isAfterEffect: Bool) -> Bool {
        death.map { $0.action == actions && $0.isAfterEffect == isAfterEffect } ?? false
    }
}

extension ModelQEMU.Facts {
    /// How QEMU is before a runbook of ours.
    static func before(_ shipped: Runbook.Shipped) -> ModelQEMU.Facts {
        var facts = ModelQEMU.Facts()
        let filters: Set = ["m0", "redire0", "redire1", "iothread1", "comp0"]
        switch shipped {
        case .secondaryStart, .periodicSecondaryStart: facts.runState = "inmigrate"
        case .primaryStart, .periodicPrimaryStart: facts.runState = "prelaunch"
        case .primaryFailover, .periodicPrimaryFailover:
            (facts.mode, facts.migration, facts.nodes) = ("primary", "colo", ["replication0"])
            (facts.children, facts.objects) = (["children.1"], filters)
        case .secondaryFailover, .periodicSecondaryFailover:
            (facts.mode, facts.migration, facts.servesNBD) = ("secondary", "colo", true)
            (facts.exports, facts.objects) = (["parent0"], ["f1", "f2", "rew0"])
            facts.chardevs = ["red0", "red1"]
        case .primaryResume, .secondaryResume: (facts.migration, facts.lastMode) = ("completed", "primary")
        case .undoStart, .undoResume:
            (facts.migration, facts.runState, facts.nodes) = ("failed", "paused", ["replication0"])
            (facts.children, facts.objects, facts.jobs) = (["children.1"], filters, ["resync"])
        case .standDown: (facts.mode, facts.migration) = ("primary", "colo")
        case .checkpointDelay: break
        }
        return facts
    }
}
