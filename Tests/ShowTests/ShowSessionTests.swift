import Glibc
import QMP
import Recording
import Testing

@testable import ProxyCommand

@Suite(.timeLimit(.minutes(15)))
struct ShowSessionTests {
    private let stage = Stage()
    private static let title = "vm0, recorded by qmp-proxy 0.1.0 from 2026-11-21T03:06:29.120Z"

    @Test
    func printsAFile() throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: "vm0.qmprec")
        #expect(try stage.show("vm0.qmprec") == Shown(output: "\(Self.title)\n" + Lines.shown("1.000000", "a")))
    }

    @Test
    func printsWhatAFilterWants() throws {
        stage.append(Lines.header + Lines.mark(1, "a") + Lines.mark(2, "b"), to: "vm0.qmprec")
        let shown = try stage.show("vm0.qmprec") { $0.filter = try EntryFilter("b") }
        #expect(shown == Shown(output: "\(Self.title)\n" + Lines.shown("2.000000", "b")))
    }

    /// What comes out as JSON is a recording again: the lines as they stand, but for those that are damaged.
    @Test
    func copiesWholeLinesAsTheyStand() throws {
        let edited = #"{"is":"mark", "at":"me" , "t":2,"text":"b","x":[1]}"# + "\n"
        let last = Lines.mark(3, "c")
        stage.append(
            Lines.header + Lines.mark(1, "a") + "{\"t\": 1,\n\u{0}\n# by hand\n" + edited + last,
            to: "vm0.qmprec"
        )
        stage.append(#"{"t": 4"#, to: "vm0.qmprec")
        let json = try stage.show("vm0.qmprec") { $0.form = .json }
        #expect(
            json
                == Shown(
                    output: Lines.header + Lines.mark(1, "a") + edited + last,
                    errors: """
                        qmp-proxy: vm0.qmprec, line 3: left out: no JSON: a member's name is wanted at byte 8
                        qmp-proxy: vm0.qmprec, line 4: left out: no JSON: '{' is wanted at byte 0
                        qmp-proxy: vm0.qmprec, line 8: the last line does not end and is left out

                        """
                )
        )
        stage.append(json.output, to: "again.qmprec")
        #expect(try stage.show("again.qmprec") { $0.form = .json } == Shown(output: json.output))
        let filtered = try stage.show("again.qmprec") {
            $0.form = .json
            $0.filter = try EntryFilter("~after 3")
        }
        #expect(filtered == Shown(output: Lines.header + last))
    }

    @Test(arguments: [
        ("\u{7F}ELF\u{0}", "it begins like something else"), ("", "it is empty"),
        (#"{"level": "info"}"# + "\n", "line 1: \"is\" is missing"), (#"{"level"#, "its first line does not end"),
    ])
    func refusesAFileThatIsNoRecording(text: String, why: String) throws {
        stage.append(text, to: "x.qmprec")
        #expect(try stage.show("x.qmprec") == Shown(errors: "x.qmprec is no recording: \(why)", isWell: false))
    }

    @Test
    func saysWhatItCannotOpen() throws {
        #expect(try stage.show("x") == Shown(errors: "cannot open x: No such file or directory", isWell: false))
        #expect(try stage.show("").errors.hasPrefix("no segment (*.qmprec) in "))
    }

    @Test
    func checksAFile() throws {
        let ask = Lines.message(1000, .client(1), isSent: false, 1, #"{"execute": "stop"}"#)
        let reply = Lines.message(2000, .client(1), isSent: true, 9, #"{"return": {}}"#)
        stage.append(Lines.header + ask + reply, to: "vm0.qmprec")
        let told = "1 reply without command, 1 command without reply"
        let sound = "vm0.qmprec: 2 entries in 1 segment, 1 client, 0 gaps: sound (\(told))\n"
        #expect(try stage.show("vm0.qmprec") { $0.form = .check } == Shown(output: sound))
        let gap = Lines.line(Entry(time: Instant(microseconds: 3000), place: .proxy, kind: .gap(entries: 2)))
        stage.append(gap + "{\n", to: "vm0.qmprec")
        #expect(
            try stage.show("vm0.qmprec") { $0.form = .check }
                == Shown(
                    output: "vm0.qmprec: 3 entries in 1 segment, 1 client, 1 gap: damaged (1 unreadable, \(told))\n",
                    errors: """
                        qmp-proxy: vm0.qmprec, line 5: left out: no JSON: a member's name is wanted at byte 1

                        """,
                    isWell: false
                )
        )
    }

    @Test
    func saysThatTheClockGoesBack() throws {
        stage.append(Lines.header + Lines.mark(2, "a") + Lines.mark(1.5, "b"), to: "vm0.qmprec")
        let shown = try stage.show("vm0.qmprec")
        #expect(shown.output == "\(Self.title)\n" + Lines.shown("2.000000", "a") + Lines.shown("1.500000", "b"))
        #expect(shown.errors == "qmp-proxy: vm0.qmprec, line 3: the clock goes back by 0.5 s\n")
    }

    @Test
    func countsWhatAFilterWants() throws {
        stage.append(Lines.header + Lines.mark(1, "a") + Lines.mark(3, "b"), to: "vm0.qmprec")
        let shown = try stage.show("vm0.qmprec") {
            $0.form = .statistics(isJSON: true)
            $0.filter = try EntryFilter("b")
        }
        #expect(shown.output.hasPrefix(#"{"entries": 1, "#))
    }

    /// A line of 1 GiB is told of and left out; it costs no more memory than the longest line that is read.
    @Test
    func survivesALineOfAGibibyte() throws {
        stage.append(Lines.header, to: "vm0.qmprec")
        truncate(stage.path("vm0.qmprec"), 1 << 30)
        stage.append("\n" + Lines.mark(1, "a"), to: "vm0.qmprec")
        let before = Self.residentMax
        let shown = try stage.show("vm0.qmprec")
        #expect(
            shown
                == Shown(
                    output: "\(Self.title)\n" + Lines.shown("1.000000", "a"),
                    errors: "qmp-proxy: vm0.qmprec, line 2: longer than 67174400 bytes, left out\n"
                )
        )
        #expect(Self.residentMax - before < 256 << 10)
    }

    /// The most memory that the process had so far, in KiB (getrusage(2)).
    private static var residentMax: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    @Test
    func endsQuietlyWhenNobodyReads() throws {
        signal(SIGPIPE, SIG_IGN)
        stage.append(Lines.header + String(repeating: Lines.mark(1, "a"), count: 10_000), to: "vm0.qmprec")
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let shown = try stage.show("vm0.qmprec") {
            close($0.output)
            $0.output = ends[1]
        }
        #expect(shown == Shown())
    }

    @Test(arguments: [ShowSession.Form.text, .json, .check, .statistics(isJSON: false)])
    func saysThatItCannotWrite(form: ShowSession.Form) throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: "vm0.qmprec")
        let shown = try stage.show("vm0.qmprec") {
            $0.form = form
            close($0.output)
            $0.output = open("/dev/full", O_WRONLY | O_CLOEXEC)
        }
        #expect(shown == Shown(errors: "cannot write: No space left on device", isWell: false))
    }

    @Test
    func leavesATornHeaderOut() throws {
        stage.append(#"{"qmp-rec"#, to: "vm0.qmprec")
        let told = "qmp-proxy: vm0.qmprec, line 1: the last line does not end and is left out\n"
        #expect(try stage.show("vm0.qmprec") == Shown(errors: told))
        let checked = try stage.show("vm0.qmprec") { $0.form = .check }
        let verdict = "vm0.qmprec: 0 entries in 0 segments, 0 clients, 0 gaps: damaged (1 unreadable)\n"
        #expect(checked == Shown(output: verdict, errors: told, isWell: false))
    }

    /// Without its header a recording is not whole, nor is one whose clock goes back.
    @Test(arguments: [
        (Lines.mark(1, "a"), "line 1: there is no header before it"),
        (Lines.header + Lines.mark(1, "a") + Lines.mark(0.5, "b"), "line 3: the clock goes back by 0.5 s"),
    ])
    func findsWhatIsOutOfOrder(text: String, told: String) throws {
        stage.append(text, to: "vm0.qmprec")
        let shown = try stage.show("vm0.qmprec") { $0.form = .check }
        #expect(shown.errors == "qmp-proxy: vm0.qmprec, \(told)\n")
        #expect(shown.output.hasSuffix("0 clients, 0 gaps: damaged (1 out of order)\n"))
        #expect(!shown.isWell)
    }

    /// Neither a file's name nor what a header says of another reaches a terminal as it stands.
    @Test
    func letsNoControlCharacterThrough() throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: "a\u{1B}[2J.qmprec")
        stage.append(Lines.header("\u{1B}]0;x", begins: 1) + Lines.mark(1, "b") + "{\n", to: "b\u{9B}.qmprec")
        let shown = try stage.show("") { $0.form = .check }
        #expect(
            shown.errors == #"""
                qmp-proxy: b\u{9b}.qmprec, line 1: it goes on from \u{1b}]0;x, which is not here
                qmp-proxy: b\u{9b}.qmprec, line 3: left out: no JSON: a member's name is wanted at byte 1

                """#
        )
        let named = try stage.show("a\u{1B}[2J.qmprec") { $0.form = .check }
        #expect(named.output == #"a\u{1b}[2J.qmprec: 1 entry in 1 segment, 0 clients, 0 gaps: sound"# + "\n")
    }
}
