/// The kinds of token QEMU's lexer knows (qobject/json-lexer.c).
enum TokenKind: UInt8 {
    case leftBrace, rightBrace, leftBracket, rightBracket, colon, comma
    case string, integer, float, keyword
}

/// Cuts bytes into tokens exactly as QEMU's lexer does, over any number of reads.
///
/// QEMU's is a table of states; this is the same automaton written as a `switch`. Its state is what must be kept when
/// the bytes end in the middle of a token.
struct Lexer {
    /// What was found.
    enum Lexeme: Equatable {
        /// A whole token.
        case token(TokenKind)
        /// A byte that cannot stand there: the token so far, that byte included, is in error.
        case stray
        /// Bytes passed over after an error, as far as they go.
        case skipped
        /// A token above the limit (json-lexer.c checks it after each byte).
        case oversized
    }

    private enum State {
        case start, recovery
        case string(quote: UInt8), escape(quote: UInt8)
        case sign, zero, digits, point, fraction, exponent, exponentSign, exponentDigits
        case keyword
    }

    private var state = State.start
    /// Where the token under way begins.
    private(set) var tokenStart = 0
    /// Whether a carriage return or a line feed was passed over between tokens.
    var passedLineEnd = false

    /// Whether a token has begun that is not finished.
    var isInsideToken: Bool {
        switch state {
        case .start, .recovery: false
        default: true
        }
    }

    /// Lexes from `position` to the end of the next token, or of the bytes (`nil`); ``tokenStart`` is where it began.
    mutating func next(
        in bytes: UnsafeBufferPointer<UInt8>,
        at position: inout Int,
        tokenBytesMax: Int
    ) -> Lexeme? {
        while position < bytes.count {
            if isInsideToken, position - tokenStart > tokenBytesMax {
                state = .start
                return .oversized
            }
            if let lexeme = step(bytes, &position, tokenBytesMax) { return lexeme }
        }
        return nil
    }

    /// Tells the lexer that the bytes of the token under way now stand elsewhere; they are returned.
    mutating func moveToken(to start: Int, from bytes: Bytes) -> Bytes {
        defer { tokenStart = start }
        return bytes[tokenStart...]
    }

    /// One byte, or as many as can be taken at once.
    private mutating func step(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ position: inout Int,
        _ tokenBytesMax: Int
    ) -> Lexeme? {
        let byte = bytes[position]
        switch state {
        case .start: return begin(byte, &position)
        case .recovery: return recover(bytes, &position)
        case .string(let quote):
            let end = min(bytes.count, tokenStart + tokenBytesMax + 1)
            while position < end, Self.isPlain(bytes[position], quote: quote) { position += 1 }
            guard position < end else { return nil }
            return stringByte(bytes[position], quote, &position)
        case .escape(let quote):
            position += 1
            guard (0x20...0xFD).contains(byte) else { return fail() }
            state = .string(quote: quote)
        case .keyword:
            guard (0x61...0x7A).contains(byte) else { return finish(.keyword) }
            position += 1
        case .sign, .zero, .digits, .point, .fraction, .exponent, .exponentSign, .exponentDigits:
            return number(byte, &position)
        }
        return nil
    }

    private mutating func begin(_ byte: UInt8, _ position: inout Int) -> Lexeme? {
        tokenStart = position
        position += 1
        switch byte {
        case 0x20, 0x09: break
        case 0x0A, 0x0D: passedLineEnd = true
        case UInt8(ascii: "{"): return .token(.leftBrace)
        case UInt8(ascii: "}"): return .token(.rightBrace)
        case UInt8(ascii: "["): return .token(.leftBracket)
        case UInt8(ascii: "]"): return .token(.rightBracket)
        case UInt8(ascii: ":"): return .token(.colon)
        case UInt8(ascii: ","): return .token(.comma)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): state = .string(quote: byte)
        case UInt8(ascii: "-"): state = .sign
        case UInt8(ascii: "0"): state = .zero
        case 0x31...0x39: state = .digits
        case 0x61...0x7A: state = .keyword
        default: return fail()
        }
        return nil
    }

    /// Skips until a byte that may begin something anew; that byte is lexed again.
    private mutating func recover(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Lexeme? {
        tokenStart = position
        while position < bytes.count, !Self.endsRecovery(bytes[position]) { position += 1 }
        if position < bytes.count { state = .start }
        return position > tokenStart ? .skipped : nil
    }

    private static func endsRecovery(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"),
            UInt8(ascii: ","), 0x00...0x08, 0x0A...0x1F, 0xFE, 0xFF:
            true
        default: false
        }
    }

    private static func isPlain(_ byte: UInt8, quote: UInt8) -> Bool {
        byte >= 0x20 && byte < 0xFE && byte != quote && byte != UInt8(ascii: "\\")
    }

    private mutating func stringByte(_ byte: UInt8, _ quote: UInt8, _ position: inout Int) -> Lexeme? {
        position += 1
        switch byte {
        case quote: return finish(.string)
        case UInt8(ascii: "\\"): state = .escape(quote: quote)
        default: return fail()
        }
        return nil
    }

    /// The grammar of numbers; a byte that ends one is left to be lexed again.
    private mutating func number(_ byte: UInt8, _ position: inout Int) -> Lexeme? {
        let isDigit = (0x30...0x39).contains(byte)
        let isExponent = byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
        let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
        position += 1
        switch state {
        case .sign where isDigit: state = byte == UInt8(ascii: "0") ? .zero : .digits
        case .zero where isDigit: return fail()
        case .zero where byte == UInt8(ascii: "."), .digits where byte == UInt8(ascii: "."): state = .point
        case .digits where isDigit: break
        case .digits where isExponent, .fraction where isExponent: state = .exponent
        case .point where isDigit, .fraction where isDigit: state = .fraction
        case .exponent where isSign: state = .exponentSign
        case .exponent where isDigit, .exponentSign where isDigit, .exponentDigits where isDigit:
            state = .exponentDigits
        case .zero, .digits:
            position -= 1
            return finish(.integer)
        case .fraction, .exponentDigits:
            position -= 1
            return finish(.float)
        default: return fail()
        }
        return nil
    }

    private mutating func finish(_ kind: TokenKind) -> Lexeme {
        state = .start
        return .token(kind)
    }

    private mutating func fail() -> Lexeme {
        state = .recovery
        return .stray
    }
}
