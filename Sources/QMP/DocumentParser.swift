/// One token of a document; indices into the decoder's bytes.
struct Token {
    let kind: TokenKind
    let range: Range<Int>
}

/// Finds what is wrong with a document first, in QEMU's order, or where the members of its object lie
/// (qobject/json-parser.c).
///
/// It keeps a stack of its own, so that depth costs no recursion.
struct DocumentParser {
    /// What QEMU would say behind "JSON parse error, ".
    struct Wrong: Error {
        let text: Bytes

        init(_ text: String) { self.text = Bytes(text: text) }
        init(_ text: Bytes) { self.text = text }
    }

    /// What the next token has to be.
    private enum Expectation {
        case value, keyOrEnd, key, colon, elementOrEnd, separator
    }

    private struct Container {
        let isObject: Bool
        /// An object or array in the place of a key is read whole before it is refused.
        let isKey: Bool
        let start: Int
        var key: Bytes = []
        var keys = KeySet()
    }

    private let bytes: Bytes
    private var stack: [Container] = []
    private var expectation = Expectation.value
    private(set) var members: [Message.Member] = []
    private(set) var depth = 0
    private(set) var isStrict = true
    private(set) var isObject = false

    init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    /// Takes the tokens of one document; they are complete, since the streamer has counted brackets.
    mutating func parse(_ tokens: [Token]) throws(Wrong) {
        for token in tokens { try take(token) }
    }

    private mutating func take(_ token: Token) throws(Wrong) {
        switch expectation {
        case .keyOrEnd where token.kind == .rightBrace, .elementOrEnd where token.kind == .rightBracket:
            try close(token)
        case .value, .elementOrEnd: try value(token, isKey: false)
        case .key, .keyOrEnd: try value(token, isKey: true)
        case .colon:
            guard token.kind == .colon else { throw Wrong("missing : in object pair") }
            expectation = .value
        case .separator:
            let isObject = stack[stack.count - 1].isObject
            if token.kind == (isObject ? .rightBrace : .rightBracket) { return try close(token) }
            guard token.kind == .comma else { throw Wrong("expected separator in \(isObject ? "dict" : "list")") }
            expectation = isObject ? .key : .value
        }
    }

    private mutating func value(_ token: Token, isKey: Bool) throws(Wrong) {
        switch token.kind {
        case .leftBrace, .leftBracket:
            let isObject = token.kind == .leftBrace
            if stack.isEmpty { self.isObject = isObject }
            stack.append(Container(isObject: isObject, isKey: isKey, start: token.range.lowerBound))
            depth = max(depth, stack.count)
            expectation = isObject ? .keyOrEnd : .elementOrEnd
        case .string:
            let string = try string(token)
            if isKey {
                stack[stack.count - 1].key = string
                expectation = .colon
            } else {
                try finish(.string, token.range)
            }
        case .keyword:
            let word = bytes[token.range]
            guard ["true", "false", "null"].contains(where: { word.elementsEqual($0.utf8) }) else {
                throw Wrong(Bytes(text: "invalid keyword '") + word + Bytes(text: "'"))
            }
            try scalar(token, isKey: isKey)
        case .integer, .float: try scalar(token, isKey: isKey)
        case .rightBrace, .rightBracket, .colon, .comma: throw Wrong("expecting value")
        }
    }

    private mutating func scalar(_ token: Token, isKey: Bool) throws(Wrong) {
        guard !isKey else { throw Wrong("key is not a string in object") }
        try finish(.scalar, token.range)
    }

    private mutating func close(_ token: Token) throws(Wrong) {
        let container = stack.removeLast()
        guard !container.isKey else { throw Wrong("key is not a string in object") }
        try finish(container.isObject ? .object : .array, container.start..<token.range.upperBound)
    }

    /// A value is complete: only now QEMU looks whether its key was there before.
    private mutating func finish(_ kind: Message.Member.Kind, _ range: Range<Int>) throws(Wrong) {
        expectation = .separator
        guard let last = stack.indices.last, stack[last].isObject else { return }
        let key = stack[last].key
        guard stack[last].keys.insert(key) else { throw Wrong("duplicate key") }
        if last == 0 { members.append(Message.Member(key: key, value: range, kind: kind)) }
    }

    /// What a string says.
    ///
    /// `'…'`, `\'` and C0 80 are QEMU's own; JSON has none of them.
    private mutating func string(_ token: Token) throws(Wrong) -> Bytes {
        let literal = bytes[token.range]
        if literal.first == UInt8(ascii: "'") { isStrict = false }
        do throws(StringLiteral.Invalid) {
            let string = try StringLiteral.unescaped(literal)
            if string.count != literal.count - 2 || string.contains(0xC0) {
                isStrict = isStrict && StringLiteral.isStrict(literal)
            }
            return string
        } catch {
            throw Wrong(error.text)
        }
    }
}

/// The keys of one object: few are compared one by one, many are hashed.
private struct KeySet {
    private var few: [Bytes] = []
    private var many: Set<Bytes> = []

    /// Adds a key; `false` if it was there.
    mutating func insert(_ key: Bytes) -> Bool {
        if few.count < 8 {
            guard !few.contains(key) else { return false }
            few.append(key)
            return true
        }
        if many.isEmpty { many = Set(few) }
        return many.insert(key).inserted
    }
}
