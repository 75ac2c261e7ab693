import QMP
import Testing

@testable import Recording

@Suite(.timeLimit(.minutes(15)))
struct RecordingLineTests {
    private func entry(of text: String) throws(RecordingLine.Malformed) -> Entry {
        try RecordingLine(Bytes(text: text)).entry()
    }

    @Test(arguments: [
        ("{", "no JSON: a member's name is wanted at byte 1"),
        (#"{"t": 1, "at": "proxy", "is": "gap", "entries": 1"#, "no JSON: ',' is wanted at byte 49"),
        (#"{"t": 1, "at": "proxy", "is": "gap", "entries": 1}}"#, "no JSON: more behind the object at byte 50"),
        (#"{"at": "proxy", "is": "gap", "entries": 1}"#, "\"t\" is no time"),
        (#"{"t": "1", "at": "proxy", "is": "gap", "entries": 1}"#, "\"t\" is no time"),
        (#"{"t": 4e9, "at": "proxy", "is": "gap", "entries": 1}"#, "\"t\" is no time"),
        (#"{"t": 1, "is": "gap", "entries": 1}"#, "\"at\" is missing"),
        (#"{"t": 1, "at": 1, "is": "gap", "entries": 1}"#, "\"at\" is no string"),
        (#"{"t": 1, "at": "proxy", "entries": 1}"#, "\"is\" is missing"),
        (#"{"t": 1, "at": "proxy", "is": "gap"}"#, "\"entries\" is no number"),
        (#"{"t": 1, "at": "proxy", "is": "gap", "entries": -1}"#, "\"entries\" is no number"),
        (#"{"t": 1, "at": "proxy", "is": "gap", "entries": 99999999999999999999}"#, "\"entries\" is no number"),
        (#"{"t": 1, "at": "proxy", "is": "gap", "entries": 1, "command": {}}"#, "\"command\" is no number"),
        (#"{"t": 1, "at": "proxy", "is": "gap", "entries": 1, "fds": null}"#, "\"fds\" is no number"),
        (#"{"t": 1, "at": "proxy", "is": "mark", "text": "x", "epoch": "4"}"#, "\"epoch\" is no number"),
        (#"{"t": 1, "at": "client 1", "is": "opened"}"#, "\"peer\" is missing"),
        (#"{"t": 1, "at": "client 1", "is": "closed", "reason": []}"#, "\"reason\" is no string"),
        (#"{"t": 1, "at": "client 1", "is": "closed", "reason": "\uD800"}"#, "\"reason\" is no string"),
        (#"{"t": 1, "at": "client 1", "is": "sent"}"#, "neither \"message\" nor \"text\" nor \"base64\""),
        (#"{"t": 1, "at": "client 1", "is": "sent", "message": 1}"#, "\"message\" is no object"),
        (#"{"t": 1, "at": "client 1", "is": "sent", "message": {x}}"#, "no JSON: a member's name is wanted at byte 53"),
        (#"{"t": 1, "at": "client 1", "is": "sent", "text": 1}"#, "\"text\" is no string"),
        (#"{"t": 1, "at": "client 1", "is": "sent", "base64": "?"}"#, "\"base64\" is none"),
    ])
    func saysWhatIsWrong(line: String, wrong: String) {
        let error = #expect(throws: RecordingLine.Malformed.self) { try entry(of: line) }
        #expect(error?.text == wrong)
    }

    @Test
    func wantsUTF8() {
        let error = #expect(throws: RecordingLine.Malformed.self) { try RecordingLine([0x7B, 0xFF, 0x7D]) }
        #expect(error?.text == "not UTF-8")
    }

    @Test(arguments: [
        ("0", 0), ("9.5", 9_500_000), ("1.204117", 1_204_117), ("1e-6", 1), ("-1", -1_000_000),
        ("3999999999.000001", 3_999_999_999_000_001),
    ])
    func readsTimesOfAnyForm(text: String, microseconds: Int64) throws {
        let entry = try entry(of: "{\"t\": \(text), \"at\": \"proxy\", \"is\": \"gap\", \"entries\": 1}")
        #expect(entry == Entry(time: Instant(microseconds: microseconds), place: .proxy, kind: .gap(entries: 1)))
    }

    @Test(
        arguments: [
            ("monitor", .monitor), ("proxy", .proxy), ("client 1", .client(1)), ("client 01", .other("client 01")),
            ("client x", .other("client x")), ("client ", .other("client ")), ("monitor peer", .secondMonitor("peer")),
            ("client 99999999999999999999", .other("client 99999999999999999999")),
        ] as [(String, Entry.Place)]
    )
    func readsPlaces(name: String, place: Entry.Place) throws {
        let entry = try entry(of: "{\"t\": 0, \"at\": \"\(name)\", \"is\": \"gap\", \"entries\": 1}")
        #expect(entry == Entry(time: .zero, place: place, kind: .gap(entries: 1)))
    }

    /// The order of members is free, others may be among them, and of several the last one counts.
    @Test
    func readsMembersInAnyOrder() throws {
        let line = #" { "message" : {"a" : "}"} ,"x":[{"is":0}],"is":"gap","at":"client 3" ,"is":"sent" , "t":1.0 } "#
        let message = SplicedMessage(Bytes(text: #"{"a" : "}"}"#))
        let time = Instant(microseconds: 1_000_000)
        var wanted = Entry(time: time, place: .client(3), kind: .sent(.message(message, .json)))
        wanted.unknownMembers = Array(#""x":[{"is":0}]"#.utf8)
        #expect(try entry(of: line) == wanted)
    }

    /// Text is a message if it has a command's number, was sent, or is a whole one of the monitor's.
    @Test(arguments: [
        (#""at": "client 1", "is": "sent", "text": "{}""#, true),
        (#""at": "client 1", "is": "received", "command": 1, "text": "{}""#, true),
        (#""at": "client 1", "is": "received", "command": 1, "text": "{}", "error": "no""#, false),
        (#""at": "client 1", "is": "received", "text": "{}""#, false),
        (#""at": "monitor", "is": "received", "text": "{\"return\": [nan]}""#, true),
        (#""at": "monitor", "is": "received", "text": "{\"return\": {}""#, false),
        (#""at": "monitor", "is": "received", "text": "{}", "error": "no""#, false),
    ])
    func tellsMessagesFromOtherText(members: String, isMessage: Bool) throws {
        switch try entry(of: "{\"t\": 0, \(members)}").kind {
        case .received(.message(_, .dialect)), .sent(.message(_, .dialect)): #expect(isMessage)
        default: #expect(!isMessage)
        }
    }
}
