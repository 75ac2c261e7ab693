internal import CLibevent
internal import Glibc

extension ChildProcess {
    /// Appends bytes to what is written to its standard input at the end of this turn.
    ///
    /// A program that has ended, is being ended or has closed its input gets nothing any more.
    public func write(_ bytes: ArraySlice<UInt8>) {
        loop.assertIsolated()
        unsentKnown += bytes.count
        flushAtTurnEnd()
        guard phase == .running, standardInput >= 0 else { return }
        output.append(bytes, endsMessage: true, descriptors: [])
    }

    func flushAtTurnEnd() {
        guard !waitsForFlush else { return }
        waitsForFlush = true
        loop.flushAtTurnEnd(self)
    }

    /// Reads no more; what it was not given is lost.
    func closeInput() {
        output.removeAll()
        guard standardInput >= 0 else { return }
        // Before the descriptor is closed: its number may be another one's at once.
        inputEvent = nil
        _ = close(standardInput)
        standardInput = -1
    }

    private func writable() {
        writeQueued()
        if output.isEmpty { inputEvent = nil }
        wroteQueued()
    }

    private func writeQueued() {
        while !output.isEmpty {
            switch output.writeSome(to: standardInput, loop: loop) {
            case .sent:
                continue
            case .full:
                if inputEvent == nil { watchInput() }
                return
            case .failed: brokeOff()
            }
        }
    }

    /// It reads no more: if it has not ended, which is told by itself, it cannot be told anything any more.
    private func brokeOff() {
        closeInput()
        var end = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
        guard phase == .running, poll(&end, 1, 0) == 0 else { return }
        delegate?.childProcess(self, isEndedBecause: "it has closed its standard input")
        stop()
    }

    private func wroteQueued() {
        if phase == .asked, output.isEmpty { closeInput() }
        guard phase != .gone, output.byteCount != unsentKnown else { return }
        unsentKnown = output.byteCount
        delegate?.childProcess(self, unsent: unsentKnown)
    }

    private func watchInput() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        inputEvent = WatchedEvent(on: standardInput, for: EV_WRITE | EV_PERSIST, loop: loop, context: context) {
            ChildProcess.from($2) { $0.writable() }
        }
        if inputEvent?.add() != true { closeInput() }
    }
}

extension ChildProcess: Flushing {
    var flushesFirst: Bool { false }

    func flush() {
        waitsForFlush = false
        if inputEvent == nil { writeQueued() }
        wroteQueued()
    }
}
