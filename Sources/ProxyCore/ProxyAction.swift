public import PluginKit
public import QMP
public import Recording

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
    /// Append to the recording; not where the engine keeps that (``ProxyEngine/recorded``).
    case record(Entry)
    /// Write a line to the log.
    case log(LogLevel, String)
    /// Connect to a second monitor's address.
    case connectSecondMonitor(Int, address: String)
    /// Keep a plugin's value durably, instead of the one before; report ``ProxyEvent/stored(plugin:number:failure:)``.
    case store(plugin: Int, number: Int, JSONValue)
    /// Start a program with its arguments, and report its lines and its end.
    case startProgram(Int, [String])
    /// Write to a program's standard input.
    case writeToProgram(Int, Bytes)
    /// End a program: close its input, ask it to end, kill it in the end.
    case stopProgram(Int)
    /// The engine has nothing more to do: end.
    case stopped
}
