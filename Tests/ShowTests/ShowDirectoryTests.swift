import Glibc
import QMP
import Recording
import Testing

@testable import ProxyCommand

@Suite(.timeLimit(.minutes(15)))
struct ShowDirectoryTests {
    private let stage = Stage()
    private static let title = "vm0, recorded by qmp-proxy 0.1.0 from 2026-11-21T03:06:29.120Z"

    /// A command's reply in the next segment knows when it was asked.
    @Test
    func playsADirectoryAsOne() throws {
        let ask = Lines.message(1000, .client(1), isSent: false, 1, #"{"execute": "stop"}"#)
        let reply = Lines.message(3000, .client(1), isSent: true, 1, #"{"return": {}}"#)
        stage.append(Lines.header("vm0-0.qmprec", begins: 0.0001) + ask, to: "vm0-1.qmprec")
        stage.append(Lines.header("vm0-1.qmprec", begins: 0.002) + reply, to: "vm0-2.qmprec")
        stage.append("no recording", to: "notes.txt")
        let wanted = """
            \(Self.title), goes on from vm0-0.qmprec at 0.000100
                 0.001000  client 1 → proxy        #1  stop  {"execute": "stop"}
            \(Self.title), goes on from vm0-1.qmprec at 0.002000
                 0.003000  proxy → client 1        #1  stop returned in 2.000 ms  {"return": {}}

            """
        #expect(try stage.show("") == Shown(output: wanted))
        #expect(
            try stage.show("") { $0.form = .check }.output.hasSuffix(
                "2 entries in 2 segments, 1 client, 0 gaps: sound\n"
            )
        )
    }

    @Test
    func missesASegment() throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: "vm0-1.qmprec")
        stage.append(Lines.header("vm0-2.qmprec", begins: 1) + Lines.mark(2, "b"), to: "vm0-3.qmprec")
        let shown = try stage.show("") { $0.form = .check }
        #expect(shown.errors == "qmp-proxy: vm0-3.qmprec, line 1: it goes on from vm0-2.qmprec, which is not here\n")
        #expect(shown.output.hasSuffix(": 2 entries in 2 segments, 0 clients, 0 gaps: damaged (1 segment missing)\n"))
        #expect(!shown.isWell)
    }

    @Test
    func leavesForeignFilesOutOfADirectory() throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: "vm0-1.qmprec")
        stage.append("\u{7F}ELF", to: "vm0-2.qmprec")
        stage.append("", to: "vm0-3.qmprec")
        #expect(
            try stage.show("")
                == Shown(
                    output: "\(Self.title)\n" + Lines.shown("1.000000", "a"),
                    errors: """
                        qmp-proxy: vm0-2.qmprec: left out, it is no recording: it begins like something else
                        qmp-proxy: vm0-3.qmprec: left out, it is no recording: it is empty

                        """
                )
        )
    }

    /// While old segments are deleted, others are read on.
    @Test
    func leavesOutWhatIsGoneOrNoFile() throws {
        stage.append(Lines.header + Lines.mark(1, "a"), to: "vm0-2.qmprec")
        #expect(symlink("/nonexistent", stage.path("vm0-1.qmprec")) == 0)
        #expect(mkdir(stage.path("vm0-0.qmprec"), 0o700) == 0)
        defer { rmdir(stage.path("vm0-0.qmprec")) }
        let told = """
            qmp-proxy: vm0-0.qmprec: left out: it is a directory
            qmp-proxy: vm0-1.qmprec: left out: it is gone

            """
        let output = "\(Self.title)\n" + Lines.shown("1.000000", "a")
        #expect(try stage.show("") == Shown(output: output, errors: told))
    }

    /// Each monitor's segments one behind the other, the file that is recorded to as the last.
    @Test
    func playsSeveralRecordingsOneAfterTheOther() throws {
        let names = [
            "vm-20261121T030629.000001Z.qmprec", "vm-20261121T030629.000003Z.qmprec", "vm.qmprec",
            "vm-x-20261121T030629.000002Z.qmprec",
        ]
        for (number, name) in names.enumerated() { stage.append(Lines.mark(Double(number), name), to: name) }
        let shown = try stage.show("") { $0.filter = try EntryFilter("~mark") }
        let wanted = names.enumerated().map { Lines.shown("\($0.offset).000000", $0.element) }.joined()
        #expect(shown.output == wanted)
    }

    @Test
    func missesNoSegmentBetweenMonitors() throws {
        let header = Lines.header("vm1-0.qmprec", begins: 1).replacing("\"vm0\"", with: "\"vm1\"")
        stage.append(Lines.header + Lines.mark(1, "a"), to: "vm0-1.qmprec")
        stage.append(header + Lines.mark(2, "b"), to: "vm1-1.qmprec")
        #expect(try stage.show("") { $0.form = .check }.isWell)
    }
}
