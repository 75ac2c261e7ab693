/// What a client's bytes turned out to be.
public enum Frame: Sendable, Equatable {
    /// A whole, well-formed object.
    case message(Message)
    /// Bytes that were no valid document, and what QEMU answers to them.
    case invalid(Bytes, ProtocolError)
    /// Bytes that QEMU passes over without a word behind a lexical error.
    case skipped(Bytes)
}

/// Cuts a client's bytes into messages the way QEMU's own lexer and streamer do.
///
/// QEMU accepts more than JSON: single-quoted strings, and `\'` in either kind. Messages need not end in a newline, and
/// a newline ends none (qobject/json-lexer.c, qobject/json-streamer.c; docs/interop/qmp-spec, "Protocol
/// Specification"). Bytes are lexed once, however they are cut.
public struct FrameDecoder: Sendable {
    private let limits: Limits
    private var lexer = Lexer()
    /// From the first token of the document under way, or from the first byte not looked at.
    private var pending: Bytes = []
    /// The next byte to lex, an index into ``pending``.
    private var position = 0
    private var tokens: [Token] = []
    private var tokenBytes = 0
    private var braces = 0
    private var brackets = 0

    /// A decoder in its start state.
    public init(limits: Limits = .qemu) {
        self.limits = limits
    }

    /// How many bytes are held: those of an unfinished document and those not looked at.
    public var bytesHeld: Int { pending.count }

    /// Whether all bytes were looked at: ``next()`` has nothing until more come.
    public var isExhausted: Bool { position == pending.endIndex }

    /// Takes bytes as they were read.
    public mutating func append(_ bytes: Bytes) {
        if pending.isEmpty {
            pending = bytes
            position = bytes.startIndex
        } else {
            pending += bytes
        }
    }

    /// The next frame, or `nil` until more bytes come.
    public mutating func next() -> Frame? {
        while let lexeme = nextLexeme() {
            if let frame = take(lexeme) { return frame }
        }
        dropWhiteSpace()
        return nil
    }

    /// The bytes held, which are held no longer: for when no more will come.
    public mutating func takeRest() -> Bytes {
        defer { self = FrameDecoder(limits: limits) }
        return pending
    }

    private mutating func nextLexeme() -> Lexer.Lexeme? {
        let start = pending.startIndex
        return pending.withUnsafeBufferPointer { buffer in
            // The lexer counts as the slice does, from the beginning of its storage.
            guard let base = buffer.baseAddress else { return nil }
            let bytes = UnsafeBufferPointer(start: base - start, count: start + buffer.count)
            return lexer.next(in: bytes, at: &position, tokenBytesMax: limits.tokenBytesMax)
        }
    }

    /// The streamer: counts brackets, holds the limits, hands on what is complete (`json_message_process_token`).
    private mutating func take(_ lexeme: Lexer.Lexeme) -> Frame? {
        let range = lexer.tokenStart..<position
        switch lexeme {
        case .skipped:
            defer { reset() }
            return .skipped(pending[range])
        case .stray: return invalid(.stray(pending[range]))
        case .oversized: return invalid(.tokenSize)
        case .token(let kind):
            if tokens.isEmpty { lexer.passedLineEnd = false }
            switch kind {
            case .leftBrace: braces += 1
            case .rightBrace: braces -= 1
            case .leftBracket: brackets += 1
            case .rightBracket: brackets -= 1
            case .colon, .comma, .string, .integer, .float, .keyword: break
            }
            if tokenBytes + range.count >= limits.tokenBytesMax { return invalid(.tokenSize) }
            if tokens.count >= limits.tokensMax { return invalid(.tokenCount) }
            if braces + brackets > limits.nestingMax { return invalid(.nesting) }
            tokens.append(Token(kind: kind, range: range))
            tokenBytes += range.count
            let isUnfinished = (braces > 0 || brackets > 0) && braces >= 0 && brackets >= 0
            return isUnfinished ? nil : document()
        }
    }

    /// The tokens so far as a message, or what is wrong with them.
    private mutating func document() -> Frame {
        let bytes = pending[documentStart..<position]
        var parser = DocumentParser(bytes)
        do throws(DocumentParser.Wrong) {
            try parser.parse(tokens)
        } catch {
            return invalid(.parse(error.text))
        }
        guard parser.isObject else { return invalid(.notAnObject) }
        defer { reset() }
        return .message(
            Message(
                bytes: bytes,
                members: parser.members,
                isStrictJSON: parser.isStrict && !lexer.passedLineEnd,
                depth: parser.depth,
                tokens: tokens.count,
                tokenBytes: tokenBytes
            )
        )
    }

    private mutating func invalid(_ error: ProtocolError) -> Frame {
        defer { reset() }
        return .invalid(pending[documentStart..<position], error)
    }

    private var documentStart: Int { tokens.first?.range.lowerBound ?? lexer.tokenStart }

    /// Back to the start state, at the next byte to lex.
    private mutating func reset() {
        pending = pending[position...]
        tokens.removeAll(keepingCapacity: tokens.count < 1024)
        tokenBytes = 0
        braces = 0
        brackets = 0
    }

    /// White space in front of a document is not kept; inside one, no more than the limit.
    private mutating func dropWhiteSpace() {
        let tokenUnderWay = lexer.isInsideToken ? position - lexer.tokenStart : 0
        guard !tokens.isEmpty else {
            pending = pending[(position - tokenUnderWay)...]
            return
        }
        let whiteSpace = pending.count - tokenBytes - tokenUnderWay
        guard whiteSpace > limits.whiteSpaceBytesMax else { return }
        var packed: [UInt8] = []
        packed.reserveCapacity(tokenBytes + tokenUnderWay)
        for index in tokens.indices {
            let start = packed.count
            packed += pending[tokens[index].range]
            tokens[index] = Token(kind: tokens[index].kind, range: start..<packed.count)
        }
        if tokenUnderWay > 0 { packed += lexer.moveToken(to: packed.count, from: pending) }
        pending = packed[...]
        position = packed.count
    }
}
