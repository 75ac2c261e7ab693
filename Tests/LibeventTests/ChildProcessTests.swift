import Glibc
import Libevent
import Testing

/// Writes down what a program tells, and does what a test wants of it.
private final class ProgramWitness: ChildProcessDelegate {
    enum Happening: Equatable {
        case line(String)
        case complaint(String)
        case unsent(Int)
        case endedBecause(String)
        case ended(ChildProcess.Ending)
    }

    private(set) var happenings: [Happening] = []
    var reaction: (Happening, ChildProcess) -> Void = { _, _ in }

    var hasEnded: Bool {
        if case .ended = happenings.last { true } else { false }
    }

    var lines: [String] {
        happenings.compactMap { if case .line(let line) = $0 { line } else { nil } }
    }

    /// What came, without the reports of unsent bytes.
    var said: [Happening] {
        happenings.filter { if case .unsent = $0 { false } else { true } }
    }

    private func note(_ happening: Happening, _ program: ChildProcess) {
        happenings.append(happening)
        reaction(happening, program)
    }

    func childProcess(_ program: ChildProcess, wrote line: ArraySlice<UInt8>) {
        note(.line(String(decoding: line, as: UTF8.self)), program)
    }

    func childProcess(_ program: ChildProcess, complained line: ArraySlice<UInt8>) {
        note(.complaint(String(decoding: line, as: UTF8.self)), program)
    }

    func childProcess(_ program: ChildProcess, unsent bytes: Int) {
        note(.unsent(bytes), program)
    }

    func childProcess(_ program: ChildProcess, isEndedBecause reason: String) {
        note(.endedBecause(reason), program)
    }

    func childProcess(_ program: ChildProcess, ended ending: ChildProcess.Ending) {
        note(.ended(ending), program)
    }
}

@Suite(.timeLimit(.minutes(15)))
struct ChildProcessTests {
    private let stage: Stage
    private let witness = ProgramWitness()
    /// For programs that never do what is waited for.
    private let impatient: ChildProcess.Patience
    /// For programs that do it by themselves, however slow the machine is.
    private let patient: ChildProcess.Patience

    init() throws {
        // As the proxy has it.
        signal(SIGPIPE, SIG_IGN)
        stage = try Stage()
        var patience = ChildProcess.Patience()
        patience.beforeTermination = .milliseconds(50)
        patience.beforeKilling = .milliseconds(50)
        patience.afterwards = .milliseconds(50)
        impatient = patience
        patience.beforeTermination = .seconds(60)
        patience.beforeKilling = .seconds(60)
        patience.afterwards = .seconds(60)
        patient = patience
    }

    private func start(_ arguments: [String], _ patience: ChildProcess.Patience? = nil) throws -> ChildProcess {
        try ChildProcess(
            arguments,
            tag: 7,
            patience: patience ?? patient,
            loop: stage.loop,
            delegate: witness
        )
    }

    private func start(script: String, _ patience: ChildProcess.Patience? = nil) throws -> ChildProcess {
        try start(["sh", "-c", script], patience)
    }

    /// What a script says until it ends by itself.
    private func said(by script: String) throws -> [ProgramWitness.Happening] {
        let program = try start(script: script)
        stage.run { witness.hasEnded }
        withExtendedLifetime(program) {}
        return witness.said
    }

    // MARK: - Lines

    @Test func speaksInLinesBothWays() throws {
        let program = try start(["cat"])
        program.write("one\ntwo\n")
        stage.run { witness.lines.count == 2 }
        program.write("three\n")
        stage.run { witness.lines.count == 3 }
        program.stop()
        stage.run { witness.hasEnded }
        #expect(witness.said == [.line("one"), .line("two"), .line("three"), .ended(.exited(status: 0))])
        #expect(program.tag == 7)
    }

    @Test func takesLinesHoweverTheyEnd() throws {
        let said = try said(by: "printf 'a\\r\\n\\nb\\rc\\nlast\\r'")
        #expect(said == [.line("a"), .line(""), .line("b\rc"), .line("last\r"), .ended(.exited(status: 0))])
    }

    @Test func tellsComplaintsApart() throws {
        let said = try said(by: "echo wrong >&2; echo right")
        // Two pipes: which is read first is open.
        let ended = ProgramWitness.Happening.ended(.exited(status: 0))
        let orders = [[.complaint("wrong"), .line("right"), ended], [.line("right"), .complaint("wrong"), ended]]
        #expect(orders.contains(said))
    }

