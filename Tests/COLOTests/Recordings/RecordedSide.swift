import COLO
import Foundation
import PluginKit
import ProxyCore
import QMP
import Recording

/// One side of a pair as it was recorded, with the plugin anew.
///
/// The proxy's engine stands between the recorded QEMU, what the recorded peer told of itself, and what the recorded
/// clients asked. Time is moved.
struct RecordedSide {
    /// What the plugin has done, and what it is recorded to have done.
    struct Deeds: Equatable {
        /// Marks, each with its epoch, as far as QEMU is not left by the proxy's own end.
        var marks: [String] = []
        /// Commands but for queries, whose number depends on time; without their ids.
        var commands: [String] = []
    }

    private let recording: PlayableRecording
    private var engine: ProxyEngine
    private var monitor: MonitorPlayback
    private var redaction = Redaction()
    private var now = Instant.zero
    private var timers: [ProxyTimer: Instant] = [:]
    /// What will happen: as it was recorded, or at once.
    private var events: [(due: Instant, event: ProxyEvent)] = []
    /// When each recorded QEMU was there, those to come.
    private var openings: [Instant]
    private(set) var played = Deeds()
    /// What was asked that is not recorded.
    private(set) var told: [String] = []

    /// A side with the settings that it was recorded with.
    init(_ name: String, _ settings: [String: String]) throws {
        let folder = URL(filePath: #filePath).appending(path: "../../../../Recordings").standardizedFileURL
        var decoder = RecordingDecoder()
        decoder.append([UInt8](try Data(contentsOf: folder.appending(path: "\(name).qmprec")))[...])
        var recording = PlayableRecording()
        while let item = try decoder.next() { recording.take(item, in: name) }
        self.recording = recording
        let run = recording.runs[0]
        let isFirst = run.header.monitor == "a"
        let (own, peer) = isFirst ? ("127.0.0.1", "127.0.0.2") : ("127.0.0.2", "127.0.0.1")
        let usual = [
            "host": own, "loop-host": own, "peer-host": peer, "peer": "tcp:\(peer):7700", "arbiter": "none",
            "checkpoint-delay": "1000",
        ]
        let all = usual.merging(settings) { $1 }.map { PluginSettings.Member($0.key, .text($0.value)) }
        let plugin = try PluginInstance(COLOPlugin.self, settings: PluginSettings(all))
        var engineSettings = EngineSettings(name: "vm0", monitorAddress: "mock", version: "0", nonce: "ours")
        engineSettings.isWatched = true
        engine = ProxyEngine(settings: engineSettings, plugins: [plugin])
        var playing = PlaybackSettings()
        // Queries may be more, as they depend on the time that things take.
        playing.reuses = true
        monitor = try MonitorPlayback(recording, settings: playing)
        openings = run.lines.map(\.entry).filter { $0.place == .monitor && $0.kind.isOpened }.map(\.time)
        events = [(.zero, .started)]
        for line in run.lines { if let event = line.entry.clientEvent { events.append((line.entry.time, event)) } }
    }

    /// What the recorded plugin did.
    var recorded: Deeds {
        var deeds = Deeds()
        for line in recording.runs[0].lines { deeds.take(line.entry) }
        return deeds
    }

    /// What nobody has asked of what the recorded plugin did: queries aside.
    var unasked: [String] { monitor.summary.unasked.map(\.name).filter { !$0.isQuery } }

    /// Until what is recorded is over.
    mutating func play() {
        let end = recording.runs[0].lines.last?.entry.time ?? .zero
        while true {
            for output in monitor.takeOutputs(at: now) { perform(output) }
            let due = events.indices.filter { events[$0].due <= now }
            if let index = due.min(by: { events[$0].due < events[$1].due }) {
                handle(events.remove(at: index).event)
            } else if let timer = timers.filter({ $0.value <= now }).min(by: { $0.value < $1.value }) {
                timers[timer.key] = nil
                handle(.timerFired(timer.key))
            } else {
                let dues = events.map(\.due) + timers.values + [monitor.nextDue].compactMap { $0 }
                guard let due = dues.min(), due < end else { return }
                now = max(now, due)
            }
        }
    }

    private mutating func handle(_ event: ProxyEvent) {
        var actions: [ProxyAction] = []
        if case .monitorOpened = event { monitor.connected(at: now) }
        engine.handle(event, at: now, into: &actions)
        for action in actions { perform(action) }
        if monitor.awaitsBegin { monitor.begin(at: now, offset: .zero) }
    }

    private mutating func perform(_ action: ProxyAction) {
        switch action {
        case .connectMonitor:
            // There was none before that.
            let due = openings.isEmpty ? now : max(now, openings.removeFirst())
            events.append((due, .monitorOpened(peer: "mock")))
        case .send(.monitor, let message, _): monitor.received(message.joined, at: now)
        case .send(.secondMonitor(let number), let message, _): ask(peer: number, message.joined)
        case .connectSecondMonitor(let number, _):
            events.append((now, .secondMonitorOpened(number, peer: "mock")))
            if let greeting = recording.runs[0].lines.first(where: { $0.entry.peerMessage?["QMP"] != nil }) {
                hear(greeting.entry.peerText, from: number, at: now)
            }
        case .setTimer(let timer, let time): timers[timer] = time
        case .cancelTimer(let timer): timers[timer] = nil
        case .store(let place, let number, _):
            events.append((now, .stored(plugin: place, number: number, failure: nil)))
        case .finish(let endpoint), .close(let endpoint):
            events.append((now, .closed(endpoint, reason: "closed by us")))
        case .record(let entry): played.take(redaction.redact(entry))
        default: break
        }
    }

    private mutating func perform(_ output: MonitorPlayback.Output) {
        switch output {
        case .send(let bytes): events.append((now, .received(.monitor, bytes, descriptors: [])))
        case .close: events.append((now, .closed(.monitor, reason: "closed by peer")))
        case .tell(let text): told.append(text)
        case .quit: break
        }
    }

    /// The peer answers what it answered next then; behind its last answer it is silent.
    private mutating func ask(peer number: Int, _ message: Bytes) {
        guard let asked = try? JSONValue(parsing: message), let id = asked["id"]?.written().text else { return }
        guard asked["execute"] != .string("qmp_capabilities") else {
            return hear("{\"return\": {}, \"id\": \(id)}", from: number, at: now)
        }
        let answer = recording.runs[0].lines.first {
            $0.entry.time >= now && $0.entry.command != nil && $0.entry.peerMessage?["return"] != nil
        }
        guard let answer, let value = answer.entry.peerMessage?["return"]?.written().text else { return }
        hear("{\"return\": \(value), \"id\": \(id)}", from: number, at: answer.entry.time)
    }

    private mutating func hear(_ text: String, from number: Int, at due: Instant) {
        events.append((due, .received(.secondMonitor(number), Bytes(text: "\(text)\r\n"), descriptors: [])))
    }
}

extension RecordedSide.Deeds {
    fileprivate mutating func take(_ entry: Entry) {
        switch (entry.place, entry.kind) {
        case (.plugin, .mark(let text, let epoch)):
            if !text.hasSuffix("closed by us") { marks.append("\(epoch ?? -1) \(text)") }
        case (.monitor, .sent(.message(let message, _))) where entry.plugin != nil:
            guard let command = try? JSONValue(parsing: message.joined) else { return }
            guard let name = (command["execute"] ?? command["exec-oob"])?.string, !name.isQuery else { return }
            let verb = command["execute"] == nil ? "out of band " : ""
            commands.append("\(verb)\(name) \(command["arguments"]?.written().text ?? "")")
        default: break
        }
    }
}

extension String {
    fileprivate var isQuery: Bool { hasPrefix("query-") || self == "qom-list" }
}

extension Entry.Kind {
    fileprivate var isOpened: Bool { if case .opened = self { true } else { false } }
}

extension Entry {
    /// What a client did; `nil` if it is nothing of a client's.
    fileprivate var clientEvent: ProxyEvent? {
        guard case .client(let number) = place else { return nil }
        return switch kind {
        case .opened: .accepted(Client(number: number, peer: .other("recorded"), listener: "unix:recorded"))
        case .received(.message(let message, _)): .received(.client(number), message.joined, descriptors: [])
        case .closed: .closed(.client(number), reason: "closed by peer")
        default: nil
        }
    }

    /// What the peer said.
    fileprivate var peerText: String {
        guard place == .secondMonitor("peer"), case .received(.message(let message, _)) = kind else { return "" }
        return message.joined.text
    }

    fileprivate var peerMessage: JSONValue? { try? JSONValue(parsing: Bytes(text: peerText)) }
}
