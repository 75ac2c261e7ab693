import QMP
import Recording

/// A replay by hand: a recording's lines become a plan, live entries come in, and what the clients do is text.
struct Replaying {
    let plan: ReplayPlan
    private var playback: ClientPlayback
    /// The clock; tests move it.
    var now = Instant.zero

    /// A replay of what stands in a file `r.qmprec` behind its header, which is line 1.
    init(
        _ lines: [String],
        patience: Duration = .seconds(60),
        ignoringEvents ignored: [String] = [],
        _ change: (inout PlaybackSettings) -> Void = { _ in }
    ) throws {
        var settings = PlaybackSettings()
        change(&settings)
        plan = try ReplayPlan(try PlayableRecording(lines), ignoringEvents: ignored.map { Glob($0) })
        playback = ClientPlayback(
            plan,
            comparison: ReplyComparison(),
            settings: settings,
            patience: patience,
            monitor: "unix:qemu",
            at: .zero
        )
    }

    /// What is done by that time, in milliseconds, a line each.
    mutating func at(_ milliseconds: Int64) -> [String] {
        now = Instant(microseconds: milliseconds * 1000)
        return playback.takeOutputs(at: now).map { output in
            switch output {
            case .open(let client): "\(client) connects"
            case .say(let client, let bytes, 0): "\(client) says \(bytes.text)"
            case .say(let client, let bytes, let count): "\(client) says \(bytes.text) with \(count) descriptors"
            case .close(let client): "\(client) leaves"
            case .equal: "equal"
            case .different(let difference): difference.text(isColoured: false)
            case .notCompared(let why): "not compared: \(why)"
            case .failed(let reason): "failed: \(reason)"
            case .done: "done"
            }
        }
    }

    /// When there is more to do, in milliseconds.
    var nextDue: Int64? { playback.nextDue.map { $0.microseconds / 1000 } }

    /// The engine records something now.
    mutating func records(_ place: Entry.Place, _ kind: Entry.Kind, command: Int? = nil) {
        playback.take(Entry(time: now, place: place, kind: kind, command: command))
    }

    /// The monitor greets.
    mutating func greets() {
        records(.monitor, .received(message(#"{"QMP": {}}"#, .monitor)))
    }

    /// The engine reads a client's command, and has a number for it.
    mutating func reads(_ client: Int, command: Int) {
        records(.client(client), .received(message("{}")), command: command)
    }

    /// The engine passes it on to the monitor.
    mutating func sends(command: Int) {
        records(.monitor, .sent(message("{}")), command: command)
    }

    /// The monitor replies.
    mutating func replies(_ text: String, to command: Int) {
        records(.monitor, .received(message(text, .monitor)), command: command)
    }

    /// The monitor tells an event.
    mutating func tells(_ event: String) {
        records(.monitor, .received(message(#"{"event": "\#(event)"}"#, .monitor)))
    }

    mutating func unreachable(_ reason: String) {
        playback.monitorUnreachable(reason)
    }

    mutating func interrupted() {
        playback.interrupted()
    }
}

extension PlayableRecording {
    /// What stands in a file `r.qmprec`, behind its header.
    init(_ lines: [String]) throws {
        self.init()
        var decoder = RecordingDecoder()
        var header: [UInt8] = []
        RecordingEncoder.append(Session.header, to: &header)
        decoder.append(header + Bytes(text: lines.joined(separator: "\n") + "\n"))
        while let item = try decoder.next() { take(item, in: "r.qmprec") }
        if let item = try decoder.finish() { take(item, in: "r.qmprec") }
    }
}

/// Lines of a recording, by their time in milliseconds.
enum Recorded {
    private static func line(_ time: Int, _ rest: String) -> String {
        #"{"t": \#(Double(time) / 1000), \#(rest)}"#
    }

    static func opened(_ time: Int, _ client: Int) -> String {
        line(time, #""at": "client \#(client)", "is": "opened", "peer": "pid 1""#)
    }

    static func closed(_ time: Int, _ client: Int) -> String {
        line(time, #""at": "client \#(client)", "is": "closed", "reason": "closed by peer""#)
    }

    static func says(_ time: Int, _ client: Int, _ command: Int, _ name: String, _ more: String = "") -> String {
        let start = #""at": "client \#(client)", "is": "received", "command": \#(command)"#
        return line(time, #"\#(start)\#(more), "message": {"execute": "\#(name)"}"#)
    }

    /// Bytes of a client's as they came in; none that need escapes but quotes.
    static func says(_ time: Int, _ client: Int, _ command: Int, text: String) -> String {
        let start = #""at": "client \#(client)", "is": "received", "command": \#(command)"#
        return line(time, #"\#(start), "text": "\#(text.replacing("\"", with: "\\\""))""#)
    }

    static func sent(_ time: Int, _ command: Int, _ name: String, _ more: String = "") -> String {
        let start = #""at": "monitor", "is": "sent", "command": \#(command)"#
        return line(time, #"\#(start)\#(more), "message": {"execute": "\#(name)", "id": [\#(command)]}"#)
    }

    static func replied(_ time: Int, _ command: Int, _ text: String = #"{"return": {}}"#) -> String {
        line(time, #""at": "monitor", "is": "received", "command": \#(command), "message": \#(text)"#)
    }

    /// A reply on its way to the client.
    static func got(_ time: Int, _ client: Int, _ command: Int, _ text: String = #"{"return": {}}"#) -> String {
        line(time, #""at": "client \#(client)", "is": "sent", "command": \#(command), "message": \#(text)"#)
    }

    static func event(_ time: Int, _ name: String) -> String {
        line(time, #""at": "monitor", "is": "received", "message": {"event": "\#(name)"}"#)
    }

    static func monitorClosed(_ time: Int) -> String {
        line(time, #""at": "monitor", "is": "closed", "reason": "closed by peer""#)
    }

    /// A client that connects and negotiates as its first command; four lines.
    static func begins(_ time: Int, _ client: Int, _ command: Int) -> [String] {
        [
            opened(time, client), says(time, client, command, "qmp_capabilities"), got(time, client, command),
            line(time, #""at": "proxy", "is": "mark", "text": "client \#(client) has begun""#),
        ]
    }

    /// A command from client to monitor; two lines.
    static func asks(_ time: Int, _ client: Int, _ command: Int, _ name: String) -> [String] {
        [says(time, client, command, name), sent(time, command, name)]
    }

    /// The same of bytes that a client said; QEMU heard `query-name`.
    static func asks(_ time: Int, _ client: Int, _ command: Int, text: String) -> [String] {
        [says(time, client, command, text: text), sent(time, command, "query-name")]
    }
}
