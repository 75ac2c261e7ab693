import ProxyTesting
import QMP
import Testing

/// What a client's bytes are cut into.
@Suite(.timeLimit(.minutes(15)))
struct FrameDecoderTests {
    /// A frame in a line of text.
    private func describe(_ frame: Frame) -> String {
        switch frame {
        case .message(let message): "\(message.isStrictJSON ? "JSON" : "dialect") \(message.bytes.text)"
        case .invalid(let bytes, let error): "invalid \(bytes.text) — \(error.description.text)"
        case .skipped(let bytes): "skipped \(bytes.text)"
        }
    }

    private func frames(_ text: String, limits: Limits = .qemu) -> [String]? {
        DecoderVerifier.frames(of: Array(text.utf8), limits: limits)?.map(describe)
    }

    @Test func keepsTheBytesOfADocumentAndDropsTheSpaceAround() {
        #expect(frames(" \t\r\n{ \"a\" :1 }\n {}") == [#"JSON { "a" :1 }"#, "JSON {}"])
    }

    @Test(arguments: [
        (#"{"a":"it's"}"#, true), (#"{'a':1}"#, false), (#"{"a":"\'"}"#, false), (#"{"a":"\\'"}"#, true),
        ("{\"a\":\n1}", false), ("{\"a\":\t1}", true), (#"{"a":"é\u0000"}"#, true), (#"{"a":["x", {"b":'c'}]}"#, false),
    ])
    func knowsWhatIsStrictJSON(_ text: String, isStrict: Bool) {
        #expect(frames(text) == ["\(isStrict ? "JSON" : "dialect") \(text)"])
    }

    @Test func anOverlongNULIsQEMUsOwn() {
        let bytes = Array(#"{"a":""#.utf8) + [0xC0, 0x80] + Array(#""}"#.utf8)
        let frames = DecoderVerifier.frames(of: bytes) ?? []
        guard case .message(let message) = frames.first else { return #expect(frames.isEmpty == false) }
        #expect(!message.isStrictJSON)
        #expect(message.value(of: message.members[0]) == .string("\0"))
    }

    @Test func tellsWhatItPassesOver() {
        #expect(
            frames("{\"a\": @ junk, {}") == [
                "invalid {\"a\": @ — JSON parse error, stray '@'", "skipped  junk",
                "invalid , — JSON parse error, expecting value", "JSON {}",
            ]
        )
    }

    @Test func findsTheMembersOfTheObjectItself() {
        guard
            case .message(let message)? = DecoderVerifier.frames(of: Array(#"{"a":{"b":1},'\u0062':"x"}"#.utf8))?.first
        else { return #expect(Bool(false), "no message") }
        #expect(message.members.map { $0.key.text } == ["a", "b"])
        #expect(message["a"].map { message.bytes[$0.value].text } == #"{"b":1}"#)
        #expect(message["b"].map(message.value(of:)) == .string("x"))
    }

    @Test func keysAreComparedByteByByte() {
        #expect(frames(#"{"é":1,"e\#u{301}":2}"#) == [#"JSON {"é":1,"e\#u{301}":2}"#])
        #expect(
            frames(#"{"a":1,"b":{"c":0,"\u0063":0}}"#) == [
                #"invalid {"a":1,"b":{"c":0,"\u0063":0}} — JSON parse error, duplicate key"#
            ]
        )
    }

    @Test func aKeyThatIsNoStringIsReadWholeFirst() {
        #expect(frames("{[1,]:2}") == ["invalid {[1,]:2} — JSON parse error, expecting value"])
        #expect(frames("{[1]:2}") == ["invalid {[1]:2} — JSON parse error, key is not a string in object"])
        #expect(frames("{1:2}") == ["invalid {1:2} — JSON parse error, key is not a string in object"])
    }

    @Test func manyKeysAreComparedToo() {
        let keys = (0..<40).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(frames("{\(keys)}") == ["JSON {\(keys)}"])
        #expect(frames("{\(keys),\"k7\":0}")?.first?.hasSuffix("duplicate key") == true)
    }

    @Test func whiteSpaceInsideADocumentDoesNotGrowWithoutEnd() {
        var limits = Limits.qemu
        limits.whiteSpaceBytesMax = 1000
        var decoder = FrameDecoder(limits: limits)
        decoder.append(Bytes(text: "{\"a\""))
        #expect(decoder.next() == nil)
        for _ in 0..<100 {
            decoder.append(Bytes(text: String(repeating: " ", count: 100)))
            #expect(decoder.next() == nil)
            #expect(decoder.bytesHeld <= 1000 + 100)
        }
        decoder.append(Bytes(text: ": \"half"))
        #expect(decoder.next() == nil)
        decoder.append(Bytes(text: String(repeating: " ", count: 2000) + "\"}"))
        guard case .message(let message) = decoder.next() else { return #expect(Bool(false), "no message") }
        #expect(message.value(of: message.members[0]).string?.count == 2004)
    }

    @Test func whiteSpaceBeforeADocumentIsNotHeld() {
        var decoder = FrameDecoder()
        decoder.append(Bytes(text: String(repeating: "\n", count: 100_000)))
        #expect(decoder.next() == nil)
        #expect(decoder.bytesHeld == 0)
    }

    @Test func aTokenAboveTheLimitIsToldInItsMiddleAndTheRestIsLexedAnew() {
        var limits = Limits.qemu
        limits.tokenBytesMax = 8
        #expect(
            frames("\"123456789 true", limits: limits) == [
                "invalid \"12345678 — JSON token size limit exceeded",
                // 9 is a number at top level, complete at the space; true waits for its next byte.
                "invalid 9 — QMP input must be a JSON object",
            ]
        )
    }

    @Test func tokensOfADocumentAreCounted() {
        var limits = Limits.qemu
        limits.tokensMax = 5
        #expect(frames(#"{"a":1}"#, limits: limits) == [#"JSON {"a":1}"#])
        #expect(
            frames("[1,2,3]", limits: limits) == [
                "invalid [1,2,3 — JSON token count limit exceeded", "invalid ] — JSON parse error, expecting value",
            ]
        )
    }

    @Test(arguments: [
        (#""\ud83f\uDFFE""#, #"\ud83f\uDFFE"#), (#""\ud83f\u0041""#, #"\ud83f"#), (#""\ud83f\u00""#, #"\ud83f"#),
        (#""\uFFFE""#, #"\uFFFE"#), (#""\u12""#, #"\u12""#),
    ])
    func anEscapeThatIsNoCharacterIsQuotedAsFarAsQEMUReadIt(_ text: String, quoted: String) {
        #expect(
            frames(text) == ["invalid \(text) — JSON parse error, \(quoted) is not a valid Unicode character"]
        )
    }

    @Test func theTextOfAParseErrorIsCutAsQEMUCutsIt() {
        let word = String(repeating: "x", count: 2000)
        let error = frames(word + " ")?.first?.split(separator: "— ").last
        #expect(error == "JSON parse error, invalid keyword '\(String(repeating: "x", count: 1006))")
    }
}
