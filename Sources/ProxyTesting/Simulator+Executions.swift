internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// What is checked of plugins' own commands: each has a number of its own, goes as soon as there is room, one in-band
/// at a time, and its reply goes to nobody else.
extension Simulator {
    /// The engine takes a command of a plugin's.
    mutating func accepted(_ number: Int, until time: Instant) {
        guard let report = plugins.announced, report.word == .executes,
            let execution = plugins.executions[report.execution]
        else { return violated("executions", "\(number) is executed, and no plugin has asked for it") }
        plugins.announced = nil
        plugins.executions[report.execution]?.state = .waiting(number)
        plugins.accepted[number] = report.execution
        if time != now + min(max(execution.own.timeout, .zero), world.settings.limits.executionTimeMax) {
            violated("executions", "\(report) until \(Self.time(time)), but its limit is \(execution.own.timeout)")
        }
    }

    /// A plugin's command is not taken: there are too many, or the monitor takes none.
    mutating func checkRefusal(_ report: SimulatorReport) {
        let takesCommands = upstream.isReady && !upstream.isClosing && phase != .stopping && !lacksRecording
        guard takesCommands, plugins.executions[report.execution]?.isOnSecond == false else { return }
        let unanswered = plugins.accepted.values.count { $0.client == report.execution.client }
        let inFlight = upstream.flights.values.count { $0.tag.client == report.execution.client }
        if max(unanswered, inFlight) < world.settings.limits.executionsMax {
            violated("executions", "refused with \(unanswered) unanswered: \(report)")
        }
    }

    /// A plugin's command goes to a monitor.
    mutating func checkExecution(
        _ message: Bytes,
        _ tag: SimulatorTag,
        _ tokens: [DescriptorToken],
        onSecond: Bool = false
    ) {
        guard let execution = plugins.executions[tag], case .waiting(let number) = execution.state,
            execution.isOnSecond == onSecond
        else {
            return violated("executions", "not to be sent, or not any more: \(message.shown)")
        }
        let expected = Bytes(text: "{\"id\": [\(number)], ") + execution.own.command.message.bytes.dropFirst()
        guard message == expected + [0x0D, 0x0A], tokens.isEmpty, upstream.numbers.insert(number).inserted else {
            return violated("ids", "the command is not sent as it was, with a new number: \(message.shown)")
        }
        saw(.executed)
        plugins.executions[tag]?.state = .sent(number)
        guard !onSecond else { return }
        let isOutOfBand = execution.isOutOfBand
        if !isOutOfBand {
            if upstream.executionsInFlight > 0 { violated("executions", "two in-band commands of plugins in flight") }
            if upstream.inBandInFlight >= upstream.limit || upstream.hasBarrier {
                violated("in flight", "a plugin's command has no room: \(message.shown)")
            }
            if let next = plugins.waiting().first(where: { !$0.isOutOfBand }), next.number < number {
                violated("executions", "\(message.shown) is not the next one of plugins")
            }
            let waits = clients.contains { $0.isAccepted && $0.ledger.isWaitingForSure }
            if plugins.cameLast, upstream.limit == 1, waits {
                violated("executions", "clients wait for a place, and a plugin has it again: \(message.shown)")
            }
            plugins.cameLast = true
        }
        upstream.flights[number] = SimulatorUpstream.Flight(tag: tag, isOutOfBand: isOutOfBand, hasDescriptors: false)
    }

    /// What a plugin has asked of a monitor stands in the recording under its name, and nothing else does.
    mutating func checkRecorded(_ message: Bytes, _ entry: Entry) {
        guard entry.place == .monitor, let tag = SimulatorTag(in: message) else { return }
        let place = tag.client - SimulatedJudgement.firstTag
        let name = place >= 0 ? world.chain?.judgements[place].name : nil
        if entry.plugin != name {
            violated("recording", "\(entry.plugin ?? "a client") has asked \(message.shown), by the recording")
        }
    }

    /// The monitor answers a plugin's command; nobody hears of it whose time is over.
    mutating func executionAnswered(_ number: Int, _ bytes: Bytes) {
        saw(.executionAnswered)
        let isError = (try? JSONValue(parsing: bytes))?["error"] != nil
        let answer = MonitorReply(bytes: bytes, isError: isError).answer
        plugins.settle(number, SimulatorReport.words(.answered(answer)))
    }

    /// Whether a plugin's command waits though it may be sent.
    mutating func checkExecutionsWaiting() {
        let waiting = plugins.waiting()
        guard !waiting.isEmpty else { return }
        if waiting.contains(where: \.isOutOfBand) {
            violated("executions", "an out-of-band command of a plugin has to wait")
        }
        let inFlight = upstream.inBandInFlight
        guard waiting.contains(where: { !$0.isOutOfBand }), upstream.executionsInFlight == 0, !upstream.hasBarrier,
            inFlight < upstream.limit
        else { return }
        // One with descriptors must be alone in flight, and has its turn after a plugin's.
        let isAClientsTurn =
            plugins.cameLast && inFlight > 0
            && clients.contains { !$0.ledger.isGone && $0.ledger.mayHaveToBeAlone }
        if !isAClientsTurn { violated("executions", "\(waiting.count) commands of plugins wait though there is room") }
    }
}
