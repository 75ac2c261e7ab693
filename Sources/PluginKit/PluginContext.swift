public import QMP

/// What a plugin is told of the world when it is called, and how it has things done.
///
/// Nothing is done while the plugin is being called. All of it happens afterwards, once everything is decided that was
/// read in one go, and in the order in which plugins have said it; what comes of it is told in later calls. So a
/// verdict takes effect first: a command that is held by it can be released in the same call.
public struct PluginContext: Sendable {
    /// The plugin's name in logs and recordings: as the configuration has it, such as `guard` or `exec:night`.
    public let plugin: String
    /// The monitor's name in the configuration.
    public let monitor: String
    /// The proxy's version.
    public let version: String
    /// How long the proxy runs; never less than in a call before.
    public let now: Duration
    /// Whether the proxy is about to end: nothing new is begun any more.
    public let isStopping: Bool
    /// What is to be done.
    public private(set) var effects: [PluginEffect] = []

    /// The context of one call.
    public init(plugin: String, monitor: String, version: String, now: Duration, isStopping: Bool = false) {
        self.plugin = plugin
        self.monitor = monitor
        self.version = version
        self.now = now
        self.isStopping = isStopping
    }

    /// Executes a command of the plugin's own on a monitor; clients see nothing of it but its events.
    ///
    /// What came of it is told by ``Plugin/answered(_:with:_:)``: the reply, or after `timeout` that there is none.
    /// In-band commands of all plugins go one after the other, in a place of their own beside the clients' commands;
    /// out-of-band ones go at once (`Command.isOutOfBand`). When the monitor is not ready, 64 commands are unanswered,
    /// or the plugin has said that it executes none (``Plugin/executes``), the outcome is ``Outcome/refused(reason:)``.
    ///
    /// - Parameters:
    ///   - command: what is executed.
    ///   - monitor: who executes it.
    ///   - tag: what the outcome is told with; several may have the same.
    ///   - timeout: from now on, not from when it is sent; 10 minutes at most.
    public mutating func execute(
        _ command: Command,
        on monitor: MonitorID = .own,
        tag: Tag,
        timeout: Duration = .seconds(10)
    ) {
        effects.append(.execute(command, on: monitor, tag: tag, timeout: timeout))
    }

    /// Connects to another monitor, such as that of a peer, and again whenever the connection is lost.
    ///
    /// How it is comes by ``Plugin/monitorChanged(_:to:_:)``; what is refused has the monitor's name as its tag.
    ///
    /// - Parameters:
    ///   - name: what it is called from now on, such as `peer`.
    ///   - address: `unix:PATH` or `tcp:HOST:PORT`.
    public mutating func connect(monitor name: String, at address: String) {
        effects.append(.connect(name: name, address: address))
    }

    /// Gives a second monitor up; what it was asked comes to ``Outcome/monitorLost``, and nothing more is told of it.
    public mutating func disconnect(monitor name: String) {
        effects.append(.disconnect(name: name))
    }

    /// Has ``Plugin/timerFired(_:_:)`` called once, that much later, at most a year; a timer set again is moved.
    ///
    /// After no time at all it comes nevertheless behind what else has happened by then.
    public mutating func setTimer(_ tag: Tag, after duration: Duration) {
        effects.append(.setTimer(tag, after: duration))
    }

    /// Forgets a timer.
    public mutating func cancelTimer(_ tag: Tag) {
        effects.append(.cancelTimer(tag))
    }

    /// Keeps a value instead of the one before: ``Plugin/started(restored:_:)`` gives it back after a restart.
    ///
    /// It is on the disk when ``Outcome/stored`` is told. Without a directory for it (`--state`) the outcome is
    /// ``Outcome/notStored(reason:)``.
    public mutating func store(_ value: JSONValue, tag: Tag) {
        effects.append(.store(value, tag: tag))
    }

    /// Starts a program.
    ///
    /// Its lines come by ``Plugin/line(_:from:_:)``, its end by ``Plugin/answered(_:with:_:)``. What it writes to its
    /// standard error goes to the log. It is ended with the proxy.
    ///
    /// - Parameters:
    ///   - program: its path or name, and its arguments.
    ///   - tag: what it is called from now on; no other program of this plugin may have it.
    public mutating func start(program: [String], tag: Tag) {
        effects.append(.start(program: program, tag: tag))
    }

    /// Writes a line to a program's standard input; the line end is added.
    ///
    /// A program that does not read has at most 1 MiB kept for it; beyond, the line is not written and
    /// ``Plugin/answered(_:with:_:)`` is told ``Outcome/refused(reason:)`` with the program's tag.
    public mutating func write(_ line: Bytes, to program: Tag) {
        effects.append(.write(line, to: program))
    }

    /// Ends a program: its input is closed, then it is asked to end, then it is killed.
    public mutating func stop(program: Tag) {
        effects.append(.stop(program: program))
    }

    /// Lets a held command go, once: as a verdict that does not hold it.
    ///
    /// It goes on to the plugins behind. A command of the plugin's own can only be answered. When nothing is held by
    /// the tag, since it was released, late or its client is gone, the outcome is ``Outcome/refused(reason:)``.
    public mutating func release(_ tag: Tag, as verdict: CommandVerdict) {
        effects.append(.release(tag, verdict))
    }

    /// Notes something in the recording, if there is one, for whoever reads it.
    ///
    /// - Parameters:
    ///   - text: what is to be noted.
    ///   - epoch: how often it has been decided until then who may go on alone, if the plugin counts that; below 0
    ///     is 0.
    public mutating func mark(_ text: String, epoch: Int? = nil) {
        effects.append(.mark(text, epoch: epoch.map { max($0, 0) }))
    }

    /// Writes a line to the log, under the plugin's name.
    public mutating func log(_ level: LogLevel, _ text: String) {
        effects.append(.log(level, text))
    }
}
