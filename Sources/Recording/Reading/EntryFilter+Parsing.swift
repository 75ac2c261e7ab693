internal import QMP

extension EntryFilter {
    /// What is wrong with an expression, and where.
    public struct SyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
        /// The expression.
        public let text: String
        /// How many characters (Unicode scalars) stand before the place.
        public let position: Int
        /// What is wrong, or wanted there.
        public let reason: String

        /// The reason, and below it the expression with a caret under the place.
        public var description: String {
            // Each character takes one place, whatever it is, so that the caret stands where it should.
            let scalars = text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) || $0.value > 0x9F ? $0 : "?" }
            var shown = String.UnicodeScalarView()
            shown.append(contentsOf: scalars)
            return "\(Readable.text(reason))\n  \(String(shown))\n  \(String(repeating: " ", count: position))^"
        }
    }
}

/// Reads an expression by descent, one level of binding a function.
struct FilterParser {
    private enum Token: Equatable {
        case word(String, isQuoted: Bool)
        case symbol(Unicode.Scalar)
        case end
    }

    /// Brackets open at most; each costs some stack here and in the match.
    private static let depthMax = 64

    private let text: String
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var token = Token.end
    private var tokenStart = 0
    private var depth = 0

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
    }

    /// The whole expression.
    mutating func expression() throws(EntryFilter.SyntaxError) -> EntryFilter.Expression {
        try advance()
        let expression = try alternatives()
        guard token == .end else { throw error("this ')' closes nothing") }
        return expression
    }

    private mutating func alternatives() throws(EntryFilter.SyntaxError) -> EntryFilter.Expression {
        var expressions = [try conjunction()]
        while token == .symbol("|") {
            try advance()
            expressions.append(try conjunction())
        }
        return expressions.count == 1 ? expressions[0] : .any(expressions)
    }

    private mutating func conjunction() throws(EntryFilter.SyntaxError) -> EntryFilter.Expression {
        var expressions = [try negation()]
        while token != .end, token != .symbol("|"), token != .symbol(")") {
            if token == .symbol("&") { try advance() }
            expressions.append(try negation())
        }
        return expressions.count == 1 ? expressions[0] : .all(expressions)
    }

    private mutating func negation() throws(EntryFilter.SyntaxError) -> EntryFilter.Expression {
        var isNegated = false
        while token == .symbol("!") {
            isNegated.toggle()
            try advance()
        }
        let expression = try operand()
        return isNegated ? .not(expression) : expression
    }

    private mutating func operand() throws(EntryFilter.SyntaxError) -> EntryFilter.Expression {
        guard token == .symbol("(") else { return .term(try term()) }
        guard depth < Self.depthMax else { throw error("more than \(Self.depthMax) brackets are open") }
        depth += 1
        let start = tokenStart
        try advance()
        let expression = try alternatives()
        guard token == .symbol(")") else { throw error("this '(' is not closed", at: start) }
        depth -= 1
        try advance()
        return expression
    }

    private mutating func term() throws(EntryFilter.SyntaxError) -> EntryFilter.Predicate {
        let start = tokenStart
        guard case .word(let word, let isQuoted) = token, !word.isEmpty else {
            throw error("a term is wanted here, such as ~x query-* or a text")
        }
        try advance()
        guard !isQuoted, word.hasPrefix("~") else { return .text(word) }
        guard let term = FilterTerm.byName[word] else {
            let nearest = Spelling.nearest(to: word, among: FilterTerm.all.map(\.name))
            throw error("there is no \(word)" + (nearest.map { ", did you mean \($0)?" } ?? ""), at: start)
        }
        var argument = ""
        if !term.argument.isEmpty {
            guard case .word(let word, let isQuoted) = token, !word.isEmpty,
                isQuoted || !word.hasPrefix("~")
            else {
                throw error("\(term.name) is followed by \(term.wanted)")
            }
            argument = word
        }
        guard let predicate = term.predicate(argument) else {
            throw error("\(term.name) is followed by \(term.wanted)")
        }
        if !term.argument.isEmpty { try advance() }
        return predicate
    }

    private func error(_ reason: String, at position: Int? = nil) -> EntryFilter.SyntaxError {
        EntryFilter.SyntaxError(text: text, position: position ?? tokenStart, reason: reason)
    }
}

// MARK: - Tokens

extension FilterParser {
    private static let symbols: Set<Unicode.Scalar> = ["(", ")", "&", "|", "!"]

    private mutating func advance() throws(EntryFilter.SyntaxError) {
        while index < scalars.count, scalars[index].properties.isWhitespace { index += 1 }
        tokenStart = index
        guard index < scalars.count else {
            token = .end
            return
        }
        let first = scalars[index]
        if Self.symbols.contains(first) {
            index += 1
            token = .symbol(first)
        } else if first == "'" || first == "\"" {
            guard let end = scalars[(index + 1)...].firstIndex(of: first) else {
                throw error("the quote is not closed")
            }
            token = .word(string(index + 1..<end), isQuoted: true)
            index = end + 1
        } else {
            while index < scalars.count, !isEnd(scalars[index]) { index += 1 }
            token = .word(string(tokenStart..<index), isQuoted: false)
        }
    }

    /// Whether a character ends a word without quotes; a `!` within one is its own.
    private func isEnd(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (Self.symbols.contains(scalar) && scalar != "!")
    }

    private func string(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }
}
