import Glibc
import ProxyIO
import QMP
import Recording
import Synchronization
import Testing

/// What the tests of recordings record.
enum Session {
    static let header = RecordingHeader(started: "2026", proxy: "1", monitor: "vm0")
    static let headerLine = line(of: header)
    /// 2023-11-14T22:13:20Z.
    static let started: Int64 = 1_700_000_000_000_000

    static func opened(_ microseconds: Int64, _ peer: String = "p") -> Entry {
        Entry(time: Instant(microseconds: microseconds), place: .client(1), kind: .opened(peer: peer))
    }

    /// A reply that was sent to a client.
    static func said(_ microseconds: Int64, _ text: String) -> Entry {
        let message = SplicedMessage(Bytes(text: "{\"return\": \"\(text)\"}\r\n"))
        let kind = Entry.Kind.sent(.message(message, .plainMonitor))
        return Entry(time: Instant(microseconds: microseconds), place: .client(1), kind: kind)
    }

    static func gap(_ entries: Int, since microseconds: Int64) -> Entry {
        Entry(time: Instant(microseconds: microseconds), place: .proxy, kind: .gap(entries: entries))
    }

    static func line(of entry: Entry) -> String {
        var line: [UInt8] = []
        RecordingEncoder.append(entry, to: &line)
        return line[...].text
    }

    static func line(of header: RecordingHeader) -> String {
        var line: [UInt8] = []
        RecordingEncoder.append(header, to: &line)
        return line[...].text
    }

    static func lines(of entries: [Entry]) -> String {
        entries.map(line(of:)).joined()
    }

    /// A header that names the segment before.
    static func header(after previous: String?) -> RecordingHeader {
        var header = header
        header.previous = previous
        return header
    }
}

/// Lines for the log, as they came.
final class Reports: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ report: Recorder.Report) {
        let line: String
        switch report {
        case .trouble(let text), .settled(let text): line = text
        case .segment: return
        }
        lines.withLock { $0.append(line) }
    }
}

/// Waits until something is so, at most 20 s, and gives others the processor meanwhile.
func wait(_ what: Comment, until isSo: () -> Bool) {
    let end = ContinuousClock.now + .seconds(20)
    while !isSo() {
        guard ContinuousClock.now < end else {
            Issue.record("waited in vain: \(what)")
            return
        }
        sched_yield()
    }
}

extension Recorder {
    /// A turn of the event loop in which that happens; whether another segment is due.
    @discardableResult
    func append(_ entries: [Entry]) -> Bool {
        var recorded = RecordedLines(redacting: nil)
        for entry in entries { recorded.append(entry) }
        take(&recorded)
        defer { wakeUp() }
        return handOver().isSegmentDue
    }
}
