import Foundation
import Testing

/// `qmp-proxy replay`: what was recorded of one QEMU, played to another.
@Suite(.onWorkbench, .showingLogs)
struct ReplayTests {
    private static let machine = ["-M", "pc", "-accel", "tcg", "-S"]

    /// What two clients say to a QEMU, out of band, with events and a descriptor.
    private func recording(of arguments: [String]) throws -> String {
        let path = Workbench.current.newPath("vm0.qmprec")
        let qemu = try qemu(arguments)
        let proxy = try Proxy(qemu, monitor: 0, "--record", path)
        let (first, second) = (try proxy.client(outOfBand: true), try proxy.client())
        _ = try first.ask(#"{"execute": "query-name", "id": 1}"#)
        _ = try first.ask(#"{"exec-oob": "query-yank", "id": "o"}"#)
        try second.send(#"{"execute": "cont", "id": 1}"#)
        try second.readEvent("RESUME")
        try first.readEvent("RESUME")
        try first.send(#"{"execute": "stop", "id": 2}"#)
        try second.readEvent("STOP")
        let pipe = try Descriptors.Pipe()
        let getfd = #"{"execute": "getfd", "arguments": {"fdname": "d"}, "id": 2}"#
        _ = try second.ask(getfd, descriptors: [pipe.writeEnd])
        _ = try second.ask(#"{"execute": "closefd", "arguments": {"fdname": "d"}, "id": 3}"#)
        _ = try second.ask("{'execute': 'no-such-command'}")
        try second.send(#"{"execute": "query-pci", "id": 4} {"execute": "query-chardev", "id": 5}"#)
        _ = try second.readLines(through: #""id": 5"#)
        try first.send(#"{"execute": "query-iothreads", "id": 3}"#)
        _ = try first.readLines(through: #""id": 3"#)
        #expect(try proxy.stop() == .exited(0))
        try qemu.kill()
        return path
    }

    private func qemu(_ arguments: [String], machine: [String] = machine) throws -> QEMU {
        try QEMU([.unix(Workbench.current.newPath("qemu"))], machine + arguments)
    }

    private func replay(
        _ recording: String,
        to qemu: QEMU,
        _ options: String...
    ) throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let command = [try Proxy.binary(), "replay", recording, "--to", "\(qemu.address())"]
        // QEMU names its monitor's socket there, and each has another.
        let ignored = ["--ignore", "query-chardev /return/*/filename"]
        return try Workbench.current.run(command + ignored + options)
    }

    @Test func toTheSameKindOfQEMUAllIsEqual() throws {
        let recording = try recording(of: ["-name", "a"])
        let replayed = try replay(recording, to: qemu(["-name", "a"]), "--allow-effects")
        #expect(replayed.errors == "qmp-proxy: 1 descriptor is replaced by /dev/null\n")
        #expect(replayed.output.hasPrefix("12 commands: 12 equal, 0 different, in "))
        #expect(replayed.ending == .exited(0))
    }

    @Test func toAQEMUOfAnotherNameAndWithADeviceMoreThePathsAreNamed() throws {
        let recording = try recording(of: ["-name", "a"])
        let other = try qemu(["-name", "b", "-device", "virtio-rng-pci"])
        let replayed = try replay(recording, to: other, "--allow-effects", "--speed", "max")
        #expect(replayed.ending == .exited(1))
        let lines = replayed.output.split(separator: "\n").map(String.init)
        #expect(lines.contains(#"  /return/name   recorded "a"   live "b""#))
        let device = lines.first { $0.hasPrefix("  /return/0/devices/") }
        #expect(device?.contains("recorded nothing   live {") == true)
        #expect(lines.count { $0.hasPrefix(recording) } == 2)
        #expect(lines.last?.hasPrefix("12 commands: 10 equal, 2 different, in ") == true)
    }

    @Test func commandsWithEffectsAreRefusedUnlessAllowed() throws {
        let recording = try recording(of: [])
        let qemu = try qemu([])
        let refused = try replay(recording, to: qemu)
        #expect(refused.ending == .exited(1))
        #expect(refused.output == "")
        let lines = refused.errors.split(separator: "\n").map(String.init)
        let reason = "these commands may change something; if that QEMU may be changed, say --allow-effects:"
        #expect(lines.first == "qmp-proxy: \(reason)")
        let names = lines.dropFirst().map { $0.prefix { $0 != "," } }
        #expect(names == ["  cont", "  stop", "  getfd", "  closefd", "  no-such-command"])
        #expect(lines.dropFirst().allSatisfy { $0.contains(", once: \(recording):") })
        // Nobody was there.
        #expect(try qemu.connect().negotiate().contains("QMP"))
    }

    @Test func redactedCommandsAreRefusedWhateverIsAllowed() throws {
        let bench = Workbench.current
        let qemu = try qemu([])
        let path = bench.newPath("secret.qmprec")
        let proxy = try Proxy(qemu, monitor: 0, "--record", path)
        let password = #"{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "hunter2"}}"#
        _ = try proxy.client().ask(password)
        #expect(try proxy.stop() == .exited(0))
        let refused = try replay(path, to: qemu, "--allow-effects")
        #expect(refused.ending == .exited(1))
        let reason = "these commands cannot be replayed, since values in them were redacted:"
        #expect(refused.errors.hasPrefix("qmp-proxy: \(reason)\n  set_password, once: \(path):"))
    }

    @Test func aDryRunListsAndAsksNobody() throws {
        let recording = try recording(of: [])
        let listed = try Proxy.run("replay", recording, "--dry-run")
        #expect(listed.ending == .exited(0))
        #expect(listed.errors == "")
        let lines = listed.output.split(separator: "\n").map(String.init)
        #expect(lines.first?.hasSuffix("  client 1  connects") == true)
        #expect(lines.count { $0.contains("  client 2  ") } == 8)
        #expect(lines.contains { $0.contains("getfd") && $0.hasSuffix("(1 × /dev/null, has effects)") })
        #expect(lines.last == "12 commands of 2 clients, 5 of them with effects")
    }

    @Test func aQEMUThatDiesInTheMidstIsTold() throws {
        let recording = Workbench.current.newPath("quit.qmprec")
        let lines = [Self.header] + Self.question(1, at: 1, "quit") + Self.question(2, at: 2)
        try lines.map { $0 + "\n" }.joined().write(toFile: recording, atomically: false, encoding: .utf8)
        let replayed = try replay(recording, to: qemu([]), "--allow-effects")
        #expect(replayed.ending == .exited(1))
        let awaited = "before this was said: \(recording):5: query-name"
        #expect(replayed.errors.contains(awaited))
        #expect(replayed.output.hasPrefix("1 command: 1 equal, 0 different, 1 not compared, in "))
    }

    @Test func aCommandThatHidesAnotherIsNotSaidAndADamagedRecordingIsToldOf() throws {
        let path = Workbench.current.newPath("hides.qmprec")
        let hidden =
            #"{"t": 1, "at": "client 1", "is": "received", "command": 1, "text": "{'execute': 'query-name'} {'execute': 'quit'}"}"#
        let lines = [Self.header, hidden] + Self.question(1, at: 1).dropFirst()
        try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: false, encoding: .utf8)
        let qemu = try qemu([])
        let replayed = try replay(path, to: qemu)
        #expect(replayed.errors == "qmp-proxy: \(path):2: left out: QEMU would not take this for one message\n")
        #expect(try qemu.connect().negotiate().contains("QMP"))

        try "\(Self.header)\nonce upon\n".write(toFile: path, atomically: false, encoding: .utf8)
        let refused = try Proxy.run("replay", path, "--dry-run")
        let notes = refused.errors.split(separator: "\n")
        #expect(notes.count == 2)
        #expect(notes.first?.hasPrefix("qmp-proxy: \(path):2: left out: ") == true)
    }

    @Test func aCommandWhoseReplyIsNotRecordedIsCountedAsNotCompared() throws {
        let path = Workbench.current.newPath("lost.qmprec")
        let lines =
            [Self.header] + Self.question(1, at: 1, "query-fdsets").dropLast() + Self.question(2, at: 1, "query-name")
        try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: false, encoding: .utf8)
        let replayed = try replay(path, to: qemu([]))
        #expect(replayed.output.hasPrefix("1 command: 1 equal, 0 different, 1 not compared, in "))
        #expect(replayed.ending == .exited(0))
    }

    @Test func whoInterruptsItIsToldWhereItWas() throws {
        let recording = Workbench.current.newPath("slow.qmprec")
        let (first, second) = (Self.question(1, at: 1), Self.question(2, at: 3600))
        try ([Self.header] + first + second).map { $0 + "\n" }.joined()
            .write(toFile: recording, atomically: false, encoding: .utf8)
        let qemu = try qemu(["-name", "a"])
        let command = [try Proxy.binary(), "replay", recording, "--to", "\(qemu.address())"]
        let process = try Workbench.current.start(command, name: "replay")
        #expect(Deadline().waits { process.output.contains("query-name") })
        process.signal(SIGINT)
        #expect(try process.waitForEnd() == .exited(1))
        #expect(process.errors.contains("interrupted before \(recording):5 was played"))
        #expect(process.output.contains("1 command: 0 equal, 1 different, 1 not compared, in "))
    }

    private static let header =
        #"{"qmp-recording": 1, "started": "2026-11-21T03:06:29.120Z", "proxy": "0.1.0", "monitor": "vm0"}"#

    /// A command that QEMU answered with `{}`, and when.
    private static func question(_ number: Int, at time: Int, _ name: String = "query-name") -> [String] {
        let id = #""id": [\#(number)]"#
        return [
            #"{"t": \#(time), "at": "client 1", "is": "received", "command": \#(number), "message": {"execute": "\#(name)"}}"#,
            #"{"t": \#(time), "at": "monitor", "is": "sent", "command": \#(number), "message": {"execute": "\#(name)", \#(id)}}"#,
            #"{"t": \#(time), "at": "monitor", "is": "received", "command": \#(number), "message": {"return": {}, \#(id)}}"#,
        ]
    }

    @Test func aQEMUThatHangsIsGivenUp() throws {
        let recording = RecordedSession.folder + "/out-of-band.qmprec"
        let qemu = try qemu([], machine: [])
        qemu.freeze()
        let replayed = try replay(recording, to: qemu, "--allow-effects", "--timeout", "200ms")
        qemu.thaw()
        #expect(replayed.ending == .exited(1))
        #expect(replayed.errors.contains("\(qemu.address()) did not greet within 200ms"))
    }

    @Test func aQEMUThatIsNotThereIsTold() throws {
        let address = "unix:\(Workbench.current.path("nobody"))"
        let recording = RecordedSession.folder + "/out-of-band.qmprec"
        let replayed = try Proxy.run("replay", recording, "--to", address, "--allow-effects")
        #expect(replayed.ending == .exited(1))
        #expect(replayed.errors.contains("qmp-proxy: \(address) cannot be reached: "))
    }

    @Test(arguments: [
        ["replay"], ["replay", "x.qmprec"], ["replay", "x.qmprec", "--to", "nowhere"],
        ["replay", "x.qmprec", "--dry-run", "--speed", "0"], ["replay", "x.qmprec", "--dry-run", "--ignore", "return"],
    ])
    func wrongUsageIs64(arguments: [String]) throws {
        let ran = try Workbench.current.run([try Proxy.binary()] + arguments)
        #expect(ran.ending == .exited(64))
    }

    @Test(arguments: ["missing.qmprec", "empty.qmprec", "foreign.qmprec"])
    func whatIsNoRecordingIsRefused(name: String) throws {
        let path = Workbench.current.path(name)
        if name == "empty.qmprec" { try "".write(toFile: path, atomically: false, encoding: .utf8) }
        if name == "foreign.qmprec" { try "once upon\n".write(toFile: path, atomically: false, encoding: .utf8) }
        let ran = try Proxy.run("replay", path, "--dry-run")
        #expect(ran.ending == .exited(1))
        #expect(ran.errors.hasPrefix("qmp-proxy: ") && ran.errors.contains(path))
    }
}
