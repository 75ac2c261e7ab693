import QMP
import Testing

/// Values as QEMU reads and writes them.
@Suite(.timeLimit(.minutes(15)))
struct JSONValueTests {
    @Test(arguments: [
        ("1", "1"), ("-0", "0"), ("-0.0", "-0"), ("0.1", "0.10000000000000001"), ("1e400", "inf"), ("-1e400", "-inf"),
        ("1e-400", "0"), ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "1.8446744073709552e+19"), ("-9223372036854775809", "-9.2233720368547758e+18"),
        ("1e20", "1e+20"), ("100.0", "100"), ("true", "true"), (" null ", "null"),
        (#""\b\f\n\r\t\/\"\\\u001b\u007f""#, #""\b\f\n\r\t/\"\\\u001B\u007F""#), ("'é😀'", #""\u00E9\uD83D\uDE00""#),
        ("[ ]", "[]"), ("{ }", "{}"), (#"{"b":1,"a":[1,{}]}"#, #"{"a": [1, {}], "b": 1}"#),
    ])
    func areWrittenAsQEMUWouldWriteThem(_ text: String, written: String) throws {
        #expect(try JSONValue(parsing: Bytes(text: text)).written().text == written)
    }

    @Test(arguments: [
        ("", "the text ends too soon", 0), ("{", "the text ends too soon", 1), ("[1 2]", "',' is wanted", 3),
        (#"{"a" 1}"#, "':' is wanted", 5), ("{1:2}", "a member's name is wanted", 1), ("nope", "a value is wanted", 0),
        ("\"abc", "the string does not end", 0), (#""\x""#, "invalid escape sequence in string", 0),
        ("1 1", "more behind the value", 2), ("[[[[", "too many open brackets", 3),
    ])
    func whatIsNoneIsToldWithItsPlace(_ text: String, what: String, offset: Int) {
        #expect(throws: JSONValue.Malformed.self) { try JSONValue(parsing: Bytes(text: text), depthMax: 3) }
        do {
            _ = try JSONValue(parsing: Bytes(text: text), depthMax: 3)
        } catch {
            #expect(error.what == what)
            #expect(error.offset == offset)
        }
    }

    @Test func prettyBreaksLinesEvenInsideWhatIsEmpty() throws {
        let value = try JSONValue(parsing: Bytes(text: #"{"return": {}, "id": [1, []]}"#))
        let lines = value.written(isPretty: true).text.split(separator: "\r\n")
        #expect(
            lines == [
                "{", "    \"return\": {", "    },", "    \"id\": [", "        1,", "        [", "        ]", "    ]",
                "}",
            ]
        )
    }

    @Test func membersAreFoundByTheirBytes() {
        let value = JSONValue.object([JSONValue.Member("e\u{301}", .integer(1))])
        #expect(value["é"] == nil)
        #expect(value["e\u{301}"] == .integer(1))
    }
}
