internal import Glibc

/// How a program is brought to its end, and how that is told.
extension ChildProcess {
    func alarmed() {
        switch phase {
        case .running, .gone:
            break
        case .asked:
            phase = .terminated
            closeInput()
            signal(SIGTERM)
            setAlarm(after: patience.beforeKilling)
        case .terminated:
            kill()
        case .killed, .ended:
            finish()
        }
    }

    func setAlarm(after duration: Duration) {
        let timer = alarm ?? Timer(loop: loop) { [unowned self] in alarmed() }
        alarm = timer
        timer.set(after: duration)
    }

    /// It has ended; what it wrote may not be read yet, and who it has started may write on.
    func ended() {
        endEvent = nil
        guard phase != .gone else { return }
        phase = .ended
        closeInput()
        setAlarm(after: patience.afterwards)
        finishIfSilent()
    }

    func finishIfSilent() {
        if phase == .ended, standardOutput?.isClosed != false, standardError?.isClosed != false { finish() }
    }

    private func finish() {
        phase = .gone
        alarm?.cancel()
        standardOutput?.finish()
        standardError?.finish()
        closeInput()
        signal(SIGKILL)
        let ending = reap()
        endEvent = nil
        close(handle)
        handle = -1
        delegate?.childProcess(self, ended: ending)
    }

    /// Signals the group; only called as long as the program is not reaped, so that the number is still its own.
    func signal(_ number: CInt) {
        // It may have left its group, as setsid(1) does.
        if Glibc.kill(-id, number) != 0 { Glibc.kill(id, number) }
    }

    /// How it has ended.
    func reap() -> Ending {
        var status: CInt = 0
        while true {
            let found = waitpid(id, &status, WNOHANG)
            if found < 0, errno == EINTR { continue }
            // What does not heed even SIGKILL yet will have ended by it; see waitpid(2) for the bits.
            guard found == id else { return .killed(signal: SIGKILL) }
            let signal = status & 0x7F
            return signal == 0 ? .exited(status: (status >> 8) & 0xFF) : .killed(signal: signal)
        }
    }
}
