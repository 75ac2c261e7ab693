import Testing

@testable import Libevent

@Suite(.timeLimit(.minutes(15)))
struct LineDecoderTests {
    /// A line, or what is left of one that was too long.
    private enum Found: Equatable {
        case line(String)
        case cut(String)
    }

    /// What is made of a text that comes in pieces of that size, where a line may have 4 bytes.
    private func lines(in text: String, pieces size: Int) -> [Found] {
        var decoder = LineDecoder(lineBytesMax: 4)
        var rest = Array(text.utf8)[...]
        var lines: [LineDecoder.Line] = []
        while !rest.isEmpty {
            var piece = rest.prefix(size)
            rest = rest.dropFirst(size)
            while let line = decoder.next(from: &piece) { lines.append(line) }
        }
        if let last = decoder.finish() { lines.append(last) }
        return lines.map { line in
            let text = String(decoding: line.bytes, as: UTF8.self)
            return line.isCut ? .cut(text) : .line(text)
        }
    }

    @Test(
        arguments: [
            ("", []), ("a", [.line("a")]), ("a\nb\n", [.line("a"), .line("b")]), ("\n\r\n", [.line(""), .line("")]),
            ("a\r\nb\rc\n\r", [.line("a"), .line("b\rc"), .line("\r")]), ("\r\r\n", [.line("\r")]),
            ("1234\n1234\r\n1234", [.line("1234"), .line("1234"), .line("1234")]),
            ("12345\na\n", [.cut("1234"), .line("a")]), ("1234\rx\na", [.cut("1234"), .line("a")]),
            ("123456789012345\n\n1", [.cut("1234"), .line(""), .line("1")]), ("12345", [.cut("1234")]),
        ] as [(String, [Found])]
    )
    private func findsTheSameLinesInAnyPieces(text: String, expected: [Found]) {
        for size in 1...max(1, text.utf8.count) {
            #expect(lines(in: text, pieces: size) == expected, "in pieces of \(size) bytes")
        }
    }
}
