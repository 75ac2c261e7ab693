import Foundation
import PluginKit
import ProxyCore
import ProxyTesting
import QMP
import Recording
import Testing

/// A recording plays both sides at once: its clients before an engine, its QEMU behind it.
@Suite(.timeLimit(.minutes(15)))
struct ReplaySimulationTests {
    @Test(arguments: ["out-of-band", "block-job"], [PlaybackSettings.Speed.times(1), .times(100)])
    func whatTheRecordedClientsAskTheRecordedQEMUAnswersAlike(name: String, speed: PlaybackSettings.Speed) throws {
        let recording = try recording(name)
        var settings = PlaybackSettings()
        settings.speed = speed
        var stage = try BothSides(recording, settings)
        let replies = try ReplayPlan(recording).commands.count { $0.reply != nil }
        stage.play()
        #expect(stage.told == [])
        #expect(stage.outputs.last == .done)
        #expect(stage.outputs.filter { $0 == .equal }.count == replies)
        #expect(replies > 10)
    }

    /// Worlds in which QEMU does not die: when it does so differs by what hangs on no command.
    @Test func whatTheClientsOfARandomWorldAskItsQEMUAnswersAlike() throws {
        var settings = PlaybackSettings()
        // Clients ask in the order in which they did, which the engine need not have kept.
        settings.match = .any
        var equal = 0
        for seed in 1...Self.seeds {
            let troubles: Set<SimulatorTrouble> = [.monitorIsNone, .monitorDies, .monitorDropsConnections]
            let recording = try recording(ofSeed: seed, without: troubles)
            guard !recording.runs.isEmpty, let plan = try? ReplayPlan(recording) else { continue }
            var stage = try BothSides(recording, settings)
            stage.play()
            let replies = plan.commands.count { $0.reply != nil }
            #expect(stage.outputs.last == .done, "seed \(seed)")
            #expect(stage.outputs.count { $0 == .equal } == replies, "seed \(seed)")
            equal += replies
        }
        #expect(equal > 500)
    }

    private static let seeds: UInt64 = 100

    /// The recording of a simulated world; without a run when nothing is recorded there.
    private func recording(ofSeed seed: UInt64, without troubles: Set<SimulatorTrouble>) throws -> PlayableRecording {
        var lines: [UInt8] = []
        var simulator = Simulator(
            seed: seed,
            // What plugins did is not played.
            without: troubles.union([.plugins]),
            tampering: { _, actions in
                for case .record(var entry) in actions {
                    // QEMU does not; the simulator does not tell who closes.
                    if case (.monitor, .closed) = (entry.place, entry.kind) {
                        entry.kind = .closed(reason: "closed by us")
                    }
                    if lines.isEmpty {
                        let header = RecordingHeader(startedMicrosecondsSince1970: 0, proxy: "0", monitor: "vm0")
                        RecordingEncoder.append(header, to: &lines)
                    }
                    RecordingEncoder.append(entry, to: &lines)
                }
            }
        )
        _ = simulator.run()
        return try recording(lines, "seed")
    }

    private func recording(_ name: String) throws -> PlayableRecording {
        let folder = URL(filePath: #filePath).appending(path: "../../../Recordings").standardizedFileURL
        return try recording([UInt8](try Data(contentsOf: folder.appending(path: "\(name).qmprec"))), name)
    }

    private func recording(_ lines: [UInt8], _ name: String) throws -> PlayableRecording {
        var decoder = RecordingDecoder()
        decoder.append(lines[...])
        var recording = PlayableRecording()
        while let item = try decoder.next() { recording.take(item, in: name) }
        return recording
    }
}

/// An engine between the two playbacks of a recording, and the clock of all three.
private struct BothSides {
    private var engine: ProxyEngine
    private var clients: ClientPlayback
    private var monitor: MonitorPlayback
    private var now = Instant.zero
    private var events: [ProxyEvent] = [.started]
    private var hasBegun = false
    /// What the clients did, in order.
    private(set) var outputs: [ClientPlayback.Output] = []
    /// What the monitor's side had to tell: that something was asked otherwise.
    private(set) var told: [String] = []

    init(_ recording: PlayableRecording, _ settings: PlaybackSettings) throws {
        var engineSettings = EngineSettings(name: "vm0", monitorAddress: "mock", version: "0", nonce: "ours")
        engineSettings.isWatched = true
        engine = ProxyEngine(settings: engineSettings)
        monitor = try MonitorPlayback(recording, settings: settings)
        clients = ClientPlayback(
            try ReplayPlan(recording),
            comparison: ReplyComparison(),
            settings: settings,
            monitor: "mock",
            at: .zero
        )
    }

    /// Until the clients have nothing more to do.
    mutating func play() {
        while clients.nextDue != nil || !events.isEmpty {
            while !events.isEmpty { handle(events.removeFirst()) }
            for output in monitor.takeOutputs(at: now) { perform(output) }
            for output in clients.takeOutputs(at: now) { perform(output) }
            guard events.isEmpty, let due = [clients.nextDue, monitor.nextDue].compactMap({ $0 }).min() else {
                continue
            }
            now = max(now, due)
        }
    }

    private mutating func handle(_ event: ProxyEvent) {
        var actions: [ProxyAction] = []
        engine.handle(event, at: now, into: &actions)
        for action in actions {
            switch action {
            case .connectMonitor:
                events.append(.monitorOpened(peer: "mock"))
                monitor.connected(at: now)
            case .send(.monitor, let message, _): monitor.received(message.joined, at: now)
            case .finish(let endpoint), .close(let endpoint): events.append(.closed(endpoint, reason: "it has left"))
            case .record(let entry): clients.take(entry)
            default: break
            }
        }
    }

    private mutating func perform(_ output: MonitorPlayback.Output) {
        switch output {
        case .send(let bytes): events.append(.received(.monitor, bytes, descriptors: []))
        case .close: events.append(.closed(.monitor, reason: "closed by peer"))
        case .tell(let text): told.append(text)
        case .quit: break
        }
    }

    private mutating func perform(_ output: ClientPlayback.Output) {
        outputs.append(output)
        switch output {
        case .open(let client):
            events.append(.accepted(Client(number: client, peer: .other("replay"), listener: "replay")))
        case .say(let client, let bytes, _):
            events.append(.received(.client(client), bytes, descriptors: []))
            if !hasBegun { monitor.begin(at: now, offset: .zero) }
            hasBegun = true
        case .close(let client): events.append(.ended(.client(client)))
        case .equal, .different, .notCompared, .failed, .done: break
        }
    }
}
