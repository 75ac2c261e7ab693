import Foundation
import Testing

/// A recording plays QEMU: what is asked, what is not recorded, when things come, and how it ends.
@Suite(.onWorkbench, .showingLogs)
struct MockTests {
    private static let eof = ""
    private let success = "{\"return\": {}}\r\n"

    private var small: RecordingScript {
        var script = RecordingScript()
        script.command(#""execute": "query-name""#, reply: #""return": {"name": "vm0"}"#, at: 2)
        script.command(
            #""execute": "device_add", "arguments": {"driver": "e1000", "id": "n0"}"#,
            reply: #""return": {}"#,
            at: 3
        )
        return script
    }

    @Test func saysWhereItListensWhenClientsMayConnect() throws {
        let path = Workbench.current.path("qmp")
        let recording = try small.write("a.qmprec")
        let mock = try MockQEMU([recording, "--listen", "unix:\(path)", "--listen", "tcp:127.0.0.1:0"])
        guard mock.addresses.count == 2, case .tcp(_, let port) = mock.addresses[1] else {
            throw Failure("\(mock.addresses)")
        }
        #expect(mock.addresses[0].path == path)
        #expect(port > 0)
        for address in 0..<2 { #expect(try mock.connect(to: address).readLine() == RecordingScript.greeting + "\r\n") }
        #expect(try mock.stop() == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func whatIsNotRecordedIsAnErrorAtOnceAndStandardErrorSaysWhatIsNearest() throws {
        let recording = try small.write("a.qmprec")
        let mock = try MockQEMU(recording)
        let client = try mock.client()
        #expect(
            try client.ask(#"{"execute": "no-such-command", "id": 1}"#)
                == #"{"id": 1, "error": {"class": "CommandNotFound", "#
                + "\"desc\": \"The command no-such-command has not been found\"}}\r\n"
        )
        let add = #"{"execute": "device_add", "arguments": {"driver": "e1000", "id": "n1"}, "id": 2}"#
        #expect(try client.ask(add).hasPrefix(#"{"id": 2, "error": {"class": "GenericError", "#))
        #expect(try client.ask(#"{"execute": "query-name"}"#) == "{\"return\": {\"name\": \"vm0\"}}\r\n")
        try mock.process.waitForErrors(containing: "/arguments/id")
        #expect(mock.told.contains { $0.contains("no-such-command") })
        // The line of the command's entry at the monitor.
        #expect(mock.told.contains { $0.contains("\(recording):12") && $0.contains("/arguments/id") })
        #expect(try mock.stop() == .exited(0))
    }

    /// A pipe takes 64 KiB that nobody reads, and each of these makes a line of 50 bytes.
    @Test func aStandardErrorThatNobodyReadsKeepsNobodyWaiting() throws {
        let bench = Workbench.current
        let pipe = bench.newPath("errors")
        guard mkfifo(pipe, 0o600) == 0 else { throw Failure("no pipe at \(pipe)") }
        let listen = ["--listen", "unix:\(bench.newPath("mock"))"]
        let mock = try MockQEMU([try small.write("a.qmprec")] + listen, errorsInto: pipe)
        let client = try mock.client()
        for number in 0..<2000 {
            #expect(try client.ask(#"{"execute": "none-\#(number)"}"#).contains("none-\(number) has not been found"))
        }
        #expect(try mock.stop() == .exited(0))
    }

    @Test func silenceKeepsOnlyItsAskersWaiting() throws {
        let mock = try MockQEMU(small.write("a.qmprec"), "--fault", "none: silence")
        for _ in 0..<300 { try mock.client().send(#"{"execute": "none"}"#) }
        #expect(try mock.client().ask(#"{"execute": "query-name"}"#) == "{\"return\": {\"name\": \"vm0\"}}\r\n")
        #expect(try mock.stop() == .exited(0))
    }

    @Test func twoMonitorsInADirectoryAreRefused() throws {
        let directory = Workbench.current.path("two")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for name in ["vm0", "vm1"] {
            let path = try small.write("\(name).qmprec")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing(#""monitor": "vm0""#, with: #""monitor": "\#(name)""#)
                .write(toFile: "\(directory)/\(name)-20261121T030629.120456Z.qmprec", atomically: true, encoding: .utf8)
        }
        let ran = try Proxy.run("mock", directory, "--listen", "unix:\(Workbench.current.newPath("mock"))")
        #expect(ran.ending == .exited(1))
        #expect(ran.errors.contains("has recordings of two monitors, \"vm0\" and, from "), "\(ran.errors)")
    }

    @Test func ignoredValuesAreNotComparedAndReusedRepliesComeAgain() throws {
        let mock = try MockQEMU(small.write("a.qmprec"), "--ignore", "/arguments/id", "--reuse")
        let client = try mock.client()
        for id in 1...3 {
            let add = #"{"execute": "device_add", "arguments": {"driver": "e1000", "id": "n\#(id)"}}"#
            #expect(try client.ask(add) == success)
        }
        #expect(try client.ask(#"{"execute": "device_add", "arguments": {"driver": "x"}}"#).contains("GenericError"))
    }

    @Test func strictTakesCommandsInTheRecordedOrderAlone() throws {
        let mock = try MockQEMU(small.write("a.qmprec"), "--match", "strict")
        let client = try mock.client()
        let add = #"{"execute": "device_add", "arguments": {"id": "n0", "driver": "e1000"}}"#
        #expect(try client.ask(add).contains("GenericError"))
        #expect(try client.ask(#"{"execute": "query-name"}"#) == "{\"return\": {\"name\": \"vm0\"}}\r\n")
        #expect(try client.ask(add) == success)
    }

    @Test func quitEndsTheMockAsItEndedQEMU() throws {
        let mock = try MockQEMU("\(RecordedSession.folder)/short-session.qmprec")
        let (client, other) = (try mock.client(), try mock.client())
        // Who is served has its place among those that get events.
        #expect(try other.ask(#"{"execute": "query-name", "id": 1}"#) == "{\"return\": {}, \"id\": 1}\r\n")
        try client.send(#"{"execute": "quit", "id": "bye"}"#)
        let lines = try client.readToEnd().split(separator: "\r\n")
        #expect(lines.last == #"{"return": {}, "id": "bye"}"#)
        #expect(lines.contains { $0.contains(#""event": "SHUTDOWN""#) })
        #expect(try other.readToEnd().contains(#""event": "SHUTDOWN""#))
        #expect(try mock.process.waitForEnd() == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: mock.addresses[0].path))
    }

    @Test func requireAllFailsUntilAllIsAskedFor() throws {
        let recording = try small.write("a.qmprec")
        let lacking = try MockQEMU(recording, "--require-all")
        #expect(try lacking.client().ask(#"{"execute": "query-name"}"#).contains("vm0"))
        #expect(try lacking.stop() == .exited(1))
        #expect(lacking.told.contains { $0.contains("device_add") })

        let whole = try MockQEMU(recording, "--require-all")
        let client = try whole.client()
        #expect(try client.ask(#"{"execute": "query-name"}"#).contains("vm0"))
        let add = #"{"execute": "device_add", "arguments": {"driver": "e1000", "id": "n0"}}"#
        #expect(try client.ask(add) == success)
        #expect(try whole.stop() == .exited(0))
    }

    @Test func everyClientGetsItsOwnIDsBackAndAllEvents() throws {
        var script = RecordingScript()
        script.command(#""execute": "stop""#, reply: #""return": {}"#, at: 2)
        for time in 3...4 {
            script.command(#""execute": "query-name""#, reply: #""return": {"name": "vm0"}"#, at: Double(time))
        }
        script.event("STOP", at: 5)
        let mock = try MockQEMU(script.write("a.qmprec"))
        let clients = try (0..<2).map { _ in try mock.client() }
        #expect(try clients[0].ask(#"{"execute": "stop"}"#) == success)
        let ids = [#"{"b": 1, "a": 0.5}"#, #""é""#]
        let echoes = [#"{"a": 0.5, "b": 1}"#, #""\u00E9""#]
        for (client, id) in zip(clients, ids) { try client.send(#"{"execute": "query-name", "id": \#(id)}"#) }
        for (client, id) in zip(clients, echoes) {
            #expect(try client.readLine() == "{\"return\": {\"name\": \"vm0\"}, \"id\": \(id)}\r\n")
            try client.readEvent("STOP")
        }
    }

    @Test func oneClientAtATimeIfToldSo() throws {
        let mock = try MockQEMU(small.write("a.qmprec"), "--max-clients", "1")
        let first = try mock.client()
        let second = try mock.connect()
        #expect(second.isSilent())
        first.halfClose()
        #expect(try first.readToEnd() == "")
        #expect(try second.negotiate() == RecordingScript.greeting + "\r\n")
    }

    @Test func eventsComeBehindWhatTheyCameBehind() throws {
        var script = RecordingScript()
        script.event("RESUME", at: 1.5)
        script.command(#""execute": "stop""#, reply: #""return": {}"#, at: 2, for: 0.25)
        script.event("STOP", at: 4)
        let mock = try MockQEMU(script.write("a.qmprec"), speed: "10")
        let client = try mock.client()
        #expect(try client.readLine() == RecordingScript.event("RESUME") + "\r\n")
        // STOP is due now, but was recorded behind the reply.
        #expect(client.isSilent(for: .milliseconds(400)))
        #expect(try client.ask(#"{"execute": "stop"}"#) == success)
        #expect(try client.readLine() == RecordingScript.event("STOP") + "\r\n")
    }

    @Test func faultsComeAsTheyAreToldTo() throws {
        var script = RecordingScript()
        for time in 2...5 {
            script.command(#""execute": "query-name""#, reply: #""return": {"name": "vm0"}"#, at: Double(time))
        }
        script.command(#""execute": "stop""#, reply: #""return": {}"#, at: 6)
        script.command(#""execute": "cont""#, reply: #""return": {}"#, at: 7)
        script.command(#""execute": "system_reset""#, reply: #""return": {}"#, at: 8)
        let (slow, fails) = ("query-* #2: delay 1s", "stop: error DeviceNotFound gone")
        let faults = [slow, fails, "cont: silence", "system_reset: drop"].flatMap { ["--fault", $0] }
        let socket = SocketAddress.unix(Workbench.current.path("qmp"))
        let mock = try MockQEMU(
            [try script.write("a.qmprec"), "--listen", "\(socket)", "--speed", "max"] + faults
        )
        let (client, silenced) = (try mock.client(), try mock.client())
        let ask = #"{"execute": "query-name"}"#
        #expect(try client.ask(ask).contains("vm0"))
        try client.send(ask)
        #expect(client.isSilent(for: .milliseconds(100)))
        #expect(try client.readLine().contains("vm0"))
        let error = #"{"error": {"class": "DeviceNotFound", "desc": "gone"}}"# + "\r\n"
        #expect(try client.ask(#"{"execute": "stop"}"#) == error)
        // Who waits for a command that is never answered waits alone.
        try silenced.send(#"{"execute": "cont"}"#)
        #expect(try client.ask(ask).contains("vm0"))
        #expect(silenced.isSilent())
        try client.send(#"{"execute": "system_reset"}"#)
        #expect(try client.readToEnd() == Self.eof)
        #expect(try silenced.readToEnd() == Self.eof)
        // QEMU itself goes on.
        #expect(try mock.client().ask(ask).contains("vm0"))
        #expect(try mock.stop() == .exited(0))
    }

    @Test func endsAtOnceThoughSomethingIsNotAnswered() throws {
        let mock = try MockQEMU(small.write("a.qmprec"), "--fault", "query-name: silence")
        let client = try mock.client()
        try client.send(#"{"execute": "query-name"}"#)
        // Its turn has come when another's has.
        #expect(try mock.client().ask(#"{"execute": "no-such-command"}"#).contains("CommandNotFound"))
        #expect(try mock.stop() == .exited(0))
        #expect(try client.readToEnd() == Self.eof)
        #expect(mock.told.contains("asked 1 of 2 recorded commands"))
    }

    @Test func descriptorsOfClientsAreTakenAndClosed() throws {
        var script = RecordingScript()
        script.command(#""execute": "getfd", "arguments": {"fdname": "d"}"#, reply: #""return": {}"#, at: 2)
        let mock = try MockQEMU(script.write("a.qmprec"))
        let pipe = try Descriptors.Pipe()
        let getfd = #"{"execute": "getfd", "arguments": {"fdname": "d"}}"#
        #expect(try mock.client().ask(getfd, descriptors: [pipe.writeEnd]) == success)
        pipe.closeWriteEnd()
        #expect(pipe.isClosed())
    }
}
