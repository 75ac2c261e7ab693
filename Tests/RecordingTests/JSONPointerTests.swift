import Recording
import Testing

@Suite(.timeLimit(.minutes(3)))
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
        ("", "\"\" is no JSON pointer: it must begin with /"),
        ("arguments", "\"arguments\" is no JSON pointer: it must begin with /"),
        ("/a~", "\"/a~\" is no JSON pointer: ~ is written ~0, and / in a name ~1"),
        ("/~2b", "\"/~2b\" is no JSON pointer: ~ is written ~0, and / in a name ~1"),
    ])
    func refusesWhatIsNone(text: String, error: String) {
        #expect(throws: JSONPointer.Malformed.self) { try JSONPointer(parsing: text) }
        #expect(described { try JSONPointer(parsing: text) } == error)
    }
}
