internal import PluginKit
internal import QMP
internal import Recording

/// Clients come, speak and go.
extension ProxyEngine {
    mutating func accept(_ client: Client) {
        clients.append(ClientState(client, limits: limits))
        counts.clientsAccepted += 1
        log(.info, "client \(client.number) connected to \(client.listener): \(client.peer)")
        record(.client(client.number), .opened(peer: "\(client.peer)"))
        let index = clients.all.count - 1
        if isStopping || lacksRecording {
            finish(at: index)
        } else if let greeting = monitor.greeting {
            greet(at: index, with: greeting)
        } else {
            pauseReading(at: index)
        }
        if clients.all.count >= limits.clientsMax, !isAcceptingPaused {
            log(.warning, "\(clients.all.count) clients are the most allowed, the next one waits")
        }
        adjustAccepting()
    }

    /// Who comes while nobody is accepted waits in the kernel.
    mutating func adjustAccepting() {
        let accepts = !isStopping && !lacksRecording && clients.all.count < limits.clientsMax
        guard accepts == isAcceptingPaused else { return }
        isAcceptingPaused = !accepts
        act(accepts ? .resumeAccepting : .pauseAccepting)
    }

    /// Says what QEMU said, in its bytes, and from now on listens.
    mutating func greet(at index: Int, with greeting: Greeting) {
        clients[index].session = ServerSession(greeting: greeting)
        send(SplicedMessage(greeting.bytes), as: .monitor, toClientAt: index)
        resumeReading(at: index)
    }

    mutating func receivedFromClient(_ number: Int, _ bytes: Bytes, _ descriptors: [DescriptorToken]) {
        guard let index = clients.index(of: number), clients[index].phase == .open else {
            return closeDescriptors(descriptors)
        }
        if !descriptors.isEmpty {
            // As in QEMU, a new set replaces the one that nobody took (chardev/char-socket.c, `tcp_chr_recv`).
            closeDescriptors(clients[index].descriptors)
            clients[index].descriptors = settings.passesDescriptors ? descriptors : []
            if !settings.passesDescriptors { closeDescriptors(descriptors) }
        }
        clients[index].decoder.append(bytes)
        decode(at: index)
        boundInput(of: number)
        dispatch()
    }

    /// Takes documents as long as the client may have more of them waiting; else it is not read from.
    mutating func decode(at index: Int) {
        while clients[index].takesMore(limits), !isStopping, let frame = clients[index].decoder.next() {
            take(frame, at: index)
        }
        if clients[index].takesMore(limits) { resumeReading(at: index) } else { pauseReading(at: index) }
    }

    private mutating func take(_ frame: Frame, at index: Int) {
        let place = Entry.Place.client(clients[index].number)
        switch frame {
        case .skipped(let bytes):
            record(place, .received(.invalid(bytes, error: nil)))
        case .invalid(let bytes, let error):
            commandNumber += 1
            counts.invalid += 1
            record(place, .received(.invalid(bytes, error: error.description.text)), command: commandNumber)
            answerHere(error, to: nil, at: index)
        case .message(let message):
            commandNumber += 1
            take(message, at: index)
        }
    }

    private mutating func take(_ message: Message, at index: Int) {
        guard let decision = clients[index].session?.decide(message) else {
            preconditionFailure("a client that was not greeted is not read from")
        }
        var descriptors: [DescriptorToken] = []
        if case .command(let command) = decision, CommandTraits.takesDescriptors(command) {
            swap(&descriptors, &clients[index].descriptors)
        }
        record(
            SplicedMessage(message.bytes),
            message.form,
            isSent: false,
            client: clients[index].number,
            command: commandNumber,
            descriptors: descriptors.count
        )
        switch decision {
        case .answer(let reply):
            answerHere(reply, at: index)
        case .command(let command):
            counts.commands += 1
            let asked = AskedCommand(
                number: commandNumber,
                client: clients[index].client,
                original: command,
                command: command,
                descriptors: descriptors,
                askedAt: now
            )
            if chain.isEmpty { pass(asked, at: index) } else { proceed(asked, from: 0, at: index) }
        }
    }

    // MARK: - Bounds

