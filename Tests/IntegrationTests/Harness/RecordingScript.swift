import Foundation

/// A recording that a test writes by hand, as `serve` would have recorded it.
struct RecordingScript {
    static let greeting =
        #"{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}"#

    private(set) var lines: [String]
    private var number = 1

    /// One that begins with QEMU's greeting and a client that negotiates at 1 s.
    init(started: String = "2026-11-21T03:06:29.120Z", monitor: String = "vm0") {
        lines = [
            #"{"qmp-recording": 1, "started": "\#(started)", "proxy": "0.1.0", "monitor": "\#(monitor)", "previous": null}"#,
            #"{"t": 0.001, "at": "monitor", "is": "opened", "peer": "pid 2"}"#,
            #"{"t": 0.002, "at": "monitor", "is": "received", "message": \#(Self.greeting)}"#,
            #"{"t": 0.9, "at": "client 1", "is": "opened", "peer": "pid 3"}"#,
            #"{"t": 1, "at": "client 1", "is": "received", "command": 1, "message": {"execute": "qmp_capabilities"}}"#,
            #"{"t": 1, "at": "client 1", "is": "sent", "command": 1, "message": {"return": {}}}"#,
        ]
    }

    /// A command and its reply, each without its braces: `"execute": "stop"`, `"return": {}`; how long QEMU took.
    mutating func command(_ said: String, reply: String, at time: Double, for seconds: Double = 0.001) {
        number += 1
        let (asked, answered) = (time, time + seconds)
        lines += [
            #"{"t": \#(asked), "at": "client 1", "is": "received", "command": \#(number), "message": {\#(said)}}"#,
            #"{"t": \#(asked), "at": "monitor", "is": "sent", "command": \#(number), "message": {\#(said), "id": [\#(number)]}}"#,
            #"{"t": \#(answered), "at": "monitor", "is": "received", "command": \#(number), "message": {\#(reply), "id": [\#(number)]}}"#,
            #"{"t": \#(answered), "at": "client 1", "is": "sent", "command": \#(number), "message": {\#(reply)}}"#,
        ]
    }

    /// An event without data.
    mutating func event(_ name: String, at time: Double) {
        lines.append(#"{"t": \#(time), "at": "monitor", "is": "received", "message": \#(Self.event(name))}"#)
    }

    /// An event as it is recorded.
    static func event(_ name: String) -> String {
        #"{"timestamp": {"seconds": 1795264810, "microseconds": 431168}, "event": "\#(name)"}"#
    }

    /// QEMU ends.
    mutating func end(at time: Double) {
        lines.append(#"{"t": \#(time), "at": "monitor", "is": "closed", "reason": "closed by peer"}"#)
    }

    /// Any other line.
    mutating func line(_ line: String) {
        lines.append(line)
    }

    /// Writes it to a file on the bench and returns its path.
    func write(_ name: String) throws -> String {
        let path = Workbench.current.path(name)
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }
}
