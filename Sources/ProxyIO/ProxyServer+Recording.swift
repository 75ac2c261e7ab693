internal import Libevent
internal import Logging
internal import ProxyCore
internal import Recording

/// What the shell has to do with the recording.
extension ProxyServer {
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
