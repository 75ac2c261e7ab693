public import PluginKit
public import QMP

/// One end of a connection to the proxy.
public enum Endpoint: Sendable, Hashable {
    /// QEMU's monitor.
    case monitor
    /// The client with that number.
    case client(Int)
    /// A monitor that a plugin has connected; numbers rise from 1.
    case secondMonitor(Int)
}

/// Stands for a file descriptor that came with a client's bytes; the shell keeps the descriptor itself.
public struct DescriptorToken: Sendable, Hashable {
    /// The token's number; never used twice.
    public let number: Int

    /// The token with that number.
    public init(_ number: Int) {
        self.number = number
    }
}

/// The timers the engine may ask for.
public enum ProxyTimer: Sendable, Hashable {
    /// Until the next try to reach the monitor.
    case reconnect
    /// Until a client that does not take its last bytes is closed all the same.
    case closing(client: Int)
    /// Until the proxy stops without waiting any longer for replies.
    case stopping
    /// A timer of the plugin at that place of the chain, from 0.
    case plugin(Int, Tag)
    /// Until a command that a plugin holds by that tag goes on without it.
    case held(plugin: Int, Tag)
    /// Until a plugin is told that its own command was not answered in time; by the command's number.
    case execution(Int)
    /// Until the next try to reach a second monitor.
    case secondMonitor(Int)
    /// Until plugins are told what there was no time for.
    case plugins
}

/// All that may happen to the engine.
public enum ProxyEvent: Sendable, Equatable {
    /// The proxy runs: reach for the monitor.
    case started
    /// What the plugin at that place of the chain, from 0, has stored last: before ``started``.
    case restored(plugin: Int, JSONValue)
    /// A client was accepted.
    ///
    /// Numbers rise and never come again.
    case accepted(Client)
    /// The monitor's connection is there; nothing was said yet.
    case monitorOpened(peer: String)
    /// The monitor could not be reached.
    case monitorUnreachable(reason: String)
    /// Bytes came in.
    ///
    /// `descriptors` came with the first of them, at most 16.
    case received(Endpoint, Bytes, descriptors: [DescriptorToken])
    /// The other end will send no more, but may still read.
    case ended(Endpoint)
    /// The connection is gone, whoever closed it.
    ///
    /// Nothing more comes from that end.
    case closed(Endpoint, reason: String)
    /// How much of what was sent the kernel has not taken: all of it, and what is beyond the message under way.
    ///
    /// Comes whenever that has changed and is, or was before, more than nothing.
    case unsent(Endpoint, bytes: Int, beyondCurrent: Int)
    /// A timer's time has come.
    case timerFired(ProxyTimer)
    /// The recording has trouble (`nil`: no longer), and has lost so many entries in all.
    case recordingChanged(trouble: String?, entriesLost: Int)
    /// A second monitor's connection is there; nothing was said yet.
    case secondMonitorOpened(Int, peer: String)
    /// A second monitor could not be reached.
    case secondMonitorUnreachable(Int, reason: String)
    /// A plugin's value is stored, or is not for that reason.
    case stored(plugin: Int, number: Int, failure: String?)
    /// A program has written a line, without its end, to its standard output.
    case programLine(Int, Bytes)
    /// A program has written a line to its standard error.
    case programComplained(Int, String)
    /// How many bytes written to a program it has not read; comes whenever that has changed.
    case programUnsent(Int, bytes: Int)
    /// A program has ended, or could not be started; nothing more comes from it.
    case programEnded(Int, ProgramEnd)
    /// The proxy is asked to stop.
    case stopRequested
}
