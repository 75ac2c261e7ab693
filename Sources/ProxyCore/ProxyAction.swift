public import QMP
public import Recording

/// How much a line in the log matters.
public enum LogLevel: Sendable, Hashable {
    /// Only of interest to who looks for a fault in the proxy.
    case debug
    /// The normal course of things.
    case info
    /// Something was not as it should be, and the proxy coped.
    case warning
    /// Something needs a person.
    case error
}

/// All that the engine may ask for.
///
/// The shell does it in this order and decides nothing.
public enum ProxyAction: Sendable, Equatable {
    /// Connect to the monitor's address, or wait until it connects.
    case connectMonitor
    /// Send a message; the descriptors leave with its first byte and are closed on our side.
    case send(Endpoint, SplicedMessage, descriptors: [DescriptorToken] = [])
    /// Close descriptors that nobody took.
    case closeDescriptors([DescriptorToken])
    /// Do not read from there until told to; nothing more may come in, not even what was read already.
    case pauseReading(Endpoint)
    /// Read from there again.
    case resumeReading(Endpoint)
    /// Send what is unsent, then close.
    case finish(Endpoint)
    /// Close at once.
    case close(Endpoint)
    /// Accept no clients; who comes waits in the kernel, unanswered.
    case pauseAccepting
    /// Accept clients again.
    case resumeAccepting
    /// Report ``ProxyEvent/timerFired(_:)`` at that instant; a timer set again is moved.
    case setTimer(ProxyTimer, at: Instant)
    /// Forget a timer.
    case cancelTimer(ProxyTimer)
    /// Append to the recording.
    case record(Entry)
    /// Write a line to the log.
    case log(LogLevel, String)
    /// The engine has nothing more to do: end.
    case stopped
}
