internal import Glibc

extension Connection: Flushing {
    /// Sends what was queued in this turn, or tells of the end; called by the loop at the end of the turn.
    func flush() {
        waitsForFlush = false
        switch phase {
        case .closing(let reason):
            phase = .gone
            delegate?.connection(self, closed: reason)
        case .gone:
            break
        case .open, .finishing:
            if writeEvent == nil {
                sendQueued()
            }
            sendingEnded()
        }
    }

    /// The kernel has room again, or the peer is gone.
    func writable() {
        sendQueued()
        if output.isEmpty {
            writeEvent = nil
        }
        sendingEnded()
    }

    private func sendQueued() {
        while !output.isEmpty {
            switch output.sendSome(to: socket, loop: loop) {
            case .sent:
                continue
            case .full:
                if writeEvent == nil {
                    watchOutput()
                }
                return
            case .failed(let code):
                sendingFailed(code)
                return
            }
        }
    }

    /// The peer may have left words behind: those are read before the end is told.
    private func sendingFailed(_ code: CInt) {
        outputError = code
        output.removeAll()
        writeEvent = nil
    }

    private func sendingEnded() {
        switch phase {
        case .closing, .gone:
            return
        case .finishing:
            if outputError != 0 {
                end(Self.reason(of: outputError))
                return
            }
            if output.isEmpty {
                discardInput()
                end(closedByUs)
                return
            }
        case .open:
            if outputError != 0 {
                guard case .flowing = input, outputError == EPIPE || outputError == ECONNRESET else {
                    end(Self.reason(of: outputError))
                    return
                }
            }
        }
        reportUnsent()
    }

    private func reportUnsent() {
        let unsent = output.byteCount
        guard unsent > 0 || unsentWasReported else { return }
        unsentWasReported = unsent > 0
        delegate?.connection(self, unsent: unsent, beyondCurrent: output.byteCountBeyondCurrent)
    }

    /// What the delegate is told when a call on the socket failed.
    static func reason(of code: CInt) -> String {
        switch code {
        case EPIPE:
            "closed by peer"
        case ECONNRESET:
            "connection reset by peer"
        default:
            SystemError.text(of: code)
        }
    }
}
