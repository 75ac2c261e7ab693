import QMP
import Recording
import Testing

/// Which recorded command answers one that is asked, and what is said when none does.
@Suite(.timeLimit(.minutes(15)))
struct PlayingMatchTests {
    private let devices = #"""
        0 greeting
        1 > 1 {"execute": "device_add", "arguments": {"id": "a", "driver": "x"}}
        1 < 1 {"return": 1}
        2 > 2 {"execute": "query-status"}
        2 < 2 {"return": 2}
        3 > 3 {"execute": "device_add", "arguments": {"id": "b", "driver": "x"}}
        3 < 3 {"return": 3}
        4 > 4 {"exec-oob": "query-yank"}
        4 < 4 {"return": 4}
        """#
    private let addA = #"{"execute": "device_add", "arguments": {"driver": "x", "id": "a"}}"#
    private let addB = #"{"execute": "device_add", "arguments": {"driver": "x", "id": "b"}}"#
    private let status = #"{"execute": "query-status", "arguments": {}}"#
    private let yank = #"{"exec-oob": "query-yank"}"#

    /// What comes when these are asked: what `return` holds, the error's text, what is told.
    private func answers(
        _ recording: String,
        _ commands: [String],
        _ change: (inout PlaybackSettings) throws -> Void
    ) throws -> [String] {
        var stage = try PlayingStage(recording) {
            $0.speed = .max
            try change(&$0)
        }
        stage.connect()
        _ = stage.said()
        for command in commands { stage.ask(command) }
        return stage.said().map { line in
            let text = line.dropFirst(4)
            guard text.first == "{", let reply = try? JSONValue(parsing: Bytes(text: String(text))) else {
                return String(text)
            }
            return reply["return"]?.written().text ?? reply["error"]?["desc"]?.string ?? "?"
        }
    }

    @Test
    func inOrderTakesTheNextOfThatName() throws {
        #expect(try answers(devices, [yank, status, addA, addB]) { _ in } == ["4", "2", "1", "3"])
        #expect(
            try answers(devices, [addB, addA]) { _ in } == [
                "3", "tell: device_add: r:3 stands before the one that was asked last",
                "The recording has no further device_add with these arguments",
            ]
        )
    }

    @Test
    func takesAnyIfToldTo() throws {
        #expect(try answers(devices, [addB, addA, status]) { $0.match = .any } == ["3", "1", "2"])
    }

    @Test
    func strictlyTakesTheNextButForWhatOvertakes() throws {
        #expect(try answers(devices, [addA, yank, status, addB]) { $0.match = .strict } == ["1", "4", "2", "3"])
        #expect(
            try answers(devices, [status, addB, addA, addA]) { $0.match = .strict } == [
                "tell: query-status is not next: device_add is, r:3",
                "The recording does not have query-status with these arguments next",
                #"tell: device_add with these arguments is not next: device_add is, r:3, where /arguments/id was "a""#
                    + #" and is "b""#,
                "The recording does not have device_add with these arguments next", "1",
                "tell: device_add is not next: query-status is, r:5",
                "The recording does not have device_add with these arguments next",
            ]
        )
    }

    @Test
    func answersAgainOnlyIfToldTo() throws {
        #expect(
            try answers(devices, [status, status]) { _ in } == [
                "2", "tell: query-status: all with these arguments are asked already, the last is r:5",
                "The recording has no further query-status with these arguments",
            ]
        )
        #expect(
            try answers(devices, [addA, addB, addA, status, status]) { $0.reuses = true } == ["1", "3", "1", "2", "2"]
        )
    }

    @Test
    func namesTheNearestAndWhereItDiffers() throws {
        let other = #"{"execute": "device_add", "arguments": {"driver": "x", "id": "c\u001b", "bus": [1]}}"#
        #expect(
            try answers(devices, [other, #"{"execute": "query-statsu"}"#, #"{"execute": "\n"}"#]) { _ in } == [
                #"tell: device_add with these arguments is not in the recording; nearest: r:3, where "#
                    + #"/arguments/id was "a" and is "c\u001B"; /arguments/bus was absent and is [1]"#,
                "The recording has no device_add with these arguments",
                "tell: query-statsu is not in the recording; nearest: query-status, r:5",
                "The command query-statsu has not been found", "tell:   is not in the recording",
                "The command \n has not been found",
            ]
        )
    }

    @Test
    func cutsWhatIsTooLongToBeRead() throws {
        let members = (1...9).map { "\"\($0)\": \"\(String(repeating: "x", count: 500))\"" }.joined(separator: ", ")
        let told = try answers(devices, [#"{"execute": "query-status", "arguments": {\#(members)}}"#]) { _ in }
        #expect(told[0].count < 700)
        #expect(told[0].hasSuffix("; and 4 more"))
    }

    @Test
    func leavesOutWhatIsIgnored() throws {
        let ignored = try JSONPointer(parsing: "/arguments/id")
        let other = #"{"execute": "device_add", "arguments": {"driver": "x"}}"#
        #expect(try answers(devices, [other, addA]) { $0.ignored = [ignored] } == ["1", "3"])
    }

    @Test
    func takesAnythingForWhatWasRedacted() throws {
        let recording = #"""
            0 greeting
            {"t": 1, "at": "monitor", "is": "sent", "command": 1, "message": {"execute": "object-add", "arguments": {"id": "s", "data": "[redacted]"}}, "redacted": ["/arguments/data"]}
            1 < 1 {"return": 1}
            """#
        let secret = #"{"execute": "object-add", "arguments": {"id": "s", "data": "pass"}}"#
        let other = #"{"execute": "object-add", "arguments": {"id": "t", "data": "pass"}}"#
        #expect(try answers(recording, [secret]) { _ in } == ["1"])
        #expect(
            try answers(recording, [other]) { _ in } == [
                #"tell: object-add with these arguments is not in the recording; nearest: r:3, where "#
                    + #"/arguments/id was "s" and is "t""#, "The recording has no object-add with these arguments",
            ]
        )
    }

    @Test
    func tellsNoSecret() throws {
        let recording = #"""
            0 greeting
            1 > 1 {"execute": "set_password", "arguments": {"protocol": "vnc"}}
            """#
        let secret = #"{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "hush"}}"#
        #expect(
            try answers(recording, [secret]) { _ in } == [
                "tell: set_password with these arguments is not in the recording; nearest: r:3, where "
                    + "/arguments/password is another, and secret",
                "The recording has no set_password with these arguments",
            ]
        )
    }

    @Test
    func tellsWhatIsUsedUpFromWhatIsAnother() throws {
        let secret = #"{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "hush"}}"#
        let recording = "0 greeting\n1 > 1 \(secret)\n1 < 1 {\"return\": {}}"
        #expect(
            try answers(recording, [secret, secret]) { _ in } == [
                "{}", "tell: set_password: all with these arguments are asked already, the last is r:3",
                "The recording has no further set_password with these arguments",
            ]
        )
    }

    @Test
    func letsOvertakeOnlyWhatMay() throws {
        let recording = "0 greeting\n1 > 1 \(status)\n1 < 1 {\"return\": 1}"
        #expect(
            try answers(recording, [#"{"exec-oob": "query-status"}"#, status]) { _ in } == [
                "The command query-status does not support OOB", "1",
            ]
        )
    }

    @Test
    func asksNothingOfWhatQEMUFoundWrong() throws {
        let recording = #"""
            0 greeting
            1 > 1 {"execute": "stop", "x": 1}
            1 < 1 {"error": {"class": "GenericError", "desc": "QMP input member 'x' is unexpected"}}
            """#
        #expect(
            try answers(recording, [#"{"execute": "stop", "x": 1}"#, #"{"execute": "stop"}"#]) { _ in } == [
                "QMP input member 'x' is unexpected", "tell: stop is not in the recording",
                "The command stop has not been found",
            ]
        )
    }

    @Test
    func playsOneClientsCommandsAlone() throws {
        let recording = #"""
            0 greeting
            1 client 1 > 1 {"execute": "stop"}
            1 > 1 {"execute": "stop"}
            1 client 2 > 2 {"execute": "stop"}
            1 > 2 {"execute": "stop"}
            1 < 1 {"return": 1}
            1 < 2 {"return": 2}
            """#
        let stop = #"{"execute": "stop"}"#
        #expect(try answers(recording, [stop, stop]) { _ in } == ["1", "2"])
        #expect(
            try answers(recording, [stop, stop]) { $0.client = 2 } == [
                "2", "tell: stop: all with these arguments are asked already, the last is r:6",
                "The recording has no further stop with these arguments",
            ]
        )
        #expect(throws: Unplayable("r:1: there is no client 3 in this recording")) {
            try PlayingStage(recording) { $0.client = 3 }
        }
    }
}
