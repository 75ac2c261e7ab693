import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct JSONDifferenceTests {
    /// The differences, a line each: pointer, recorded, live.
    private func differences(
        _ recorded: String,
        _ live: String,
        ignoring: [String] = [],
        wildcards: [String] = []
    ) throws -> [String] {
        let found = JSONDifference.differences(
            try JSONValue(parsing: Bytes(text: recorded)),
            try JSONValue(parsing: Bytes(text: live)),
            ignoring: try ignoring.map { try JSONPointer(parsing: $0) },
            wildcards: wildcards
        )
        return found.map { difference in
            let sides = [difference.recorded, difference.live].map { $0?.written().text ?? "nothing" }
            return "\(difference.pointer): \(sides[0]), \(sides[1])"
        }
    }

    @Test(
        arguments: [
            (#"{"a": 1, "b": [true, null, "x"]}"#, #"{"b": [true, null, "x"], "a": 1}"#),
            ("[1, 18446744073709549568, 1e400]", "[1.0, 18446744073709549568.0, inf]"),
            ("nan", "nan"),
            (#""\u00e9""#, #"'é'"#),
            ("{}", "{}"),
        ]
    )
    func findsNoneBetweenWhatIsTheSameOtherwiseWritten(recorded: String, live: String) throws {
        #expect(try differences(recorded, live) == [])
    }

    @Test(
        arguments: [
            ("1", "2", [": 1, 2"]),
            ("1", #""1""#, [#": 1, "1""#]),
            ("9007199254740993", "9007199254740992.0", [": 9007199254740993, 9007199254740992"]),
            (#""\u00e9""#, #""e\u0301""#, [#": "\u00E9", "e\u0301""#]),
            (#"{"a": 1, "b": 2}"#, #"{"c": 3, "b": 4}"#, ["/a: 1, nothing", "/b: 2, 4", "/c: nothing, 3"]),
            ("[1, 2]", "[1]", ["/1: 2, nothing"]),
            ("[]", "[[]]", ["/0: nothing, []"]),
            (#"{"a/b": {"c~d": [0, {"e": 1}]}}"#, #"{"a/b": {"c~d": [0, {"e": []}]}}"#, ["/a~1b/c~0d/1/e: 1, []"]),
            ("{}", "[]", [": {}, []"]),
        ] as [(String, String, [String])]
    )
    func namesEachPlaceWithBothValues(recorded: String, live: String, expected: [String]) throws {
        #expect(try differences(recorded, live) == expected)
    }

    @Test
    func leavesOutWhatIsIgnoredBeItThereOrNot() throws {
        let recorded = #"{"return": [{"pid": 1, "name": "a"}, {"pid": 2, "name": "b"}], "id": 1}"#
        let live = #"{"return": [{"pid": 3, "name": "a"}, {"name": "c"}]}"#
        #expect(
            try differences(recorded, live, ignoring: ["/return/*/pid", "/id"]) == [#"/return/1/name: "b", "c""#]
        )
    }

    @Test
    func takesAWildcardForAnyValueButNotForNone() throws {
        let recorded = #"{"a/b": "[redacted]", "c": "[redacted]", "d": "[redacted]"}"#
        let live = #"{"a/b": {"x": 1}, "d": 5}"#
        #expect(
            try differences(recorded, live, wildcards: ["/a~1b", "/c"]) == [
                #"/c: "[redacted]", nothing"#, #"/d: "[redacted]", 5"#,
            ]
        )
    }
}
