internal import PluginKit
internal import QMP
internal import Recording

/// A client's command goes through the plugins; some of them may hold it.
extension ProxyEngine {
    /// Asks the plugins from one place of the chain on, and lets the command pass if none objects.
    mutating func proceed(_ asked: AskedCommand, from place: Int, at index: Int) {
        var asked = asked
        for place in place..<chain.places.count {
            switch chain.verdict(on: asked.seen, at: place, now) {
            case .forward: continue
            case .replace(let command):
                guard replace(&asked, by: command, at: place, index) else { return }
            case .answer(let answer): return self.answer(asked, with: answer, by: place, at: index)
            case .hold(let tag, let limit, let late):
                if hold(asked, HeldCommand.Key(place: place, tag: tag), limit, late, at: index) { return }
                // A tag that is taken holds nothing: it is as if the plugin had been late at once.
                guard late == .open else { return refuse(asked, becauseOf: place, at: index) }
                record(verdict: "late", nil, of: asked.number, by: place)
            }
        }
        pass(asked, at: index)
    }

    /// Puts a plugin's command in the place of a client's.
    ///
    /// - Returns: `false` if it cannot be: then the client is refused.
    private mutating func replace(
        _ asked: inout AskedCommand,
        by command: Command,
        at place: Int,
        _ index: Int
    ) -> Bool {
        // An in-band command cannot answer an out-of-band one in time, nor the other way round keep the order.
        guard command.isOutOfBand == asked.original.isOutOfBand else {
            let name = chain.places[place].name
            log(.error, "plugin \(name) replaces an in-band command by an out-of-band one, or the other way round")
            refuse(asked, becauseOf: place, at: index)
            return false
        }
        let content = Entry.Content.message(SplicedMessage(command.message.bytes), command.message.form)
        record(verdict: "replace", content, of: asked.number, by: place)
        chain.places[place].counts.replaced += 1
        asked.command = command
        // QEMU would keep what the command does not take, for whoever asks next.
        if !CommandTraits.takesDescriptors(command) {
            closeDescriptors(asked.descriptors)
            asked.descriptors = []
        }
        return true
    }

    /// Answers for a plugin.
    private mutating func answer(_ asked: AskedCommand, with answer: Answer, by place: Int, at index: Int) {
        let reply = reply(answer, to: asked.original, at: index)
        record(verdict: "answer", .message(SplicedMessage(reply), .monitor), of: asked.number, by: place)
        chain.places[place].counts.answered += 1
        self.answer(asked, reply, at: index)
    }

    func reply(_ answer: Answer, to command: Command, at index: Int) -> Bytes {
        let isPretty = clients[index].session?.greeting.isPretty ?? false
        return switch answer {
        case .success(let value): Reply.success(value, id: command.id, isPretty: isPretty)
        case .failure(let error): Reply.failure(error, id: command.id, isPretty: isPretty)
        }
    }

    /// Refuses what a plugin has not decided, or has decided as it may not.
    private mutating func refuse(_ asked: AskedCommand, becauseOf place: Int, at index: Int) {
        let name = chain.places[place].name
        let error = ProtocolError(.generic, "The plugin \(name) has given no usable verdict on the command in time")
        chain.places[place].counts.refused += 1
        let reply = reply(.failure(error), to: asked.original, at: index)
        record(verdict: "refuse", .message(SplicedMessage(reply), .monitor), of: asked.number, by: place)
        answer(asked, reply, at: index)
    }

    /// Notes what a plugin decided.
    mutating func record(verdict: String, _ content: Entry.Content?, of command: Int?, by place: Int) {
        record(.plugin(chain.places[place].name), .verdict(verdict, content), command: command)
    }

    // MARK: - Own commands

    /// Answers a command that is a plugin's own.
    ///
    /// - Returns: `false` if it is none.
    mutating func askPlugin(_ asked: AskedCommand, named name: Substring, at index: Int) -> Bool {
        guard let (place, name) = chain.owner(of: name) else { return false }
        guard asked.isInBand else {
            let error = ProtocolError(.generic, "The command \(asked.command.name ?? "") does not support OOB")
            answer(asked, reply(.failure(error), to: asked.original, at: index), at: index)
            return true
        }
        switch chain.answer(name, asked.seen, at: place, now) {
        case .answer(let answer): self.answer(asked, with: answer, by: place, at: index)
        case .hold(let tag, let limit):
            let key = HeldCommand.Key(place: place, tag: tag)
            if !hold(asked, key, limit, .closed, isOwn: true, at: index) {
                refuse(asked, becauseOf: place, at: index)
            }
        }
        return true
    }

