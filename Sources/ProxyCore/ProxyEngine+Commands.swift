internal import PluginKit
internal import QMP
internal import Recording

/// Clients' commands go to whoever executes them, and are answered in their order.
extension ProxyEngine {
    /// A command that no plugin objects to goes its way: to the proxy itself, to a plugin, or into the queue for the
    /// monitor.
    mutating func pass(_ asked: AskedCommand, at index: Int) {
        if let name = asked.command.name, name.hasPrefix(OwnCommandName.prefix) {
            let own = name.dropFirst(OwnCommandName.prefix.count)
            if let reply = ownReply(to: asked, named: own, at: index) { return answer(asked, reply, at: index) }
            if askPlugin(asked, named: own, at: index) { return }
        }
        guard let session = clients[index].session else { return }
        guard monitor.phase == .ready || monitor.phase == .negotiating || !settings.keepsClients else {
            return answer(asked, session.failure(notConnected, to: asked.original.message), at: index)
        }
        let wrapped = IDMapping.upstream(asked.command.message, number: asked.number, limits: limits.documents)
        guard let (upstream, mapping) = wrapped else {
            return answer(asked, session.failure(.tokenSize, to: nil), at: index)
        }
        let isReplaced = asked.command.message != asked.original.message
        enqueue(
            CommandQueue.Outgoing(
                number: asked.number,
                client: asked.client.number,
                command: asked.command,
                original: asked.original,
                isOutOfBand: asked.command.isOutOfBand && monitor.hasOutOfBand,
                message: upstream,
                // The reply to another command has another id than the client's, or none.
                mapping: !isReplaced ? mapping : asked.original.message["id"] == nil ? .none : .bare,
                descriptors: asked.descriptors,
                askedAt: asked.askedAt
            ),
            wasHeld: asked.wasHeld,
            at: index
        )
    }

    private mutating func enqueue(_ outgoing: CommandQueue.Outgoing, wasHeld: Bool, at index: Int) {
        if !wasHeld { clients[index].waitingBytes += outgoing.original.message.bytes.count }
        guard !outgoing.isOutOfBand else {
            if !wasHeld { clients[index].outOfBandUnanswered += 1 }
            outOfBandWaiting.append(outgoing)
            return
        }
        if wasHeld, let slot = clients[index].slot(of: outgoing.number) {
            clients[index].slots[slot].state = .waiting(outgoing)
        } else {
            // The monitor has lost the capability since.
            if wasHeld { clients[index].outOfBandUnanswered -= 1 }
            clients[index].slots.append(ClientState.Slot(number: outgoing.number, state: .waiting(outgoing)))
        }
        queue.enqueue(clients[index].number)
    }

    var notConnected: ProtocolError {
        ProtocolError(.generic, "The monitor \(settings.monitorAddress) is not connected")
    }

    // MARK: - Answers

    mutating func answerHere(_ error: ProtocolError, to message: Message?, at index: Int) {
        guard let session = clients[index].session else { return }
        answerHere(session.failure(error, to: message), at: index)
    }

    /// Answers a command without QEMU: an out-of-band one at once, any other in its place.
    mutating func answer(_ asked: AskedCommand, _ reply: Bytes, at index: Int) {
        closeDescriptors(asked.descriptors)
        counts.answeredHere += 1
        if asked.wasHeld { clients[index].waitingBytes -= asked.original.message.bytes.count }
        guard asked.isInBand else {
            if asked.wasHeld { clients[index].outOfBandUnanswered -= 1 }
            return send(SplicedMessage(reply), as: .monitor, toClientAt: index, command: asked.number)
        }
        let slot = ClientState.Slot(number: asked.number, state: .answered(SplicedMessage(reply), .monitor))
        if asked.wasHeld, let place = clients[index].slot(of: asked.number) {
            clients[index].slots[place] = slot
        } else {
            clients[index].slots.append(slot)
        }
        clients[index].answeredBytes += reply.count
        sendAnswered(at: index)
    }

    /// Answers the document under way without QEMU, in its place.
    mutating func answerHere(_ reply: Bytes, at index: Int) {
        counts.answeredHere += 1
        let slot = ClientState.Slot(number: commandNumber, state: .answered(SplicedMessage(reply), .monitor))
        clients[index].slots.append(slot)
        clients[index].answeredBytes += reply.count
        sendAnswered(at: index)
    }

    /// Sends the replies that nothing stands before.
    mutating func sendAnswered(at index: Int) {
        while let slot = clients[index].slots.first, case .answered(let reply, let form) = slot.state {
            clients[index].slots.removeFirst()
            clients[index].answeredBytes -= reply.count
            send(reply, as: form, toClientAt: index, command: slot.number)
        }
    }

    mutating func send(_ reply: SplicedMessage, as form: Entry.Form, toClientAt index: Int, command: Int? = nil) {
        let number = clients[index].number
        if let content = Entry.Content.inPlace(of: reply, form) {
            record(.client(number), .sent(content), command: command)
        } else {
            record(reply, form, isSent: true, client: number, command: command)
        }
        act(.send(.client(number), reply))
    }

    /// After a reply there may be room for more of a client's documents, or nothing left to wait for.
    mutating func goOn(at index: Int) {
        if clients[index].isReadingPaused { decode(at: index) }
        if clients[index].phase == .ended, clients[index].isIdle { finish(at: index) }
    }
}