    @Test func cutsALongComplaintAndGoesOn() throws {
        let said = try said(by: "head -c 20000 /dev/zero | tr '\\0' x >&2; echo >&2; echo next >&2")
        let cut = String(repeating: "x", count: ChildProcess.complaintBytesMax)
        #expect(said == [.complaint(cut), .complaint("next"), .ended(.exited(status: 0))])
    }

    @Test func aLineMayHaveAMebibyteAndNoMore() throws {
        let size = ChildProcess.lineBytesMax
        let script = "head -c \(size) /dev/zero | tr '\\0' x; printf '\\r\\n'"
        let said = try said(by: "\(script); head -c \(size + 1) /dev/zero; exec cat")
        #expect(said.first == .line(String(repeating: "x", count: size)))
        #expect(
            said.dropFirst() == [
                .endedBecause("a line of its standard output is longer than 1048576 bytes"),
                .ended(.exited(status: 0)),
            ]
        )
    }

    @Test func manyLinesOfOneTurnArriveWhole() throws {
        let program = try start(["cat"])
        let lines = (0..<50_000).map { "line \($0) \(String(repeating: "x", count: $0 % 50))" }
        for line in lines { program.write(line + "\n") }
        stage.run { witness.lines.count == lines.count }
        #expect(witness.lines == lines)
        program.stop()
        stage.run { witness.hasEnded }
        #expect(witness.happenings.last == .ended(.exited(status: 0)))
    }

    /// What was written before is read before the end.
    @Test func isGivenAllBeforeItsInputIsClosed() throws {
        let program = try start(["wc", "-c"])
        program.write(String(repeating: "x", count: 300_000))
        program.stop()
        program.write("too late")
        stage.run { witness.hasEnded }
        #expect(witness.said == [.line("300000"), .ended(.exited(status: 0))])
    }

    // MARK: - A program that does not read

    @Test func tellsWhatAProgramDoesNotRead() throws {
        let program = try start(["sleep", "1000"])
        program.write(String(repeating: "x", count: 1 << 20))
        stage.run { !witness.happenings.isEmpty }
        guard case .unsent(let first) = witness.happenings.first else { return }
        #expect(first > 0 && first < 1 << 20)
        // As much as it knows by itself is not told.
        program.write("yz")
        stage.turn()
        #expect(witness.happenings == [.unsent(first)])
        program.kill()
        stage.run { witness.hasEnded }
        #expect(witness.happenings.last == .ended(.killed(signal: SIGKILL)))
    }

    @Test func tellsWhenAllIsSent() throws {
        let program = try start(["cat"])
        for text in ["one\n", "two\n"] {
            program.write(text)
            stage.turn()
        }
        #expect(witness.happenings.filter { $0 == .unsent(0) }.count == 2)
        program.kill()
        stage.run { witness.hasEnded }
    }

    @Test func aProgramThatClosesItsInputIsEnded() throws {
        let program = try start(script: "exec <&-; echo closed; while :; do sleep 1000; done")
        stage.run { witness.lines == ["closed"] }
        for text in [String(repeating: "x", count: 1 << 20), "more"] {
            program.write(text)
            stage.turn()
        }
        let reason = "it has closed its standard input"
        #expect(witness.happenings == [.line("closed"), .endedBecause(reason), .unsent(0), .unsent(0)])
        program.kill()
        stage.run { witness.hasEnded }
    }

    // MARK: - The end

    @Test func tellsHowItEnded() throws {
        #expect(try said(by: "exit 3") == [.ended(.exited(status: 3))])
    }

    @Test func tellsWhichSignalEndedIt() throws {
        #expect(try said(by: "kill -USR1 $$") == [.ended(.killed(signal: SIGUSR1))])
    }

    @Test(arguments: [
        (["/nonexistent/program"], "posix_spawn /nonexistent/program: No such file or directory"),
        (["no-such-program-anywhere"], "posix_spawn no-such-program-anywhere: No such file or directory"),
        (["/"], "posix_spawn /: Permission denied"),
        (["cat", "a\0b"], "posix_spawn cat: Invalid argument"), ([], "posix_spawn: Invalid argument"),
    ])
    func saysWhyAProgramCannotBeStarted(arguments: [String], reason: String) throws {
        let failure = try #require(throws: SystemError.self) { try start(arguments) }
        #expect(failure.description == reason)
        stage.turn()
        #expect(witness.happenings == [])
    }

    /// What it has started holds its output open, and is ended with it.
    @Test func doesNotWaitForWhatItHasStarted() throws {
        let program = try start(script: "sleep 1000 & echo $!", impatient)
        stage.run { witness.hasEnded }
        #expect(witness.said.last == .ended(.exited(status: 0)))
        let grandchild = try #require(witness.lines.first.flatMap { pid_t($0) })
        waitForEnd(of: grandchild)
        withExtendedLifetime(program) {}
    }

    @Test func whatComesAfterItsEndIsToldFirst() throws {
        let said = try said(by: "(read -r _ < /dev/null; echo late) & exit 1")
        #expect(said == [.line("late"), .ended(.exited(status: 1))])
    }

    @Test func asksFirst() throws {
        var patience = patient
        patience.beforeTermination = .milliseconds(50)
        let script = "exec 2>/dev/null; trap 'echo asked; exit 4' TERM; echo ready; sleep 1000 & wait"
        let program = try start(script: script, patience)
        stage.run { witness.lines == ["ready"] }
        program.stop()
        stage.run { witness.hasEnded }
        #expect(witness.said == [.line("ready"), .line("asked"), .ended(.exited(status: 4))])
    }

    @Test func killsInTheEnd() throws {
        let program = try start(script: "trap '' TERM; echo ready; while :; do sleep 1000; done", impatient)
        stage.run { witness.lines == ["ready"] }
        program.stop()
        stage.run { witness.hasEnded }
        #expect(witness.said == [.line("ready"), .ended(.killed(signal: SIGKILL))])
    }

    @Test func aProgramThatIsGivenUpIsKilled() throws {
        var program: ChildProcess? = try start(["sleep", "1000"])
        let id = try #require(program?.id)
        program = nil
        waitForEnd(of: id)
        #expect(program == nil && witness.happenings == [])
    }

    @Test func mayBeGivenUpInItsOwnLine() throws {
        var program: ChildProcess? = try start(script: "echo one; echo two; exec cat")
        witness.reaction = { _, _ in program = nil }
        stage.run { !witness.happenings.isEmpty }
        stage.turn()
        #expect(witness.happenings.first == .line("one") && program == nil && !witness.hasEnded)
    }

    // MARK: - What it inherits

    @Test func hasItsOwnDescriptorsOnly() throws {
        // One that is not close-on-exec, as a library may open it.
        let leak = DescriptorHandle(owning: dup(0))
        // The fourth is the directory itself.
        #expect(try said(by: "ls /proc/self/fd | wc -l") == [.line("4"), .ended(.exited(status: 0))])
        withExtendedLifetime(leak) {}
    }

    @Test func hasSignalsAsTheyAreByDefaultAndAGroupOfItsOwn() throws {
        // Signals up to 28: those from 32 on are the C library's own.
        let masks = "grep -E 'Sig(Blk|Ign)' /proc/self/status | sed -E 's/:.*(.{7})$/ \\1/'"
        let said = try said(by: "\(masks); [ $(ps -o pgid= $$) = $$ ]")
        #expect(said == [.line("SigBlk 0000000"), .line("SigIgn 0000000"), .ended(.exited(status: 0))])
    }

    /// Looks every 5 ms: nothing tells of processes that are not ours any more.
    private func waitForEnd(of process: pid_t) {
        let alarm = Timer(loop: stage.loop) {}
        stage.run {
            if !alarm.isSet { alarm.set(after: .milliseconds(5)) }
            return isGone(process)
        }
    }

    /// Whether a process has ended, be it reaped or not (proc(5), `/proc/PID/stat`).
    private func isGone(_ process: pid_t) -> Bool {
        var line = [CChar](repeating: 0, count: 256)
        let file = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return true }
        defer { close(file) }
        let count = read(file, &line, line.count - 1)
        let text = String(decoding: line.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty || text.contains(") Z ")
    }
}

extension ChildProcess {
    fileprivate func write(_ text: String) {
        write(Array(text.utf8)[...])
    }
}
