import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct RedactionRuleTests {
    @Test(arguments: ["blockdev-* /arguments/auth", "qom-get /return", "JOB_* /data/id", "? /a b"])
    func readsARule(text: String) throws {
        #expect(try RedactionRule(parsing: text).description == text)
        #expect(
            try RedactionRule(parsing: "  " + text.replacing(" /", with: "\t /") + " ").description
                == text
        )
    }

    @Test(arguments: [
        ("", "\"\": the name of a command or an event is wanted first"),
        ("/return", "\"/return\": the name of a command or an event is wanted first"),
        (
            "two names /return",
            "\"two names /return\": the name of a command or an event is wanted first"
        ),
        ("qom-get", "\"qom-get\" has no JSON pointer behind the name"),
        ("qom-get /~", "\"/~\" is no JSON pointer: ~ is written ~0, and / in a name ~1"),
        ("stop /id", "\"stop /id\": an id is never redacted, or replies could not be told apart"),
    ])
    func saysWhatIsWrong(text: String, error: String) {
        let told = described { try RedactionRule(parsing: text) }
        #expect(told?.replacing(", as in \"blockdev-* /arguments/auth\"", with: "") == error)
    }
}

/// The description of the error that is thrown, `nil` if none is.
func described(_ body: () throws -> Any) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return "\(error)"
    }
}
