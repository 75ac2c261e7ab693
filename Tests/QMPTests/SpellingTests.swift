import QMP
import Testing

@Suite(.timeLimit(.minutes(15)))
struct SpellingTests {
    @Test(
        arguments: [("~slowr", "~slower"), ("~MARK", "~mark"), ("", nil), ("~something", nil), ("~foo", nil)]
            as [(String, String?)]
    )
    func findsWhatWasMeant(text: String, word: String?) {
        #expect(Spelling.nearest(to: text, among: ["~slower", "~mark", "~oob"]) == word)
    }
}
