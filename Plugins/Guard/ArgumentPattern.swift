internal import QMP

/// What the text of an argument has to be like.
///
/// The text of a string is the string, of a number the shortest that means it (`1` for `1.0`), of other values their
/// JSON as QEMU writes it.
struct ArgumentPattern: Sendable, Equatable {
    private let pointer: JSONPointer
    private let glob: Glob

    /// A pattern for the values that a pointer into the arguments leads to.
    init(_ pointer: JSONPointer, _ glob: Glob) {
        self.pointer = pointer
        self.glob = glob
    }

    /// The pointer that is written so, or a member's name.
    ///
    /// - Throws: what is wrong with it, if it begins like a pointer.
    static func pointer(_ text: String) throws(JSONPointer.Malformed) -> JSONPointer {
        text.utf8.first == UInt8(ascii: "/") ? try JSONPointer(parsing: text) : JSONPointer([.named(text)])
    }

    /// Whether there is such a value, whatever is around it and in it: enough to deny.
    func matchesAny(in arguments: JSONValue) -> Bool {
        arguments.values(at: pointer).contains { glob.matches(Self.text(of: $0)) }
    }

    /// Whether there are such values and no others: wanted to allow.
    ///
    /// What a wildcard stands for is part of a name or a number, and leads nowhere else: an object or array, a control
    /// character, or a step `..` of a path must be in the pattern as it stands.
    func matchesAll(in arguments: JSONValue) -> Bool {
        let values = arguments.values(at: pointer)
        return !values.isEmpty
            && values.allSatisfy { value in
                let text = Self.text(of: value)
                return text.utf8.elementsEqual(glob.description.utf8) || (Self.isPlain(value) && glob.matches(text))
            }
    }

    private static func isPlain(_ value: JSONValue) -> Bool {
        switch value {
        case .object, .array: false
        case .string(let text):
            !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
                && !text.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
        case .null, .bool, .integer, .unsigned, .double: true
        }
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .double(let number): Int64(exactly: number).map { String($0) } ?? "\(number)"
        case .null, .bool, .integer, .unsigned, .array, .object: value.written().text
        }
    }
}
