import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct RecordingEncoderTests {
    @Test
    func writesEveryKindAsItIsDocumented() {
        var lines: [UInt8] = []
        RecordingEncoder.append(Session.header, to: &lines)
        for entry in Session.entries { RecordingEncoder.append(entry, to: &lines) }
        #expect(lines[...].text == Session.lines)
    }

    @Test
    func writesTheRecordingBefore() {
        var line: [UInt8] = []
        let header = RecordingHeader(started: "", proxy: "1", monitor: "vm \"0\"", previous: "a.qmprec")
        RecordingEncoder.append(header, to: &line)
        #expect(
            line[...].text == #"""
                {"qmp-recording": 1, "started": "", "proxy": "1", "monitor": "vm \"0\"", "previous": "a.qmprec"}

                """#
        )
    }

    @Test(arguments: [
        (0, "0.000000"), (1, "0.000001"), (999_999, "0.999999"), (1_000_000, "1.000000"), (-1, "-0.000001"),
        (Int64.max, "9223372036854.775807"), (.min, "-9223372036854.775808"),
    ])
    func writesTimesWithSixDecimals(microseconds: Int64, text: String) {
        let written = line(entry(microseconds, .proxy, .gap(entries: 1)))
        #expect(written == "{\"t\": \(text), \"at\": \"proxy\", \"is\": \"gap\", \"entries\": 1}\n")
    }

    @Test(arguments: [
        // JSON on one line.
        (#"{"return": {}}"#, true), (#"{"return": [true, false, null], "a": -1.5e-7}"#, true),
        (#"{"a": "inf"}"#, true), (#"{"a": "\n, nan}"}"#, true), (#"{"a": "in, of] an}"}"#, true),
        (#"{"a": "é"}"#, true), ("{\"a\":\t1}", true), (#"{"a": "\u00e9\"\\"}"#, true), (#"{"infn": 1}"#, true),
        // Not: bare words, several lines, not even JSON.
        (#"{"return": inf}"#, false), (#"{"return": -nan}"#, false), (#"{"a": [nan, 1]}"#, false),
        (#"{"a": [1, inf]}"#, false), ("{\r\n    \"return\": {\r\n    }\r\n}", false), ("{\"a\": \"\u{1}\"}", false),
        (#"{"a": "é", 'b': 1}"#, false),
    ])
    func embedsAMonitorsMessageOnlyIfItIsJSON(text: String, isEmbedded: Bool) {
        let start = #"{"t": 0.000000, "at": "monitor", "is": "received", "#
        var string = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": string += "\\\(scalar)"
            case "\r": string += "\\r"
            case "\n": string += "\\n"
            case "\u{1}": string += "\\u0001"
            default: string.unicodeScalars.append(scalar)
            }
        }
        let wanted = start + (isEmbedded ? "\"message\": \(text)}\n" : "\"text\": \"\(string)\"}\n")
        for end in ["", "\n", "\r\n"] {
            #expect(line(entry(0, .monitor, .received(message(text + end, .monitor)))) == wanted)
        }
    }

    @Test
    func embedsASplicedMessage() {
        let bytes = Bytes(text: "{\"return\": {}, \"id\": [1, 7]}\r\n")
        let id = SplicedMessage(bytes, cut: 21..<27, insert: Bytes(text: "7"), addsLineEnd: false)
        let end = SplicedMessage(bytes.dropLast(2), cut: 21..<27, insert: [], addsLineEnd: true)
        let start = #"{"t": 0.000000, "at": "client 2", "is": "sent", "message": {"return": {}, "id": "#
        #expect(line(entry(0, .client(2), .sent(.message(id, .monitor)))) == start + "7}}\n")
        #expect(line(entry(0, .client(2), .sent(.message(end, .json)))) == start + "}}\n")
    }

    /// With the id cut out, `inf` stands before the closing brace though not in either part.
    @Test
    func findsABareWordAtACut() {
        let bytes = Bytes(text: #"{"return": inf, "id": [1]}"#)
        let message = SplicedMessage(bytes, cut: 14..<25, insert: [])
        let wanted = #"{"t": 0.000000, "at": "client 2", "is": "sent", "text": "{\"return\": inf}"}"#
        #expect(line(entry(0, .client(2), .sent(.message(message, .monitor)))) == wanted + "\n")
    }

    @Test(
        arguments: [
            // C0 80 is U+0000 to QEMU and no UTF-8; so is a surrogate; half a character.
            ([0x7B, 0xC0, 0x80, 0x7D], "e8CAfQ=="), ([0xED, 0xA0, 0x80], "7aCA"), ([0xC3], "ww=="),
            ([0xF8, 0x88, 0x80, 0x80, 0x80], "+IiAgIA="),
        ] as [([UInt8], String)]
    )
    func keepsWhatIsNoUTF8AsBase64(bytes: [UInt8], base64: String) {
        let start = #"{"t": 0.000000, "at": "client 1", "is": "received", "#
        let invalid = entry(0, .client(1), .received(.invalid(bytes[...], error: "no")))
        #expect(line(invalid) == start + "\"base64\": \"\(base64)\", \"error\": \"no\"}\n")
        let dialect = entry(0, .client(1), .received(.message(SplicedMessage(bytes[...]), .dialect)), command: 1)
        #expect(line(dialect) == start + "\"command\": 1, \"base64\": \"\(base64)\"}\n")
    }

    @Test
    func writesNoncharactersAndNullAsText() {
        let invalid = entry(0, .client(1), .received(.invalid(Bytes(text: "\u{0}\u{FFFE}\u{7F}"), error: nil)))
        let wanted = #"{"t": 0.000000, "at": "client 1", "is": "received", "text": "\u0000"#
        #expect(line(invalid) == wanted + "\u{FFFE}\u{7F}\"}\n")
    }

    /// The quick way writes the same line, or leaves it to the other.
    @Test(
        arguments: [
            (Entry.Place.monitor, true), (.client(1), true), (.client(987_654_321_012), true), (.client(0), false),
            (.proxy, false), (.plugin("x"), false), (.secondMonitor("peer"), false),
        ],
        [(Entry.Form.json, true), (.plainMonitor, true), (.monitor, true), (.dialect, false)]
    )
    func writesTheSameTheQuickWay(place: (Entry.Place, isUsual: Bool), form: (Entry.Form, isUsual: Bool)) {
        let bytes = Bytes(text: "{\"a\": 1, \"b\": 2}\r\n")
        let message = SplicedMessage(bytes, cut: 1..<7, insert: Bytes(text: "\"id\": 7"))
        let times: [Int64] = [0, 5, 999_999, 1_000_000, .max, -1, .min]
        let commands: [Int?] = [nil, 1, 0, 9, 10, 99, 100, 12_345, .max]
        for (time, command) in times.flatMap({ time in commands.map { (time, $0) } }) {
            for kind in [Entry.Kind.received(.message(message, form.0)), .sent(.message(message, form.0))] {
                let entry = entry(time, place.0, kind, command: command, descriptors: command == 1 ? 16 : 0)
                let written = quickly(entry)
                #expect((written != nil) == (place.isUsual && form.isUsual && command != 0))
                if let written { #expect(written == line(entry)) }
            }
        }
    }

    @Test func whatIsNotUsualIsNotWrittenTheQuickWay() {
        let said = Entry.Kind.received(.message(SplicedMessage(Bytes(text: "{}")), .json))
        let usual = entry(0, .monitor, said)
        #expect(quickly(usual) != nil)
        #expect(quickly(with(usual) { $0.plugin = "x" }) == nil)
        #expect(quickly(with(usual) { $0.redacted = ["/a"] }) == nil)
        #expect(quickly(with(usual) { $0.unknownMembers = [1] }) == nil)
        let others: [Entry.Kind] = [
            .opened(peer: ""), .closed(reason: ""), .mark(text: ""), .gap(entries: 1), .verdict("hold", nil),
            .sent(.sameAsMonitor(id: nil)), .received(.invalid([], error: nil)),
            .received(.withheld(bytes: 1, error: nil)),
        ]
        for kind in others { #expect(quickly(entry(0, .monitor, kind)) == nil) }
    }

    /// As it is written in memory that is as large as was asked for, and no larger.
    private func quickly(_ entry: Entry) -> String? {
        var room: UnsafeMutableRawBufferPointer?
        defer { room?.deallocate() }
        let written = RecordingEncoder.write(entry) { bytes in
            room = .allocate(byteCount: bytes, alignment: 1)
            return room?.baseAddress
        }
        guard let written, let room else { return nil }
        return Bytes(room[..<written]).text
    }
}
