import QMP
import Recording

/// Talks to a playback, and keeps what it does: a line each, with the time.
struct PlayingStage {
    static let greeting = greeting("7")

    static func greeting(_ major: String) -> String {
        #"{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": \#(major)}, "package": ""}, "#
            + #""capabilities": ["oob"]}}"#
    }

    private(set) var playback: MonitorPlayback
    private var now = Instant.zero
    private var lines: [String] = []

    /// A playback of a recording in the notation of ``recording(_:)``.
    init(_ text: String, _ change: (inout PlaybackSettings) throws -> Void = { _ in }) throws {
        var settings = PlaybackSettings()
        try change(&settings)
        playback = try MonitorPlayback(try Self.recording(text), settings: settings)
    }

    /// A recording, a line each: the seconds, and `greeting`, `> N MESSAGE` (sent to QEMU), `< N MESSAGE`
    /// (its reply), `< MESSAGE` (an event), `closed REASON`, `client C > N MESSAGE`, `client C < N MESSAGE`;
    /// or a line of a recording as it is.
    static func recording(_ text: String) throws -> PlayableRecording {
        var recording = PlayableRecording()
        var decoder = RecordingDecoder()
        let header =
            #"{"qmp-recording": 1, "started": "2026-11-21T03:06:29.120Z", "proxy": "0", "monitor": "vm0", "previous": null}"#
        let lines = text.split(separator: "\n").map(line)
        let isWhole = text.hasPrefix("{")
        decoder.append(Bytes(text: ((isWhole ? [] : [header]) + lines).map { $0 + "\n" }.joined()))
        while let item = try decoder.next() { recording.take(item, in: "r") }
        return recording
    }

    private static func line(_ line: Substring) -> String {
        guard line.first != "{" else { return String(line) }
        var words = line.split(separator: " ", maxSplits: 1)
        let time = words[0]
        var at = "monitor"
        if words[1].hasPrefix("client ") {
            words = words[1].split(separator: " ", maxSplits: 2)
            at = "client \(words[1])"
            words = ["", words[2]]
        }
        let start = #"{"t": \#(time), "at": "\#(at)", "is": "#
        let kind = words[1].split(separator: " ", maxSplits: 1)
        switch kind[0] {
        case "greeting": return start + #""received", "message": \#(kind.count > 1 ? String(kind[1]) : greeting)}"#
        case "closed": return start + #""closed", "reason": "\#(kind[1])"}"#
        default: break
        }
        let isSent = (kind[0] == ">") == (at == "monitor")
        let parts = kind[1].split(separator: " ", maxSplits: 1)
        let command = Int(parts[0]).map { #""command": \#($0), "# } ?? ""
        let rest = command.isEmpty ? kind[1] : parts[1]
        let message = rest.first == "{" ? "\"message\": \(rest)" : String(rest)
        return start + #""\#(isSent ? "sent" : "received")", \#(command)\#(message)}"#
    }

    /// Somebody connects and negotiates as the engine does, and its first client too.
    mutating func connect() {
        playback.connected(at: now)
        ask(#"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "ours"}"#)
        playback.begin(at: now, offset: .zero)
        run(until: now)
    }

    mutating func connectOnly() {
        playback.connected(at: now)
        run(until: now)
    }

    mutating func begin(offset: Duration) {
        playback.begin(at: now, offset: offset)
        run(until: now)
    }

    mutating func disconnect() {
        playback.disconnected(at: now)
        run(until: now)
    }

    mutating func ask(_ messages: String...) {
        playback.received(Bytes(text: messages.joined(separator: "\r\n")), at: now)
        run(until: now)
    }

    /// So many seconds pass.
    mutating func pass(_ seconds: Double) {
        let end = now + .microseconds(Int64(seconds * 1_000_000))
        run(until: end)
        now = end
    }

    private mutating func run(until end: Instant) {
        while let due = playback.nextDue, due <= end {
            now = max(now, due)
            let outputs = playback.takeOutputs(at: now)
            if outputs.isEmpty, playback.nextDue == due { return lines.append("nothing, though it was due") }
            lines += outputs.map { "\(now.seconds(since: .zero)) \(Self.text($0))" }
        }
    }

    private static func text(_ output: MonitorPlayback.Output) -> String {
        switch output {
        case .send(let bytes):
            bytes.suffix(2).elementsEqual([0x0D, 0x0A]) ? bytes.dropLast(2).text : "\(bytes.text) without an end"
        case .close: "close"
        case .quit: "quit"
        case .tell(let text): "tell: \(text)"
        }
    }

    /// What was done since this was last asked.
    mutating func said() -> [String] {
        defer { lines = [] }
        return lines
    }
}
