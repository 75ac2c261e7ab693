import QMP
import Testing

@Suite(.timeLimit(.minutes(15)))
struct GlobTests {
    @Test(arguments: [
        ("", "", true), ("", "a", false), ("*", "", true), ("a", "a", true), ("a", "A", false), ("?", "", false),
        ("?", "é", true), ("a?c", "abc", true), ("a*", "a", true), ("*a", "ba", true), ("*a*b*", "xaxbx", true),
        ("*ab", "aab", true), ("a*b*c", "abcb", false), ("**", "x", true), ("query-*", "query-status", true),
        ("query-*", "xquery-", false), ("a.c", "abc", false), ("*?", "", false), ("*?", "ab", true),
    ])
    func matches(pattern: String, text: String, isMatch: Bool) {
        #expect(Glob(pattern).matches(text) == isMatch)
    }

    /// Many stars cost no more than the product of both lengths.
    @Test
    func endsSoonWhateverThePattern() {
        let pattern = Glob(String(repeating: "*a", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 10_000)))
    }
}
