public import QMP

/// Every limit of the proxy, with its unit and reason.
///
/// QEMU's own are ``QMP/Limits``.
public struct ProxyLimits: Sendable, Equatable {
    /// What a document may be.
    public var documents = Limits.qemu

    /// In-band commands in flight to a monitor that has negotiated `oob`.
    ///
    /// Seven: with an eighth QEMU stops reading, and out-of-band commands wait, too (monitor/qmp.c,
    /// `QMP_REQ_QUEUE_LEN_MAX`; docs/interop/qmp-spec, "Out-of-band execution").
    public var inBandInFlightMax = 7

    /// In-band commands in flight to a monitor without `oob`.
    ///
    /// One: QEMU reads the next one only when it has answered (monitor/qmp.c, `monitor_suspend`), so nothing is won.
    public var inBandInFlightWithoutOutOfBandMax = 1

    /// Documents of one client that wait to be answered, in number; with more it is not read from.
    ///
    /// 64: enough to keep seven in flight from any one client, little enough to forget when it leaves.
    public var waitingMax = 64

    /// Documents of one client that wait to be sent, in bytes, beyond the last one; with more it is not read from.
    ///
    /// 1 MiB: QEMU reads some 0.3 MB a second, so that this is three seconds of work.
    public var waitingBytesMax = 1 << 20

    /// Input held for all clients together, in bytes; beyond it the client that holds most is closed.
    ///
    /// 1 GiB: each client may hold a document of 64 MiB, but hundreds at once are no use of a monitor.
    public var inputBytesOfAllMax = 1 << 30

    /// Unsent output of a client from which on it is not read from, in bytes.
    ///
    /// 64 KiB: who lets that much lie beyond the kernel's own buffer is not reading.
    public var unsentBytesBeforePause = 64 << 10

    /// Unsent output of a client beyond the message under way, in bytes; with more it is closed.
    ///
    /// 64 MiB: the largest document QEMU accepts; events alone take days to come to that.
    public var unsentBytesMax = 64 << 20

    /// Unsent output of all clients together, in bytes; beyond it the client with most is closed.
    ///
    /// 1 GiB: a host that runs VMs can spare that in trouble, not more.
    public var unsentBytesOfAllMax = 1 << 30

    /// Clients of one monitor; who comes then waits in the kernel's queue, ungreeted, as with QEMU.
    ///
    /// 1,024: the soft limit of descriptors on most systems, and more than anybody needs.
    public var clientsMax = 1024

    /// The first pause before the monitor is tried again; it doubles each time.
    ///
    /// 0.1 s: a QEMU that restarts is quick.
    public var reconnectDelayMin = Duration.milliseconds(100)

    /// The longest pause before the monitor is tried again.
    ///
    /// 5 s: short for a person, long for a machine.
    public var reconnectDelayMax = Duration.seconds(5)

    /// How long a client that is being closed may take for its last bytes.
    ///
    /// 10 s: a slow reader gets SHUTDOWN, too.
    public var closingTimeMax = Duration.seconds(10)

    /// How long the proxy waits for the replies in flight when it is asked to stop.
    ///
    /// 2 s: a connection that is closed right behind a command may lose it (monitor/qmp.c), systemd's patience is 90 s.
    public var stoppingTimeMax = Duration.seconds(2)

    // MARK: Plugins

    /// How long a plugin may hold a command.
    ///
    /// 10 minutes: an operator may have to be asked; whoever waits longer has gone home.
    public var holdTimeMax = Duration.seconds(600)

    /// How long a plugin may wait for the reply to a command of its own.
    ///
    /// 10 minutes: QEMU answers at once, or its main loop hangs.
    public var executionTimeMax = Duration.seconds(600)

    /// Commands of its own that one plugin may have unanswered.
    ///
    /// 64, as for a client.
    public var executionsMax = 64

    /// Timers, programs, second monitors and values being stored that one plugin may have at once, of each.
    ///
    /// 64: a plugin that has more has lost count.
    public var possessionsMax = 64

    /// What is kept for a program that does not read, in bytes.
    ///
    /// 1 MiB: thousands of events; a program that is so far behind decides nothing in time.
    public var programUnsentBytesMax = 1 << 20

    /// What plugins may ask for and be told in one turn; the rest has the next turn.
    ///
    /// 1,000: many times what any plugin does for one event, and yet done in a millisecond.
    public var pluginStepsMax = 1000

    /// What may wait to be told to plugins; beyond, they are not told that something is refused.
    ///
    /// 10,000: ten turns' work.
    public var pluginCallsMax = 10_000

    /// Lines to a program's standard error that are logged in a second; how many more there were is logged, too.
    ///
    /// 100: more than anybody reads, and 10 KiB or so.
    public var complaintsMax = 100

    /// Reasons for which something was refused to a plugin that are logged as warnings, each once.
    ///
    /// 32: there are not many more; some name a number.
    public var refusalsLoggedMax = 32

    /// The default limits.
    public init() {}
}