    mutating func clientUnsent(_ number: Int, _ bytes: Int, beyondCurrent: Int) {
        guard let index = clients.index(of: number), clients[index].phase != .dropped else { return }
        clients[index].unsent = bytes
        if beyondCurrent > limits.unsentBytesMax {
            drop(at: index, "\(bytes) bytes unsent: it does not read")
        }
        let total = clients.all.reduce(0) { $0 + $1.unsent }
        if total > limits.unsentBytesOfAllMax,
            let worst = clients.all.indices.max(by: { clients[$0].unsent < clients[$1].unsent })
        {
            drop(at: worst, "\(total) bytes unsent to all clients, most of them to this one")
        }
        if clients[index].takesMore(limits) { goOn(at: index) } else { pauseReading(at: index) }
        dispatch()
    }

    private mutating func boundInput(of number: Int) {
        guard let index = clients.index(of: number), clients[index].inputHeld > limits.waitingBytesMax else { return }
        let total = clients.all.reduce(0) { $0 + $1.inputHeld }
        guard total > limits.inputBytesOfAllMax,
            let worst = clients.all.indices.max(by: { clients[$0].inputHeld < clients[$1].inputHeld })
        else { return }
        drop(at: worst, "\(total) bytes of input held for all clients, most of them from this one")
    }

    private mutating func drop(at index: Int, _ reason: String) {
        log(.warning, "client \(clients[index].number) closed: \(reason)")
        counts.clientsDropped += 1
        pauseReading(at: index)
        forget(at: index)
        if clients[index].phase == .closing { act(.cancelTimer(.closing(client: clients[index].number))) }
        clients[index].phase = .dropped
        clients[index].unsent = 0
        act(.close(.client(clients[index].number)))
    }

    mutating func pauseReading(at index: Int) {
        guard !clients[index].isReadingPaused else { return }
        clients[index].isReadingPaused = true
        act(.pauseReading(.client(clients[index].number)))
    }

    private mutating func resumeReading(at index: Int) {
        guard clients[index].isReadingPaused, clients[index].phase == .open, !isStopping else { return }
        clients[index].isReadingPaused = false
        act(.resumeReading(.client(clients[index].number)))
    }

    mutating func closeDescriptors(_ descriptors: [DescriptorToken]) {
        if !descriptors.isEmpty { act(.closeDescriptors(descriptors)) }
    }

    // MARK: - Leaving

    /// QEMU answers what it has read before it takes the end of input for a disconnect; so do we.
    mutating func clientEnded(_ number: Int) {
        guard let index = clients.index(of: number), clients[index].phase == .open else { return }
        clients[index].phase = .ended
        goOn(at: index)
    }

    /// Lets a client have its last bytes, then closes it.
    mutating func finish(at index: Int) {
        guard !clients[index].isLeaving else { return }
        let number = clients[index].number
        pauseReading(at: index)
        forget(at: index)
        clients[index].phase = .closing
        act(.finish(.client(number)))
        let patience = isStopping ? limits.stoppingTimeMax : limits.closingTimeMax
        act(.setTimer(.closing(client: number), at: now + patience))
    }

    mutating func clientClosed(_ number: Int, _ reason: String) {
        guard let index = clients.index(of: number) else { return }
        forget(at: index)
        let client = clients.remove(at: index)
        if client.phase == .closing { act(.cancelTimer(.closing(client: number))) }
        log(.info, "client \(number) left: \(reason)")
        record(.client(number), .closed(reason: reason))
        adjustAccepting()
        dispatch()
    }

    /// Drops what a client has waiting.
    ///
    /// What is in flight runs on: QEMU does not take a command back either.
    private mutating func forget(at index: Int) {
        closeDescriptors(clients[index].allDescriptors)
        let rest = clients[index].decoder.takeRest()
        if !rest.isEmpty { record(.client(clients[index].number), .received(.invalid(rest, error: nil))) }
        clients[index].descriptors = []
        clients[index].slots = []
        clients[index].waitingBytes = 0
        clients[index].answeredBytes = 0
        clients[index].outOfBandUnanswered = 0
        let number = clients[index].number
        dropHeld(of: number)
        queue.forget(number)
        outOfBandWaiting.removeAll { $0.client == number }
    }
}
