import QMP
import Testing

@Suite(.timeLimit(.minutes(15)))
struct JSONPointerTests {
    @Test(arguments: [
        ("/arguments/password", ["arguments", "password"]), ("/a~1b/m~0n", ["a/b", "m~n"]),
        ("/~01", ["~1"]),
        ("/", [""]), ("/a//0", ["a", "", "0"]), ("/a b/é", ["a b", "é"]),
    ])
    func namesTheWay(text: String, way: [String]) throws {
        let pointer = try JSONPointer(parsing: text)
        #expect(pointer == JSONPointer(way.map(JSONPointer.Step.named)))
        #expect(pointer.description == text)
        #expect(pointer.matches(way))
        #expect(!pointer.matches(way + ["more"]))
        #expect(!pointer.matches(way.dropLast() + ["other"]))
    }

    @Test
    func aStarIsAnyOneStep() throws {
        let pointer = try JSONPointer(parsing: "/arguments/*/key")
        #expect(pointer.steps == [.named("arguments"), .any, .named("key")])
        #expect(pointer.description == "/arguments/*/key")
        #expect(pointer.matches(["arguments", "17", "key"]))
        #expect(!pointer.matches(["arguments", "key"]))
        #expect(!pointer.matches(["arguments", "a", "b", "key"]))
    }

    @Test(arguments: [
        ("/a/b", ["1"]), ("/a/c/1", ["3"]), ("/a/c/*", ["2", "3"]), ("/*/b", ["1"]), ("/a/c/2", []), ("/a/c/01", []),
        ("/a/b/c", []), ("/x", []),
    ])
    func leadsToTheValuesOfAMessage(text: String, values: [String]) throws {
        let message = try JSONValue(parsing: Bytes(text: "{'a': {'b': 1, 'c': [2, 3]}}"))
        #expect(message.values(at: try JSONPointer(parsing: text)).map { $0.written().text } == values)
    }

    @Test(arguments: [
        ("", "\"\" is no JSON pointer: it must begin with /"),
        ("arguments", "\"arguments\" is no JSON pointer: it must begin with /"),
        ("/a~", "\"/a~\" is no JSON pointer: ~ is written ~0, and / in a name ~1"),
        ("/~2b", "\"/~2b\" is no JSON pointer: ~ is written ~0, and / in a name ~1"),
    ])
    func refusesWhatIsNone(text: String, error: String) {
        let malformed = #expect(throws: JSONPointer.Malformed.self) { try JSONPointer(parsing: text) }
        #expect(malformed?.description == error)
    }
}
