public import QMP

/// A user's own rule: which values of which commands or events, or of the replies to those commands, are secret.
public struct RedactionRule: Sendable, Hashable, CustomStringConvertible {
    /// What keeps a text from being a rule.
    public struct Malformed: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong with it, and how it should be.
        public let description: String
    }

    /// The commands' and events' names.
    public let names: Glob
    /// The values; with `return` or `error` first those of the reply.
    public let pointer: JSONPointer

    /// A rule.
    public init(names: Glob, pointer: JSONPointer) {
        self.names = names
        self.pointer = pointer
    }

    /// Reads a rule such as `blockdev-* /arguments/auth`: a glob, white space, a pointer.
    ///
    /// - Throws: ``Malformed``, which says what is wrong.
    public init(parsing text: String) throws(Malformed) {
        let example = "as in \"blockdev-* /arguments/auth\""
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        let words = text[..<slash].split(whereSeparator: \.isWhitespace)
        let isApart = slash == text.endIndex || text[..<slash].last?.isWhitespace == true
        guard let name = words.first, words.count == 1, isApart else {
            throw Malformed(description: "\"\(text)\": the name of a command or an event is wanted first, \(example)")
        }
        var rest = text[slash...]
        while rest.last?.isWhitespace == true { rest.removeLast() }
        guard !rest.isEmpty else {
            throw Malformed(description: "\"\(text)\" has no JSON pointer behind the name, \(example)")
        }
        do throws(JSONPointer.Malformed) {
            pointer = try JSONPointer(parsing: String(rest))
        } catch {
            throw Malformed(description: "\(error), \(example)")
        }
        guard pointer.steps != [.named("id")] else {
            throw Malformed(description: "\"\(text)\": an id is never redacted, or replies could not be told apart")
        }
        names = Glob(String(name))
    }

    /// The rule as it is written.
    public var description: String { "\(names) \(pointer)" }

    /// Whether it may speak of replies.
    var isOfReply: Bool {
        [.named("return"), .named("error"), .any].contains(pointer.steps.first)
    }
}
