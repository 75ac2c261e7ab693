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

    /// The default limits.
    public init() {}
}
