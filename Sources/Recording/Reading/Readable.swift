internal import CSupport
internal import QMP

/// Text in which nothing can harm or deceive a terminal: white space of any kind is one space, and characters that
/// cannot be seen are spelled out.
public enum Readable {
    /// A text, such as a file's name, that may be shown on a terminal.
    public static func text(_ text: String) -> String {
        var line: [UInt8] = []
        append(text, to: &line)
        return line[...].text
    }

    /// Appends a text, cut behind so many characters (Unicode scalars) if there is a limit.
    static func append(_ text: Bytes, charactersMax: Int? = nil, to line: inout [UInt8]) {
        let start = charactersMax.map { text.prefix($0) } ?? text
        guard start.withUnsafeBytes({ csupport_is_printable($0.baseAddress, $0.count) }) != 0 else {
            return appendSpelled(text, charactersMax, to: &line)
        }
        line += start
        if start.count < text.count { appendLength(of: text, to: &line) }
    }

    static func append(_ text: String, to line: inout [UInt8]) {
        append(Bytes(text: text), to: &line)
    }

    private static func appendLength(of text: Bytes, to line: inout [UInt8]) {
        line += "… (\(text.count) bytes)".utf8
    }

    private static func appendSpelled(_ text: Bytes, _ charactersMax: Int?, to line: inout [UInt8]) {
        // No character is longer than four bytes.
        let start = charactersMax.map { text.prefix(4 * $0) } ?? text
        var isCut = start.count < text.count
        var characters = 0
        var isBehindBreak = false
        for scalar in start.text.unicodeScalars {
            if characters == charactersMax {
                isCut = true
                break
            }
            characters += 1
            if scalar.isBreak {
                if !isBehindBreak { line.append(UInt8(ascii: " ")) }
                isBehindBreak = true
            } else if scalar != " " || !isBehindBreak {
                if scalar.isVisible {
                    line += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
                } else {
                    line += "\\u{\(String(scalar.value, radix: 16))}".utf8
                }
                isBehindBreak = false
            }
        }
        if isCut { appendLength(of: text, to: &line) }
    }
}

extension Unicode.Scalar {
    /// White space other than a mere space.
    fileprivate var isBreak: Bool {
        value < 0x7F ? (0x09...0x0D).contains(value) : properties.isWhitespace
    }

    fileprivate var isVisible: Bool {
        if (0x20..<0x7F).contains(value) { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: return false
        default: return true
        }
    }
}
