import Foundation
import QMP
import Testing

@testable import Recording

@Suite(.timeLimit(.minutes(15)))
struct JSONScannerTests {
    @Test(arguments: [
        "{}", " {\t} \r\n", #"{"": ""}"#, #"{"a": [1, -0, 0.5, -1.25e+10, 1E5, 10e-2], "b": {"c": {}}, "d": []}"#,
        #"{"a":"\"\\\/\b\f\n\r\t\u00eF","b":[true,false,null,[[]],{"x":[{}]}]}"#, "{\"a\": \"é\u{7F}\"}",
    ])
    func acceptsJSON(text: String) {
        #expect(JSONScanner.isObject(Bytes(text: text), .strict))
        #expect(JSONScanner.isObject(Bytes(text: text), .qemu))
    }

    @Test(arguments: [
        "", " ", "[]", "1", "{", "}", "{}}", "{} {}", "{]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a" 1}"#,
        "{a: 1}", #"{"a": [1,]}"#, #"{"a": [,]}"#, #"{"a": [1 2]}"#, #"{"a": [1}}"#, #"{"a": {"b": 1]}"#, #"{"a": 01}"#,
        #"{"a": +1}"#, #"{"a": 1.}"#, #"{"a": .5}"#, #"{"a": 1e}"#, #"{"a": -}"#, #"{"a": tru}"#, #"{"a": truex}"#,
        #"{"a": "}"#, #"{"a": "\"}"#, #"{"a": "\x"}"#, #"{"a": "\u12g4"}"#, #"{"a": "\u12"}"#, "{\"a\": \"\n\"}",
        #"{"a": "b\"#, #"{"a": 1"#, #"{"a": [1, 2"#, #"{"a": infinity}"#, "{\u{A0}}", #"{"a": """}"#,
    ])
    func refusesWhatIsNone(text: String) {
        #expect(!JSONScanner.isObject(Bytes(text: text), .strict))
        #expect(!JSONScanner.isObject(Bytes(text: text), .qemu))
    }

    @Test(arguments: [#"{'a': 'b"'}"#, #"{"a": "\'"}"#, #"{"a": [inf, -inf, nan, -nan]}"#, #"{"a": inf}"#])
    func knowsQEMUsDialectApart(text: String) {
        #expect(!JSONScanner.isObject(Bytes(text: text), .strict))
        #expect(JSONScanner.isObject(Bytes(text: text), .qemu))
    }

    @Test
    func findsMembersInASlice() throws {
        let bytes = Bytes(text: #"xx{"a" : [1, "}"], "b\"": {"c": 2} }yy"#).dropFirst(2).dropLast(2)
        let members = try JSONScanner.members(of: bytes, .strict)
        #expect(members.map(\.key.text) == ["a", #"b\""#])
        #expect(members.map(\.value.text) == [#"[1, "}"]"#, #"{"c": 2}"#])
        let first = try JSONScanner.members(of: bytes, .strict) { $0.elementsEqual("a".utf8) }
        #expect(first.map(\.key.text) == ["a"])
    }

    @Test(arguments: [(1024, true), (2048, true), (2050, false), (1_000_000, false)])
    func goesDeepButNotWithoutEnd(depth: Int, isAccepted: Bool) {
        let lists = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let objects = String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        #expect(JSONScanner.isObject(Bytes(text: #"{"a":"# + lists + "}"), .strict) == isAccepted)
        #expect(JSONScanner.isObject(Bytes(text: #"{"a":"# + objects + "}"), .strict) == isAccepted)
    }

    /// Whatever is done to a text, it is JSON when Foundation says so, but for what is known to differ.
    @Test
    func agreesWithAnotherReader() {
        let text = Array(#"{"a":[1,-0.5e+10,true,{"b":null,"cccccccccccc":"x\\y\"\n"}],"d":false,"é":{},"f":[]}"#.utf8)
        let bytes: [UInt8] = Array(#"{}[]",:\ 0123456789.-+eEtfn/'"#.utf8) + [0, 9, 0x1F]
        var chance = Chance(state: 11)
        var accepted = 0
        for _ in 0..<20_000 {
            var text = text
            for _ in 0...chance.number(below: 3) {
                let place = chance.number(below: text.count)
                switch chance.number(below: 3) {
                case 0: text.remove(at: place)
                case 1: text.insert(bytes[chance.number(below: bytes.count)], at: place)
                default: text[place] = bytes[chance.number(below: bytes.count)]
                }
            }
            let isObject = text[...].isUTF8 && JSONScanner.isObject(text[...], .strict)
            let isFoundations = (try? JSONSerialization.jsonObject(with: Data(text))) is [String: Any]
            accepted += isObject ? 1 : 0
            // Foundation wants numbers that a double can hold, and takes a comma before a closing bracket.
            let isKnown = text[...].text.contains(isObject ? /[eE]\+?\d{3,}/ : /,\s*[\]}]/)
            guard isObject != isFoundations, !isKnown else { continue }
            Issue.record("\(isObject ? "accepted" : "refused"): \(text[...].text)")
        }
        #expect(accepted > 1000)
    }

    @Test
    func readsAMessageAsDeepAsQEMUTakesInALine() throws {
        let deep = String(repeating: #"{"a":["#, count: 512) + String(repeating: "]}", count: 512)
        let written = line(entry(0, .client(1), .received(message(deep)), command: 1))
        #expect(
            written == "{\"t\": 0.000000, \"at\": \"client 1\", \"is\": \"received\", \"command\": 1, "
                + "\"message\": \(deep)}\n"
        )
        let read = try RecordingLine(Bytes(text: written)).entry()
        #expect(read == entry(0, .client(1), .received(message(deep)), command: 1))
    }
}
