import QMP
import Testing

@testable import Recording

@Suite(.timeLimit(.minutes(15)))
struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func followsTheStandard(plain: String, encoded: String) {
        var text: [UInt8] = []
        Base64.append(Bytes(text: plain).dropFirst(0), to: &text)
        #expect(text[...].text == encoded)
        #expect(Base64.decoded(Bytes(text: encoded))?.text == plain)
    }

    @Test
    func takesAllBytes() {
        let bytes = Array(UInt8.min...UInt8.max)[...]
        var text: [UInt8] = []
        Base64.append(bytes, to: &text)
        #expect(Base64.decoded(text[...]) == bytes)
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm9-", "Zg=g", "Zm 9"])
    func refusesWhatIsNone(text: String) {
        #expect(Base64.decoded(Bytes(text: text)) == nil)
    }
}
