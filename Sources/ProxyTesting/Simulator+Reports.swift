internal import PluginKit
internal import ProxyCore
internal import QMP

/// What plugins say in the log of what they ask for and are told, and whether it is right.
extension Simulator {
    /// A line of the log, be it a plugin's or not.
    mutating func heard(_ line: String) {
        guard let report = SimulatorReport(logged: line) else { return noteFlood(line) }
        noteAnnounced()
        switch report.word {
        case .executes:
            guard let own = world.chain?.judgements[report.place].ownCommand(report.tag.number) else { return }
            let isOutOfBand = own.command.isOutOfBand && surroundings.offersOutOfBand
            plugins.executions[report.execution] = SimulatorPlugins.Execution(own: own, isOutOfBand: isOutOfBand)
            plugins.announced = report
        case .starts, .stores, .connects: plugins.announced = report
        case .disconnects:
            let meant = plugins.seconds.first { $0.value.place == report.place && !$0.value.isGivenUp }
            if let meant { giveUp(second: meant.key) }
        case .releases:
            let key = ProxyTimer.held(plugin: report.place, report.tag)
            guard let asked = plugins.held[key],
                let held = clients[asked.client - 1].ledger.document(asked.serial)?.held
            else { return }
            // What is held again is not let go.
            if case .hold = held.hold.release { return }
            plugins.releasing = key
        case .told, .fired, .line, .event: told(report)
        }
    }

    /// What was asked for and not done at once is refused.
    mutating func noteAnnounced() {
        guard let announced = plugins.announced else { return }
        plugins.announced = nil
        plugins.refusable.insert(announced)
        if announced.word == .executes { checkRefusal(announced) }
        if announced.word == .starts { checkNotStarted(announced) }
    }

    private mutating func told(_ report: SimulatorReport) {
        if let count = plugins.due[report] { return plugins.due[report] = count > 1 ? count - 1 : nil }
        let asked: SimulatorReport.Word? =
            switch report.tag.name {
            case SimulatedPlugin.executionTag: .executes
            case SimulatedPlugin.storeTag: .stores
            default: nil
            }
        guard report.rest == "refused" || report.rest == "notStored" else {
            return violated("plugins", "told what has not happened, or again: \(report)")
        }
        // What was begun by that tag before may be refused as often as it is asked for again.
        guard let asked else { return }
        guard plugins.refusable.remove(SimulatorReport(report.place, asked, report.tag)) != nil else {
            return violated("plugins", "refused what was not asked for, or was done: \(report)")
        }
        saw(.askedInVain)
        if asked == .executes { plugins.executions[report.execution] = nil }
    }

    /// A plugin is told no more refusals.
    private mutating func noteFlood(_ line: String) {
        guard line.utf8.starts(with: "plugin p".utf8), line.contains("asks again and again"),
            let place = line.dropFirst("plugin p".count).first?.wholeNumberValue
        else { return }
        plugins.flooded.insert(place)
    }
}

extension SimulatorReport {
    /// The tag of the execution that it is about.
    var execution: SimulatorTag { SimulatorTag(client: SimulatedJudgement.firstTag + place, serial: tag.number) }
}
