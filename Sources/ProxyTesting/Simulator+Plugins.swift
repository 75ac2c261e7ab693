internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// What is checked of the plugins: each command that is held is let go once, and each thing that a plugin has begun
/// comes to something once.
extension Simulator {
    private var limits: ProxyLimits { world.settings.limits }

    // MARK: - What happens

    /// Notes what plugins must be told of an event.
    mutating func notePlugins(_ event: ProxyEvent) {
        switch event {
        case .restored(let place, let value): plugins.restored[place] = value
        case .started:
            for (place, value) in plugins.restored { plugins.mustBeTold(place, "restored", value.written().text) }
        case .timerFired(.held(let place, let tag)):
            guard let asked = plugins.held.removeValue(forKey: .held(plugin: place, tag)) else { return }
            saw(.heldTooLong)
            plugins.mustBeTold(place, tag, "timedOut")
            meet(asked) { $0.late($1) }
        case .timerFired(.execution(let number)):
            saw(.executionTimedOut)
            plugins.settle(number, "timedOut")
        case .timerFired(.stopping): plugins.stores = [:]
        case .timerFired(.plugin(let place, let tag)):
            plugins.due[SimulatorReport(place, .fired, tag), default: 0] += 1
        case .closed(.monitor, _):
            mustAllBeTold("gone")
            plugins.cameLast = false
            let lost = plugins.accepted.filter { plugins.executions[$0.value]?.isOnSecond == false }
            for number in lost.keys.sorted() {
                saw(.executionLost)
                plugins.settle(number, "monitorLost")
            }
        case .stored(let place, let number, let failure):
            guard let tag = plugins.stores.removeValue(forKey: number) else { return }
            saw(.valueStored)
            plugins.mustBeTold(place, tag, failure == nil ? "stored" : "notStored")
        case .programLine(let number, let line):
            guard let program = plugins.programs[number] else { return }
            saw(.programLine)
            plugins.due[SimulatorReport(program.place, .line, program.tag, line.text), default: 0] += 1
        case .programEnded(let number, _):
            guard let program = plugins.programs.removeValue(forKey: number) else { return }
            plugins.mustBeTold(program.place, program.tag, "ended")
        case .monitorOpened:
            plugins.isTroubleTold = false
            mustAllBeTold("silent")
        case .monitorUnreachable:
            if !plugins.isTroubleTold { mustAllBeTold("unreachable") }
            plugins.isTroubleTold = true
        default: noteSecondMonitor(event)
        }
    }

    /// All plugins must be told how the monitor is.
    mutating func mustAllBeTold(_ phase: String) {
        for judgement in world.chain?.judgements ?? [] {
            plugins.mustBeTold(judgement.place, Tag(SimulatedPlugin.monitorTag), phase)
        }
    }

    /// A client's command that was held goes on: released or late.
    private mutating func meet(
        _ tag: SimulatorTag,
        _ fate: (SimulatedChain, SimulatedChain.Held) -> SimulatedChain.Fate?
    ) {
        let surroundings = surroundings
        let isRefused = world.settings.keepsClients && upstream.greeting == nil
        guard let chain = surroundings.world.chain else { return }
        touched.insert(tag.client)
        clients[tag.client - 1].ledger.update(tag.serial) { document in
            guard let held = document.held, let fate = fate(chain, held) else { return }
            document.meet(fate, surroundings)
            if isRefused { document.mayBeRefused = true }
        }
    }

    // MARK: - What the engine asks for

    /// Looks at an action for what it means to plugins, before it is done.
    mutating func checkPlugins(_ action: ProxyAction) {
        if let key = plugins.releasing, action != .cancelTimer(key) {
            return violated("holding", "a plugin releases \(key), and it is not done")
        }
        let toBeHeld = noteToBeHeld(action)
        switch action {
        case .setTimer(.held(let place, let tag), let time): held(place, tag, until: time, toBeHeld)
        case .cancelTimer(.plugins): plugins.areCutOff = true
        case .cancelTimer(let key):
            guard case .held(let place, let tag) = key else { return }
            letGo(key, place, tag)
        case .setTimer(.execution(let number), let time): accepted(number, until: time)
        case .log(_, let line): heard(line)
        case .record(let entry): recorded(entry)
        default: break
        }
    }

