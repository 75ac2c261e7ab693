import Foundation

/// One failover as a recording tells it; times are the recording's, in seconds.
struct RecordedFailover {
    /// Which runbook was taken.
    var runbook = ""
    /// When it was seen that the pair is broken.
    var began: Double
    /// When it was decided that this side goes on.
    var decided: Double
    /// When the failover's first command was sent to QEMU.
    var firstSent: Double?
    /// When QEMU of the other side last said something, by what its proxy has told last before.
    var peerSpoke: Double?
    /// When this side was alone.
    var ended = 0.0
    /// When QEMU had something to answer, or was awaited to run the guest again.
    var waits: [ClosedRange<Double>] = []

    /// From the decision to the end.
    var carriedOut: Double { ended - decided }

    /// QEMU's own time in ``carriedOut``: what overlaps counts once: the plugin's regular questions go on meanwhile.
    var ofQEMU: Double {
        var (sum, covered) = (0.0, decided)
        for wait in waits.sorted(by: { $0.lowerBound < $1.lowerBound }) where wait.upperBound > covered {
            sum += wait.upperBound - max(wait.lowerBound, covered)
            covered = wait.upperBound
        }
        return sum
    }
}

/// Finds the failovers in a recording.
struct FailoverReader {
    private(set) var failovers: [RecordedFailover] = []
    private var current: RecordedFailover?
    /// The plugin's commands that QEMU has not answered, by number.
    private var unanswered: [Int: (name: String, sent: Double)] = [:]
    /// When x-colo-lost-heartbeat was answered, until the guest runs.
    private var released: Double?
    private var peerSpoke: Double?

    /// Takes all of a file's entries.
    ///
    /// Throws if it cannot be read; a line that is cut off, as the last one of a proxy that was killed, is passed over.
    mutating func read(path: String) throws {
        for line in try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n")) {
            guard let entry = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
                let time = entry["t"] as? Double, let what = entry["is"] as? String, let place = entry["at"] as? String
            else { continue }
            let message = entry["message"] as? [String: Any] ?? [:]
            let command = entry["plugin"] as? String == "colo" ? entry["command"] as? Int : nil
            switch (place, what) {
            case ("plugin colo", "mark"): mark(entry["text"] as? String ?? "", time)
            case ("monitor", "sent"): if let command { sent(message, command, time) }
            case ("monitor", "received"): received(message, command, time)
            case ("monitor peer", "received"): heardOfPeer(message, time)
            default: break
            }
        }
    }

    private mutating func mark(_ text: String, _ time: Double) {
        if text.contains(" -> deciding: ") {
            current = RecordedFailover(began: time, decided: time, peerSpoke: peerSpoke)
        } else if text.hasPrefix("deciding -> failing-over: ") {
            current?.decided = time
            current?.firstSent = nil
            (unanswered, released) = ([:], nil)
        } else if text.hasSuffix("-failover begins") {
            current?.runbook = String(text.prefix { $0 != " " })
        } else if text == "failing-over -> alone: the failover is done" {
            guard var failover = current else { return }
            failover.ended = time
            failovers.append(failover)
            current = nil
        } else if [" -> paired: ", " -> idle: ", " -> lost: ", " -> alone: "].contains(where: text.contains) {
            current = nil
        }
    }

    private mutating func sent(_ message: [String: Any], _ command: Int, _ time: Double) {
        let name = (message["execute"] ?? message["exec-oob"]) as? String ?? ""
        unanswered[command] = (name, time)
        if let current, current.firstSent == nil { self.current?.firstSent = time }
    }

    private mutating func received(_ message: [String: Any], _ command: Int?, _ time: Double) {
        if let command, let (name, sent) = unanswered.removeValue(forKey: command) {
            current?.waits.append(sent...max(sent, time))
            if name == "x-colo-lost-heartbeat" { released = time }
        } else if message["event"] as? String == "RESUME", let released {
            current?.waits.append(released...max(released, time))
            self.released = nil
        }
    }

    private mutating func heardOfPeer(_ message: [String: Any], _ time: Double) {
        guard let status = message["return"] as? [String: Any], let qemu = status["qemu"] as? [String: Any],
            let silence = qemu["silent-seconds"] as? Double
        else { return }
        peerSpoke = time - silence
    }
}
