import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct StatisticsTests {
    private func statistics(_ headers: [RecordingHeader], _ entries: [Entry]) -> Statistics {
        var conversation = Conversation()
        var statistics = Statistics()
        for header in headers {
            conversation.take(header)
            statistics.take(header, bytes: 100)
        }
        for entry in entries { statistics.take(entry, conversation.take(entry), bytes: 10) }
        return statistics
    }

    private static let session: [Entry] = {
        let stop = message(#"{"execute": "stop"}"#)
        let failure = message(#"{"error": {"class": "GenericError", "desc": "no"}}"#)
        let empty = message(#"{"return": {}}"#)
        var entries = [entry(1_000_000, .client(1), .opened(peer: "pid 1"))]
        for number in 1...4 {
            let asked = 2_000_000 + Int64(number) * 1000
            entries.append(entry(asked, .client(1), .received(stop), command: number))
            entries.append(entry(asked + 1, .monitor, .sent(stop), command: number))
            let reply = number == 4 ? failure : empty
            entries.append(entry(asked + 9, .monitor, .received(reply), command: number))
            entries.append(
                entry(asked + Int64(number) * 10, .client(1), .sent(.sameAsMonitor(id: nil)), command: number)
            )
        }
        var injected = entry(3_000_000, .monitor, .sent(message(#"{"execute": "cont"}"#)), command: 5)
        injected.plugin = "colo"
        entries += [
            injected, entry(3_000_100, .monitor, .received(empty), command: 5),
            entry(3_500_000, .monitor, .received(message(#"{"event": "STOP"}"#))),
            entry(3_600_000, .client(2), .received(stop), command: 6), entry(4_000_000, .proxy, .gap(entries: 7)),
            entry(4_000_001, .client(9), .sent(failure), command: 99),
        ]
        return entries
    }()

    @Test
    func countsWhatPluginsAskSecondMonitorsAmongTheCommands() {
        var injected = entry(1, .secondMonitor("peer"), .sent(message(#"{"execute": "cont"}"#)), command: 5)
        injected.plugin = "colo"
        let reply = entry(101, .secondMonitor("peer"), .received(message(#"{"return": {}}"#)), command: 5)
        #expect(
            statistics([Session.header], [injected, reply]).text[...].text == """
                2 entries, 120 bytes, 101 µs, 1 segment, 0 gaps

                COMMAND  COUNT  FAILED     P50     P90     P99     MAX
                cont         1       0  100 µs  100 µs  100 µs  100 µs

                """
        )
    }

    @Test
    func countsASession() {
        #expect(
            statistics([Session.header], Self.session).text[...].text == """
                23 entries, 330 bytes, 4.000 s, 1 segment, 1 gap with 7 entries lost

                COMMAND  COUNT  FAILED     P50     P90     P99     MAX
                stop         5       1   20 µs   40 µs   40 µs   40 µs
                cont         1       0  100 µs  100 µs  100 µs  100 µs

                EVENT  COUNT
                STOP       1

                ERROR         COUNT
                GenericError      2

                CLIENT    COMMANDS      FROM        TO
                1: pid 1         4  1.000000  2.004040
                2                1  3.600000  3.600000
                9                0  4.000001  4.000001

                """
        )
    }

    @Test
    func saysTheSameAsJSON() {
        #expect(
            statistics([Session.header], Self.session).json[...].text == #"""
                {"entries": 23, "bytes": 330, "segments": 1, "seconds": 4.000001, "gaps": 1, "entries-lost": 7, \#
                "commands": {"cont": {"count": 1, "failed": 0, \#
                "microseconds": {"p50": 100, "p90": 100, "p99": 100, "max": 100}}, \#
                "stop": {"count": 5, "failed": 1, "microseconds": {"p50": 20, "p90": 40, "p99": 40, "max": 40}}}, \#
                "events": {"STOP": 1}, "errors": {"GenericError": 2}, \#
                "clients": [{"client": 1, "peer": "pid 1", "commands": 4, "from": 1.000000, "to": 2.004040}, \#
                {"client": 2, "commands": 1, "from": 3.600000, "to": 3.600000}, \#
                {"client": 9, "commands": 0, "from": 4.000001, "to": 4.000001}]}

                """#
        )
    }

    @Test
    func sumsUpForACheck() {
        let statistics = statistics([Session.header], Self.session)
        #expect(statistics.summary == "23 entries in 1 segment, 3 clients, 1 gap")
        #expect(statistics.hasGaps)
        #expect(statistics.repliesWithoutCommand == 1)
    }

    /// A client's number means another client in the next recording.
    @Test
    func tellsTheClientsOfTwoRecordingsApart() {
        var later = Session.header
        later.started = "2027"
        later.clients = [RecordingHeader.Client(number: 1, peer: "pid 9")]
        var first = Session.header
        first.clients = [RecordingHeader.Client(number: 1, peer: "pid 1")]
        #expect(statistics([first, later], []).summary == "0 entries in 2 segments, 2 clients, 0 gaps")
        later.started = first.started
        later.begins = Instant(microseconds: 1)
        later.monitor = "vm1"
        #expect(statistics([first, later], []).summary == "0 entries in 2 segments, 2 clients, 0 gaps")
    }

    /// However many names come, memory stays bounded and nothing is left out.
    @Test
    func countsTogetherWhatIsTooMuch() {
        let entries = (0..<10_003).map { number in
            entry(0, .monitor, .received(message(#"{"event": "E\#(number)"}"#)))
        }
        let text = statistics([], entries + entries.suffix(1)).text[...].text
        #expect(text.hasSuffix("\n(others)      4\n"))
        #expect(text.split(separator: "\n").count == 10_003)
    }

    @Test
    func letsNoControlCharacterThrough() {
        let opened = entry(0, .client(1), .opened(peer: "\u{1B}[2J\n"))
        #expect(statistics([], [opened]).text[...].text.contains(#"1: \u{1b}[2J"#))
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
    func groupsThousands(number: Int, text: String) {
        #expect(number.grouped == text)
    }
}
