public import QMP

/// Plays the monitor's side of a recording: QEMU as it was, asked anew.
///
/// Pure: what comes in and when is told to it, and what is to be done comes out. It stands where QEMU would stand,
/// behind an engine, which gives every command an id of its own (`[N, …]`, see ``QMP``); ids are echoed in QEMU's form.
public struct MonitorPlayback: Sendable {
    /// Something it does.
    public enum Output: Sendable, Equatable {
        /// Bytes go to whoever is connected.
        case send(Bytes)
        /// It closes the connection, as QEMU's end does.
        case close
        /// A line for a person, on standard error: such as a command that is not in the recording and what is nearest.
        case tell(String)
        /// The recorded QEMU has quit, and no other is recorded: there is nothing to connect to any more.
        case quit
    }

    /// What each recorded QEMU was asked, and those who are yet to come.
    var matchers: [CommandMatcher]
    /// The one that plays; one behind the last when all have ended.
    private(set) var index = 0
    var life: PlayedLife
    private let settings: PlaybackSettings
    /// When the first client had negotiated, in the recording.
    private let firstNegotiated: Instant?
    private var hasBegun = false
    /// Of all names that are recorded, where they stand first.
    let places: [String: PlayableRecording.Place]
    var faults: FaultPlan
    /// How often somebody has connected.
    var connection = 0
    /// With whoever is connected.
    var session: ServerSession?
    /// Whether whoever is connected has been told that the negotiation is done.
    private var hearsEvents = false
    private var decoder = FrameDecoder()
    /// What is to be done at once, and since when.
    private var immediate: [Output] = []
    private var immediateDue = Instant.zero
    var missed = PlaybackSummary()

    /// A playback that nobody is connected to yet.
    ///
    /// - Throws: ``Unplayable``, with file and line, such as a recording without a greeting.
    public init(_ recording: PlayableRecording, settings: PlaybackSettings) throws(Unplayable) {
        let reader = try LifeReader(recording, client: settings.client)
        self.settings = settings
        matchers = reader.lives.map { CommandMatcher($0, settings: settings) }
        life = PlayedLife(reader.lives[0], settings: settings)
        firstNegotiated = reader.firstNegotiated
        faults = FaultPlan(settings.faults)
        var places: [String: PlayableRecording.Place] = [:]
        for command in reader.lives.lazy.flatMap(\.commands) where places[command.name] == nil {
            places[command.name] = command.place
        }
        self.places = places
    }

    /// What ``begin(at:offset:)`` stands for, on the recording's own clock.
    public var begins: Instant { firstNegotiated ?? life.life.beganAt }

    private var hasQuit: Bool { index == matchers.count }

    /// What was asked so far, and what was not, of the whole recording.
    public var summary: PlaybackSummary {
        var summary = missed
        summary.asked = matchers.reduce(0) { $0 + $1.askedCount }
        summary.unasked = matchers.flatMap(\.unasked).map {
            PlaybackSummary.Unasked(name: $0.name, place: $0.place)
        }
        return summary
    }

    // MARK: - What happens

    /// Somebody has connected: the greeting comes out.
    public mutating func connected(at now: Instant) {
        guard !hasQuit else { return act(.close, at: now) }
        connection += 1
        hearsEvents = false
        decoder = FrameDecoder()
        session = ServerSession(greeting: life.life.greeting)
        act(.send(life.life.greeting.bytes), at: now)
    }

    /// That connection is gone, whoever closed it.
    public mutating func disconnected(at now: Instant) {
        session = nil
    }

    /// Bytes came in.
    public mutating func received(_ bytes: Bytes, at now: Instant) {
        decoder.append(bytes)
        while session != nil, let frame = decoder.next() { take(frame, at: now) }
    }

    /// Whether whoever is connected waits for ``begin(at:offset:)``.
    public var awaitsBegin: Bool { session != nil && !hasBegun && !hasQuit }

    /// The first client of a QEMU has negotiated: what was recorded before the first command comes from now on.
    ///
    /// - Parameters:
    ///   - now: when that is.
    ///   - offset: how much later that was in this recording than in the first of several.
    public mutating func begin(at now: Instant, offset: Duration) {
        guard !hasBegun else { return }
        hasBegun = true
        faults.start(at: now)
        if index == 0 {
            life.begin(at: now + settings.scaled(offset), recordedAt: begins)
        } else {
            life.begin(at: now, recordedAt: life.life.beganAt)
        }
    }

    // MARK: - What is to be done

    /// The next time at which ``takeOutputs(at:)`` is to be asked; `nil` if that depends on what comes in.
    ///
    /// It may have nothing then: what is said to nobody is lost, as with QEMU.
    public var nextDue: Instant? {
        let immediate = immediate.isEmpty ? nil : immediateDue
        return [immediate, nextSaid?.due, faults.nextDrop].compactMap { $0 }.min()
    }

    /// Whoever has yet to negotiate gets no events.
    private var nextSaid: (due: Instant, source: PlayedLife.Source)? {
        hasQuit ? nil : life.next(allowsEvents: session == nil || hearsEvents)
    }

    /// What is to be done by now, in order.
    public mutating func takeOutputs(at now: Instant) -> [Output] {
        var outputs = immediate
        immediate = []
        while true {
            let said = nextSaid
            if let drop = faults.nextDrop, drop <= now, said.map({ drop <= $0.due }) ?? true {
                faults.dropped(at: drop)
                if session != nil { close(&outputs) }
            } else if let said, said.due <= now {
                perform(life.take(said), &outputs)
            } else {
                return outputs
            }
        }
    }

    private mutating func perform(_ output: PlayedLife.Output, _ outputs: inout [Output]) {
        switch output {
        case .reply(let bytes, connection, let negotiates) where session != nil:
            if negotiates { hearsEvents = true }
            outputs.append(.send(bytes))
        case .event(let bytes) where session != nil: outputs.append(.send(bytes))
        case .drop(connection) where session != nil: close(&outputs)
        case .reply, .event, .drop: break
        case .end:
            if session != nil { close(&outputs) }
            index += 1
            hasBegun = false
            if hasQuit {
                outputs.append(.quit)
            } else {
                life = PlayedLife(matchers[index].life, settings: settings)
            }
        }
    }

    private mutating func close(_ outputs: inout [Output]) {
        outputs.append(.close)
        session = nil
    }

    /// Asks for something to be done at once.
    mutating func act(_ output: Output, at now: Instant) {
        if immediate.isEmpty { immediateDue = now }
        immediate.append(output)
    }
}

/// Why a recording cannot be played, in a line for a person that names file and line.
public struct Unplayable: Error, Sendable, Equatable, CustomStringConvertible {
    /// In a line for a person.
    public let description: String

    /// A reason.
    public init(_ description: String) {
        self.description = description
    }
}
