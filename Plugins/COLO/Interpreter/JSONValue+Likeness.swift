internal import QMP

extension JSONValue {
    /// Whether this is as a pattern says.
    ///
    /// Of an object the pattern's members must be there, and be like it; of an array there must be an element like each
    /// of the pattern's; strings are as a glob says; all else is equal.
    func isLike(_ pattern: JSONValue) -> Bool {
        switch (self, pattern) {
        case (.object, .object(let members)):
            members.allSatisfy { member in self[member.key]?.isLike(member.value) ?? false }
        case (.array(let elements), .array(let patterns)):
            patterns.allSatisfy { pattern in elements.contains { $0.isLike(pattern) } }
        case (.string(let text), .string(let pattern)): Glob(pattern).matches(text)
        default: self == pattern
        }
    }
}
