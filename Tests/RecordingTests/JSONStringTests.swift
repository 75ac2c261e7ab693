import QMP
import Testing

@testable import Recording

@Suite(.timeLimit(.minutes(15)))
struct JSONStringTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), (#"a"b\c"#, #"a\"b\\c"#), ("\n\r\t", #"\n\r\t"#),
        ("\u{0}\u{1F}\u{B}", #"\u0000\u001f\u000b"#), ("é€😀\u{FFFF}/", "é€😀\u{FFFF}/"),
    ])
    func readsWhatItWrote(text: String, written: String) {
        var line: [UInt8] = []
        JSONString.append(Bytes(text: text), to: &line)
        #expect(line[...].text == "\"\(written)\"")
        #expect(JSONString.unescaped(Bytes(text: written))?.text == text)
    }

    @Test(
        arguments: [
            (#"\b\f\/\'x"#, nil), (#"\b\f\/x"#, "\u{8}\u{C}/x"), (#"\u00e9\u00E9"#, "éé"), (#"\ud83d\uDE00!"#, "😀!"),
            (#"\ud83d"#, nil), (#"\ud83dx"#, nil), (#"\ud83d\n"#, nil), (#"\ud83d\u0041"#, nil), (#"\ude00"#, nil),
            (#"\u12"#, nil), (#"\u+123"#, nil), (#"\x"#, nil), ("\\", nil),
        ] as [(String, String?)]
    )
    func readsEveryEscape(text: String, wanted: String?) {
        #expect(JSONString.unescaped(Bytes(text: text))?.text == wanted)
    }
}
