internal import PluginKit
internal import QMP
internal import Recording

/// What plugins ask for is done, and they are told of what comes of it.
extension ProxyEngine {
    /// Does what plugins have asked for and tells them what there is to tell, until nothing is left.
    ///
    /// A plugin that keeps this going for ever costs turns, but nobody's place in them.
    mutating func runPlugins() {
        var left = limits.pluginStepsMax
        while chain.hasWork, left > 0 {
            var wishes = chain.wishes[...]
            chain.wishes = []
            while left > 0, let (place, effects) = wishes.popFirst() {
                for effect in effects { perform(effect, of: place) }
                left -= effects.count
            }
            chain.wishes = wishes + chain.wishes
            var calls = chain.calls[...]
            chain.calls = []
            while left > 0, let (place, call) = calls.popFirst() {
                chain.make(call, to: place, now)
                left -= 1
            }
            chain.calls = calls + chain.calls
        }
        if chain.hasWork {
            chain.hasAnotherTurn = true
            act(.setTimer(.plugins, at: now))
        }
        dispatch()
    }

    private mutating func perform(_ effect: PluginEffect, of place: Int) {
        switch effect {
        case .execute(let command, let monitor, let tag, let timeout):
            execute(command, Execution(place: place, tag: tag, monitor: monitor), timeout: timeout)
        case .connect(let name, let address): connect(name, address, for: place)
        case .disconnect(let name): disconnect(name, of: place)
        case .setTimer(let tag, let duration): setTimer(tag, after: duration, of: place)
        case .cancelTimer(let tag):
            chain.forgetFired(tag, of: place)
            if chain.places[place].timers.remove(tag) != nil { act(.cancelTimer(.plugin(place, tag))) }
        case .store(let value, let tag): store(value, tag, of: place)
        case .start(let arguments, let tag): start(arguments, tag, of: place)
        case .write(let line, let tag): write(line, to: tag, of: place)
        case .stop(let tag):
            guard let number = chain.places[place].programs[tag] else { return refuse(place, tag, "no such program") }
            act(.stopProgram(number))
        case .release(let tag, let verdict): release(HeldCommand.Key(place: place, tag: tag), as: verdict)
        case .mark(let text, let epoch): record(.plugin(chain.places[place].name), .mark(text: text, epoch: epoch))
        case .log(let level, let text):
            log(level, "plugin \(chain.places[place].name): \(text.onOneLine)")
        }
    }

    /// Tells a plugin that something is not done.
    mutating func refuse(_ place: Int, _ tag: Tag, _ reason: String) {
        chain.places[place].counts.refused += 1
        guard chain.calls.count < limits.pluginCallsMax else {
            if !chain.places[place].isFlooded {
                chain.places[place].isFlooded = true
                log(.error, "plugin \(chain.places[place].name) asks again and again for what is refused: \(reason)")
            }
            return
        }
        let isNew = chain.places[place].refusals.count < limits.refusalsLoggedMax
        let level: LogLevel = isNew && chain.places[place].refusals.insert(reason).inserted ? .warning : .debug
        log(level, "plugin \(chain.places[place].name), \(tag): refused: \(reason)")
        chain.tell(place, .answered(tag, .refused(reason: reason)))
    }

    private mutating func setTimer(_ tag: Tag, after duration: Duration, of place: Int) {
        guard !isStopping else { return }
        guard chain.places[place].timers.contains(tag) || chain.places[place].timers.count < limits.possessionsMax
        else { return refuse(place, tag, "\(limits.possessionsMax) timers are the most allowed") }
        chain.forgetFired(tag, of: place)
        chain.places[place].timers.insert(tag)
        // A year: what is later does not come.
        act(.setTimer(.plugin(place, tag), at: now + min(max(duration, .zero), .seconds(365 * 86_400))))
    }

