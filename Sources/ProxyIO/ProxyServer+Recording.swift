internal import Libevent
internal import Logging
internal import ProxyCore
internal import Recording

/// What the shell has to do with the recording.
extension ProxyServer {
    /// Hands what has happened to the recording, before anybody outside can know of it.
    func recordEntries() {
        guard let recording, recording.hasEntries else { return }
        let (isSegmentDue, isThreadAtRest) = recording.handOver()
        if isSegmentDue { beginSegment() }
        // Before the log, which may be a pipe that nobody reads.
        if isThreadAtRest { loop.afterFlush(first: true) { recording.wakeUp() } }
        if recordingTimer == nil { checkRecordingLater() }
    }

    /// A disk that hangs is told by nobody else.
    private func checkRecordingLater() {
        let timer = Timer(loop: loop) { [unowned self] in
            assumeIsolated { server in
                server.recordingTimer = nil
                if server.recording?.check() == true { server.checkRecordingLater() }
            }
        }
        timer.set(after: .seconds(1))
        recordingTimer = timer
    }

    /// Ends the recording's segment, if there is one, and begins the next.
    func beginSegment() {
        recording?.beginSegment(describing: engine, at: now)
    }

    /// The recorder has something to tell, from its own thread.
    func recordingChanged(_ report: Recorder.Report) {
        guard let status = recording?.status else { return }
        switch report {
        case .trouble(let text): logger.error("\(text)")
        case .settled(let text): logger.info("\(text)")
        case .segment(let path): logger.info("the recording goes on in \(path)")
        }
        handle(.recordingChanged(trouble: status.trouble, entriesLost: status.entriesLost))
    }
}