    // MARK: - Holding

    /// Lets a command wait for a plugin; `false` if another one of that tag does.
    private mutating func hold(
        _ asked: AskedCommand,
        _ key: HeldCommand.Key,
        _ limit: Duration,
        _ late: LatePolicy,
        isOwn: Bool = false,
        at index: Int
    ) -> Bool {
        record(verdict: "hold", nil, of: asked.number, by: key.place)
        guard held[key] == nil else {
            refuse(key.place, key.tag, "a command is held by that tag already")
            return false
        }
        chain.places[key.place].counts.held += 1
        chain.places[key.place].held += 1
        if asked.wasHeld {
            if let slot = clients[index].slot(of: asked.number) { clients[index].slots[slot].state = .held }
        } else {
            clients[index].waitingBytes += asked.original.message.bytes.count
            if asked.isInBand {
                clients[index].slots.append(ClientState.Slot(number: asked.number, state: .held))
            } else {
                clients[index].outOfBandUnanswered += 1
            }
        }
        var asked = asked
        asked.wasHeld = true
        held[key] = HeldCommand(asked: asked, late: late, isOwn: isOwn)
        let time = min(max(limit, .zero), limits.holdTimeMax)
        act(.setTimer(.held(plugin: key.place, key.tag), at: now + time))
        return true
    }

    /// Lets a held command go as its plugin says.
    mutating func release(_ key: HeldCommand.Key, as verdict: CommandVerdict) {
        guard let held = held[key] else {
            return refuse(key.place, key.tag, "no command is held by that tag: it was released, was late or is gone")
        }
        if case .hold = verdict { return refuse(key.place, key.tag, "a held command cannot be held again") }
        act(.cancelTimer(.held(plugin: key.place, key.tag)))
        record(verdict: "release", nil, of: held.asked.number, by: key.place)
        guard let index = takeHeld(key) else { return }
        var asked = held.asked
        switch verdict {
        case .answer(let answer): self.answer(asked, with: answer, by: key.place, at: index)
        case .forward where held.isOwn, .replace where held.isOwn:
            refuse(key.place, key.tag, "a command of its own is answered")
            refuse(asked, becauseOf: key.place, at: index)
        case .replace(let command):
            if replace(&asked, by: command, at: key.place, index) { proceed(asked, from: key.place + 1, at: index) }
        case .forward: proceed(asked, from: key.place + 1, at: index)
        case .hold: break
        }
        letFollow(at: index)
    }

    /// A plugin was late: its command goes on without it.
    mutating func heldTooLong(_ key: HeldCommand.Key) {
        guard let held = held[key], let index = takeHeld(key) else { return }
        let name = chain.places[key.place].name
        chain.places[key.place].counts.late += 1
        log(.warning, "plugin \(name) has not decided on command \(held.asked.number) in time: \(held.late.rawValue)")
        chain.tell(key.place, .answered(key.tag, .timedOut))
        switch held.late {
        case .open:
            record(verdict: "late", nil, of: held.asked.number, by: key.place)
            proceed(held.asked, from: key.place + 1, at: index)
        case .closed: refuse(held.asked, becauseOf: key.place, at: index)
        }
        letFollow(at: index)
    }

    /// What waited behind a command that was held has its turn.
    private mutating func letFollow(at index: Int) {
        if clients[index].firstWaiting != nil { queue.enqueue(clients[index].number) }
        goOn(at: index)
    }

    /// Where the client of a held command stands; the command is held no longer.
    private mutating func takeHeld(_ key: HeldCommand.Key) -> Int? {
        guard let held = held.removeValue(forKey: key) else { return nil }
        chain.places[key.place].held -= 1
        guard let index = clients.index(of: held.asked.client.number) else {
            preconditionFailure("a client that goes takes its held commands with it")
        }
        return index
    }

    /// Drops what plugins hold of a client that goes, and tells them.
    mutating func dropHeld(of client: Int) {
        guard !held.isEmpty else { return }
        let gone = held.filter { $0.value.asked.client.number == client }
        for (key, held) in gone.sorted(by: { $0.value.asked.number < $1.value.asked.number }) {
            self.held[key] = nil
            chain.places[key.place].held -= 1
            act(.cancelTimer(.held(plugin: key.place, key.tag)))
            closeDescriptors(held.asked.descriptors)
            chain.tell(key.place, .answered(key.tag, .clientGone))
        }
    }
}

extension Message {
    /// How it is recorded.
    var form: Entry.Form { isStrictJSON ? .json : .dialect }
}
