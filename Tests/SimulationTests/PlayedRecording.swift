import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording

/// What a simulation recorded, and what its clients were sent.
struct SimulatedRecording {
    /// A command that reached the monitor.
    struct Command {
        let number: Int
        let client: Int
        /// The message as the client sent it.
        let message: Bytes
        /// What the client was sent, if it was QEMU's reply.
        var reply: Bytes?
    }

    private(set) var recording = PlayableRecording()
    /// In the order in which they were sent to the monitor.
    private(set) var commands: [Command] = []
    /// By client, what it said to negotiate.
    private(set) var negotiations: [Int: [Bytes]] = [:]
    /// What QEMU said on its own.
    private(set) var events: [Bytes] = []

    private var actions: [ProxyAction] = []

    /// The recording of a seed's simulation; `nil` if nothing is recorded in that world.
    ///
    /// There are no plugins: what they did is not played.
    init?(seed: UInt64, without troubles: Set<SimulatorTrouble>) throws {
        var actions: [ProxyAction] = []
        var simulator = Simulator(seed: seed, without: troubles.union([.plugins]), tampering: { actions += $1 })
        _ = simulator.run()
        let entries = actions.compactMap { if case .record(let entry) = $0 { entry } else { nil } }
        guard !entries.isEmpty else { return nil }
        try write(entries)
        read(actions)
    }

    /// Writes entries to a file, so to speak, and reads it.
    private mutating func write(_ entries: [Entry]) throws {
        var lines: [UInt8] = []
        let header = RecordingHeader(startedMicrosecondsSince1970: 0, proxy: "0", monitor: "vm0")
        RecordingEncoder.append(header, to: &lines)
        var entries = entries
        // The last connection was closed by the proxy when it stopped; the simulator does not tell.
        if let last = entries.lastIndex(where: { $0.place == .monitor && $0.kind == .closed(reason: "closed") }) {
            entries[last].kind = .closed(reason: "closed by us")
        }
        for entry in entries { RecordingEncoder.append(entry, to: &lines) }
        var decoder = RecordingDecoder()
        decoder.append(lines[...])
        while let item = try decoder.next() { recording.take(item, in: "seed") }
    }

    private mutating func read(_ actions: [ProxyAction]) {
        var asked: [Int: (client: Int, message: Bytes)] = [:]
        var places: [Int: Int] = [:]
        var isReplied: Set<Int> = []
        for (index, action) in actions.enumerated() {
            guard case .record(let entry) = action else { continue }
            switch (entry.place, entry.kind, entry.command) {
            case (.client(let client), .received(.message(let message, _)), let number?):
                asked[number] = (client, message.joined)
                if message.joined.text.contains("qmp_capabilities") {
                    negotiations[client, default: []].append(message.joined)
                }
            case (.monitor, .sent, let number?):
                guard let (client, message) = asked[number] else { continue }
                places[number] = commands.count
                commands.append(Command(number: number, client: client, message: message))
            case (.monitor, .received, let number?): isReplied.insert(number)
            case (.monitor, .received(.message(let message, _)), nil):
                if message.joined.text.contains("\"event\"") { events.append(message.joined) }
            case (.client, .sent, let number?):
                guard isReplied.contains(number), let place = places[number],
                    case .send(_, let message, _) = actions[index + 1]
                else { continue }
                commands[place].reply = message.joined
            default: break
            }
        }
    }
}

/// A fresh engine in front of a playback; no time passes.
struct PlayedEngine {
    private var engine: ProxyEngine
    private(set) var playback: MonitorPlayback
    private var isConnectionWanted = false
    /// By the engine's numbers, what its clients were replied.
    private(set) var replies: [Int: Bytes] = [:]
    /// What the monitor said on its own.
    private(set) var events: [Bytes] = []
    /// The number of the command that a client was last found to ask.
    private var lastNumber: Int?
    private(set) var told: [String] = []
    /// How often it has connected.
    private(set) var connections = 0
    /// How many in-band commands are sent without waiting.
    var inFlightMax: Int { hasOutOfBand ? 7 : 1 }
    private var hasOutOfBand = false

    init(_ recording: PlayableRecording) throws {
        var settings = PlaybackSettings()
        settings.speed = .max
        playback = try MonitorPlayback(recording, settings: settings)
        var engineSettings = EngineSettings(name: "vm0", monitorAddress: "mock", version: "0", nonce: "ours")
        engineSettings.recording = "r"
        engineSettings.keepsClients = true
        engine = ProxyEngine(settings: engineSettings)
        handle(.started)
        settle()
    }

    /// The recorded clients come and say what they said to negotiate.
    mutating func join(_ negotiations: [Int: [Bytes]]) {
        for (client, messages) in negotiations.sorted(by: { $0.key < $1.key }) {
            handle(.accepted(Client(number: client, peer: .other(""), listener: "")))
            for message in messages { handle(.received(.client(client), message, descriptors: [])) }
        }
        playback.begin(at: .zero, offset: .zero)
        settle()
    }

    /// A client asks.
    ///
    /// - Returns: the engine's number for the command.
    mutating func ask(_ message: Bytes, by client: Int) -> Int? {
        lastNumber = nil
        handle(.received(.client(client), message, descriptors: []))
        return lastNumber
    }

    /// Lets the playback say all that it has to say.
    mutating func settle() {
        var hasMore = true
        while hasMore {
            hasMore = isConnectionWanted
            if isConnectionWanted {
                isConnectionWanted = false
                connections += 1
                handle(.monitorOpened(peer: ""))
                playback.connected(at: .zero)
            }
            while let due = playback.nextDue, due <= .zero {
                hasMore = true
                for output in playback.takeOutputs(at: .zero) { perform(output) }
            }
        }
    }

    private mutating func perform(_ output: MonitorPlayback.Output) {
        switch output {
        case .send(let bytes): handle(.received(.monitor, bytes, descriptors: []))
        case .close:
            playback.disconnected(at: .zero)
            handle(.closed(.monitor, reason: "closed by peer"))
        case .tell(let text): told.append(text)
        case .quit: isConnectionWanted = false
        }
    }

    private mutating func handle(_ event: ProxyEvent) {
        var actions: [ProxyAction] = []
        engine.handle(event, at: .zero, into: &actions)
        for (index, action) in actions.enumerated() {
            switch action {
            case .connectMonitor: isConnectionWanted = true
            case .setTimer(.reconnect, _): handle(.timerFired(.reconnect))
            case .send(.monitor, let message, _):
                if message.joined.text.contains("enable") { hasOutOfBand = true }
                playback.received(message.joined, at: .zero)
            case .record(let entry): note(entry, next: index + 1 < actions.count ? actions[index + 1] : nil)
            default: break
            }
        }
    }

    private mutating func note(_ entry: Entry, next: ProxyAction?) {
        switch (entry.place, entry.kind, entry.command) {
        case (.client, .received, let number?): lastNumber = number
        case (.client, .sent, let number?):
            if case .send(_, let message, _) = next { replies[number] = message.joined }
        case (.monitor, .received(.message(let message, _)), nil):
            if message.joined.text.contains("\"event\"") { events.append(message.joined) }
        default: break
        }
    }
}