    private mutating func store(_ value: JSONValue, _ tag: Tag, of place: Int) {
        guard !isStopping, chain.places[place].stores < limits.possessionsMax else {
            let reason = isStopping ? "the proxy is stopping" : "too many values are being stored"
            guard chain.calls.count < limits.pluginCallsMax else { return }
            return chain.tell(place, .answered(tag, .notStored(reason: reason)))
        }
        lastNumber += 1
        chain.places[place].stores += 1
        stores[lastNumber] = (place, tag)
        act(.store(plugin: place, number: lastNumber, value))
    }

    mutating func stored(_ number: Int, _ failure: String?) {
        guard let (place, tag) = stores.removeValue(forKey: number) else { return }
        chain.places[place].stores -= 1
        if let failure { log(.error, "plugin \(chain.places[place].name), \(tag): not stored: \(failure)") }
        chain.tell(place, .answered(tag, failure.map { .notStored(reason: $0) } ?? .stored))
    }

    /// Ends what belongs to plugins; what they have stored is waited for.
    mutating func stopPlugins() {
        for place in chain.places.indices {
            for tag in chain.places[place].timers.sorted(by: { "\($0)" < "\($1)" }) {
                act(.cancelTimer(.plugin(place, tag)))
            }
            chain.places[place].timers = []
        }
        for number in programs.keys.sorted() { act(.stopProgram(number)) }
        for number in secondMonitors.keys.sorted() { closeSecondMonitor(number) }
    }

    // MARK: - What the plugins see besides commands

    /// Shows an event to the plugins, and lets the clients have what they leave of it.
    mutating func showEvent(_ name: String, _ message: MonitorMessage, _ events: inout EventRun) {
        var event = MonitorEvent(name: name, bytes: message.bytes)
        var isReplaced = false
        for place in chain.places.indices {
            switch chain.verdict(on: event, from: .own, at: place, now) {
            case .deliver: continue
            case .drop:
                chain.places[place].counts.eventsDropped += 1
                return record(verdict: "drop", .message(SplicedMessage(event.bytes), .monitor), of: nil, by: place)
            case .replace(let value):
                guard let name = value["event"]?.string else {
                    log(.error, "plugin \(chain.places[place].name) replaces the event \(name) by what is none")
                    chain.places[place].counts.refused += 1
                    continue
                }
                chain.places[place].counts.eventsReplaced += 1
                let bytes = value.written(isPretty: message.isPretty) + [0x0D, 0x0A]
                event = MonitorEvent(name: name, bytes: bytes)
                isReplaced = true
                record(verdict: "replace", .message(SplicedMessage(bytes), .monitor), of: nil, by: place)
            }
        }
        guard isReplaced else { return events.append(message) }
        passOn(&events)
        passOn(event.bytes)
    }

    /// Shows a reply to the plugins.
    ///
    /// - Returns: what the client gets in its place; `nil` if it gets the reply.
    mutating func replacement(
        of message: MonitorMessage,
        isError: Bool,
        to outgoing: CommandQueue.Outgoing,
        at index: Int
    ) -> SplicedMessage? {
        guard !chain.isEmpty else { return nil }
        let command = ClientCommand(
            number: outgoing.number,
            client: clients[index].client,
            command: outgoing.command,
            descriptors: outgoing.descriptors.count
        )
        var reply = MonitorReply(bytes: message.bytes, isError: isError)
        var replaced: SplicedMessage?
        for place in chain.places.indices {
            guard case .replace(let answer) = chain.verdict(on: reply, to: command, at: place, now) else { continue }
            let bytes = self.reply(answer, to: outgoing.original, at: index)
            chain.places[place].counts.repliesReplaced += 1
            record(verdict: "replace", .message(SplicedMessage(bytes), .monitor), of: outgoing.number, by: place)
            replaced = SplicedMessage(bytes)
            reply = MonitorReply(bytes: bytes, isError: (try? answer.get()) == nil)
        }
        return replaced
    }
}
