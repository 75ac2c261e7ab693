internal import PluginKit
internal import QMP
internal import Recording

/// A command of a plugin's own that is not answered.
struct Execution {
    let place: Int
    let tag: Tag
    let monitor: MonitorID
}

/// Plugins' own commands: in a place of their own beside the clients', and never seen by one.
extension ProxyEngine {
    /// Puts a plugin's command behind the others of plugins.
    mutating func execute(_ command: Command, _ execution: Execution, timeout: Duration) {
        let (place, tag) = (execution.place, execution.tag)
        guard !isStopping else { return refuse(place, tag, "the proxy is stopping") }
        guard !lacksRecording else { return refuse(place, tag, "nothing may pass unrecorded, and the recording fails") }
        guard execution.monitor != .own || type(of: chain.places[place].instance.plugin).executes else {
            return refuse(place, tag, "it says that it executes nothing")
        }
        // Those that it was told not to wait for any more are unanswered, too.
        guard chain.places[place].executions < limits.executionsMax, inFlight(execution) < limits.executionsMax else {
            return refuse(place, tag, "\(limits.executionsMax) commands of its own are unanswered")
        }
        let number = commandNumber + 1
        guard let hasOutOfBand = hasOutOfBand(execution) else {
            return refuse(place, tag, "the \(execution.monitor) is not connected")
        }
        let wrapped = IDMapping.upstream(command.message, number: number, limits: limits.documents)
        guard let (upstream, mapping) = wrapped else { return refuse(place, tag, "the command is too large") }
        commandNumber = number
        let outgoing = CommandQueue.Outgoing(
            number: number,
            client: nil,
            place: place,
            command: command,
            original: command,
            isOutOfBand: command.isOutOfBand && hasOutOfBand,
            message: upstream,
            mapping: mapping,
            descriptors: [],
            askedAt: now
        )
        chain.places[place].counts.executed += 1
        chain.places[place].executions += 1
        executions[number] = execution
        act(.setTimer(.execution(number), at: now + min(max(timeout, .zero), limits.executionTimeMax)))
        switch execution.monitor {
        case .own where outgoing.isOutOfBand: outOfBandWaiting.append(outgoing)
        case .own: executionsWaiting.append(outgoing)
        case .second: sendToSecondMonitor(outgoing, execution)
        }
    }

    /// Whether the monitor that a command is for has the capability; `nil` if it takes no commands.
    private func hasOutOfBand(_ execution: Execution) -> Bool? {
        switch execution.monitor {
        case .own: monitor.phase == .ready ? monitor.hasOutOfBand : nil
        case .second: secondMonitor(of: execution).flatMap { $0.isReady ? $0.hasOutOfBand : nil }
        }
    }

    private func inFlight(_ execution: Execution) -> Int {
        switch execution.monitor {
        case .own: queue.flights.count { $0.outgoing.place == execution.place }
        case .second: secondMonitor(of: execution)?.flights.count ?? 0
        }
    }

    /// Sends the next one, if there is room; `false` if not.
    mutating func sendExecution() -> Bool {
        guard let outgoing = executionsWaiting.first, queue.admitsExecution(limit: inBandMax), !clientsComeFirst else {
            return false
        }
        executionsWaiting.removeFirst()
        send(outgoing)
        return true
    }

    /// Where there is only one place, or a command must be alone in flight, clients and plugins take turns.
    private var clientsComeFirst: Bool {
        guard queue.sentExecutionLast, let index = queue.next.flatMap({ clients.index(of: $0) }),
            let place = clients[index].firstWaiting, case .waiting(let outgoing) = clients[index].slots[place].state
        else { return false }
        return inBandMax == 1 || !outgoing.descriptors.isEmpty
    }

    /// A monitor has answered a plugin's command.
    mutating func executed(_ number: Int, _ message: MonitorMessage, isError: Bool) {
        // The plugin may have been told that it was not in time.
        guard let execution = take(execution: number) else { return }
        act(.cancelTimer(.execution(number)))
        let answer = MonitorReply(bytes: message.bytes, isError: isError).answer
        chain.tell(execution.place, .answered(execution.tag, .answered(answer)))
    }

    /// A plugin has waited for long enough; what was sent stays in flight, since QEMU does not take it back.
    mutating func executionTimedOut(_ number: Int) {
        guard let execution = take(execution: number) else { return }
        executionsWaiting.removeAll { $0.number == number }
        outOfBandWaiting.removeAll { $0.number == number }
        if case .second(let name) = execution.monitor, let second = chain.places[execution.place].secondMonitors[name] {
            secondMonitors[second]?.waiting.removeAll { $0.number == number }
        }
        let name = chain.places[execution.place].name
        record(.plugin(name), .mark(text: "\(execution.tag): no answer in time"), command: number)
        log(.warning, "plugin \(name), \(execution.tag): command \(number) was not answered in time")
        chain.tell(execution.place, .answered(execution.tag, .timedOut))
    }

    /// A monitor is gone, and what plugins asked of it will not be answered.
    mutating func loseExecutions(on monitor: MonitorID, of place: Int? = nil) {
        let lost = executions.filter { $0.value.monitor == monitor && (place == nil || $0.value.place == place) }
        for (number, execution) in lost.sorted(by: { $0.key < $1.key }) {
            _ = take(execution: number)
            act(.cancelTimer(.execution(number)))
            let mark = "\(execution.tag): no answer, since the \(monitor) is gone"
            record(.plugin(chain.places[execution.place].name), .mark(text: mark), command: number)
            chain.tell(execution.place, .answered(execution.tag, .monitorLost))
        }
        guard monitor == .own else { return }
        executionsWaiting = []
        outOfBandWaiting.removeAll { $0.client == nil }
    }

    private mutating func take(execution number: Int) -> Execution? {
        guard let execution = executions.removeValue(forKey: number) else { return nil }
        chain.places[execution.place].executions -= 1
        return execution
    }
}
