internal import QMP

/// What becomes of what is asked.
extension MonitorPlayback {
    mutating func take(_ frame: Frame, at now: Instant) {
        switch frame {
        case .skipped: break
        case .invalid(_, let error): refuse(nil, error, isOutOfBand: false, at: now)
        case .message(let message):
            let wasNegotiated = session?.isNegotiated
            switch session?.decide(message) {
            case .answer(let reply):
                let negotiates = wasNegotiated != session?.isNegotiated
                let output = PlayedLife.Output.reply(reply, connection: connection, negotiates: negotiates)
                life.add(.init(output, due: now), to: nil, isOutOfBand: false)
            case .command(let command): take(command, at: now)
            case nil: break
            }
        }
    }

    private mutating func take(_ command: Command, at now: Instant) {
        let name: String
        do throws(ProtocolError) {
            name = try command.message.commandName(allowsOutOfBand: session?.hasOutOfBand ?? false)
        } catch {
            return refuse(command.message, error, isOutOfBand: false, at: now)
        }
        let arguments: JSONValue = .object(command.arguments)
        let match = matchers[index].match(name, arguments, isOutOfBand: command.isOutOfBand)
        if let match, command.isOutOfBand, !CommandTraits.allowsOutOfBand(name),
            !matchers[index].life.commands[match.command].isOutOfBand
        {
            let error = ProtocolError(.generic, "The command \(name) does not support OOB")
            return refuse(command.message, error, isOutOfBand: true, at: now)
        }
        var due = now
        let fault = faults.action(for: name, at: now)
        switch fault {
        case .delay(let delay): due = due + delay
        case .silence, .error, .drop: if let match { matchers[index].leave(match) }
        case nil: break
        }
        switch fault {
        case .silence: return
        case .error(let error): return refuse(command.message, error, isOutOfBand: command.isOutOfBand, at: now)
        case .drop:
            return life.add(.init(.drop(connection: connection), due: now), to: nil, isOutOfBand: command.isOutOfBand)
        case .delay, nil: break
        }
        if let match {
            play(match, to: command, at: now, due: due)
        } else {
            miss(name, command, at: now, due: due)
        }
    }

    /// It is recorded: so is its reply, or that QEMU has not lived to give it.
    private mutating func play(_ match: CommandMatcher.Match, to command: Command, at now: Instant, due: Instant) {
        matchers[index].take(match)
        let recorded = matchers[index].life.commands[match.command]
        let answer = life.asked(match, at: now)
        if case .reply(let latency) = answer,
            let reply = recorded.reply.flatMap({ MonitorMessage(recorded: $0.bytes) }), case .reply = reply.kind
        {
            let bytes = reply.reply(withID: command.id)
            let output = PlayedLife.Output.reply(bytes, connection: connection)
            return life.add(.init(output, due: due + latency), to: match, isOutOfBand: command.isOutOfBand)
        }
        guard answer != .never else { return }
        act(
            .tell("\(recorded.place): \(NearMiss.shown(recorded.name)) has no reply that can be played"),
            at: now
        )
        let error = ProtocolError(.generic, "The recording has no reply to this command (\(recorded.place))")
        refuse(command.message, error, isOutOfBand: command.isOutOfBand, at: due)
    }

    private mutating func miss(_ name: String, _ command: Command, at now: Instant, due: Instant) {
        missed.miss(name)
        let nearest = NearMiss(
            name,
            .object(command.arguments),
            hiding: secrets(of: command),
            in: matchers[index],
            places: places
        )
        act(.tell(nearest.text), at: now)
        refuse(command.message, nearest.error, isOutOfBand: command.isOutOfBand, at: due)
    }

    /// Where a command holds what would not be recorded, since a person's terminal is no better place for it.
    private func secrets(of command: Command) -> [String] {
        let message = Entry.Content.message(SplicedMessage(command.message.bytes), .dialect)
        let entry = Entry(time: .zero, place: .client(1), kind: .received(message), command: 1)
        var redaction = Self.redaction
        return redaction.redact(entry).redacted
    }

    private static let redaction = Redaction()

    private mutating func refuse(_ message: Message?, _ error: ProtocolError, isOutOfBand: Bool, at due: Instant) {
        guard let reply = session?.failure(error, to: message) else { return }
        life.add(.init(.reply(reply, connection: connection), due: due), to: nil, isOutOfBand: isOutOfBand)
    }
}