    /// What is not held at once is not held at all: its tag is taken, and it is as if its plugin were late.
    @discardableResult
    private mutating func noteToBeHeld(_ action: ProxyAction?) -> SimulatorTag? {
        guard let asked = plugins.toBeHeld else { return nil }
        plugins.toBeHeld = nil
        if case .setTimer(.held, _) = action { return asked }
        meet(asked) { chain, held in
            held.hold.tag.name == SimulatedJudgement.sharedTag ? chain.late(held) : nil
        }
        saw(.tagTakenTwice)
        return nil
    }

    private mutating func held(_ place: Int, _ tag: Tag, until time: Instant, _ toBeHeld: SimulatorTag?) {
        let key = ProxyTimer.held(plugin: place, tag)
        let serials = SimulatedJudgement.serialsMax
        let unique = SimulatorTag(client: tag.number / serials, serial: tag.number % serials)
        guard let asked = tag.name == SimulatedJudgement.sharedTag ? toBeHeld : unique,
            clients.indices.contains(asked.client - 1)
        else { return violated("holding", "nobody has asked for what is held as \(tag)") }
        let ledger = clients[asked.client - 1].ledger
        guard let document = ledger.document(asked.serial), let hold = document.held, hold.place == place,
            hold.hold.tag == tag, document.end <= ledger.delivered, !ledger.isClosing, !ledger.isGone,
            !plugins.held.values.contains(asked)
        else { return violated("holding", "\(asked.text) is held as \(tag) of plugin \(place)") }
        if plugins.held.updateValue(asked, forKey: key) != nil { violated("holding", "two commands by \(tag)") }
        if time != now + min(max(hold.hold.limit, .zero), limits.holdTimeMax) {
            violated("holding", "\(tag) until \(Self.time(time)), but its limit is \(hold.hold.limit)")
        }
        saw(.commandHeld)
        touched.insert(asked.client)
    }

    private mutating func letGo(_ key: ProxyTimer, _ place: Int, _ tag: Tag) {
        guard let asked = plugins.held.removeValue(forKey: key) else {
            return violated("holding", "\(tag) is let go, and is not held")
        }
        guard plugins.releasing == key else {
            saw(.heldOfTheGone)
            touched.insert(asked.client)
            plugins.gone.insert(asked.client)
            return plugins.mustBeTold(place, tag, "clientGone")
        }
        saw(.heldReleased)
        plugins.releasing = nil
        meet(asked) { $0.release($1) }
    }

    private mutating func recorded(_ entry: Entry) {
        guard world.chain != nil, let number = entry.command else { return }
        switch entry.kind {
        case .received(.message(let message, _)):
            if case .client = entry.place { plugins.numbers[number] = SimulatorTag(in: message.joined) }
        case .sent(.message(let message, _)): checkRecorded(message.joined, entry)
        case .verdict("hold", _): plugins.toBeHeld = plugins.numbers[number]
        default: break
        }
    }

    // MARK: - After a turn

    mutating func checkPlugins() {
        guard world.chain != nil, failure == nil else { return }
        noteAnnounced()
        noteToBeHeld(nil)
        if let key = plugins.releasing { violated("holding", "a plugin releases \(key), and it is not done") }
        for client in plugins.gone.sorted()
        where !clients[client - 1].ledger.isClosing && !clients[client - 1].ledger.isGone {
            violated("holding", "a held command of client \(client) is dropped, and the client is there")
        }
        plugins.gone = []
        for (number, tag) in plugins.accepted where timers[.execution(number)] == nil {
            violated("executions", "\(tag.text) waits without a limit")
        }
        // Plugins keep the engine so busy that the rest has the next turn.
        guard timers[.plugins] == nil, !plugins.areCutOff else { return saw(.pluginsHaveAnotherTurn) }
        if let due = plugins.due.keys.first { violated("plugins", "not told: \(due)") }
        let asked = plugins.refusable.first { asked in
            asked.word != .starts && asked.word != .connects && !plugins.flooded.contains(asked.place)
        }
        if let asked {
            violated("plugins", "neither done nor refused: \(asked)")
        }
        plugins.refusable = []
    }
}
