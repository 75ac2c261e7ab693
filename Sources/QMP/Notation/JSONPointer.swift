/// Names values in a message by the way to them: a JSON Pointer (RFC 6901) in which `*` stands for any one step.
///
/// `/arguments/0/key` goes over a member, an element counted from 0, a member. In a name `~1` stands for `/` and `~0`
/// for `~`.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// What keeps a text from being a pointer.
    public struct Malformed: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong with it.
        public let description: String
    }

    /// One step of the way.
    public enum Step: Sendable, Hashable {
        /// Any member, any element.
        case any
        /// The member of that name, or the element of that number in decimal.
        case named(String)
    }

    /// The steps from the whole message.
    public let steps: [Step]

    /// The pointer of those steps.
    public init(_ steps: [Step]) {
        self.steps = steps
    }

    /// Reads a pointer.
    ///
    /// - Throws: ``Malformed`` when it does not begin with `/`, or a `~` is followed by neither `0` nor `1`.
    public init(parsing text: String) throws(Malformed) {
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw Malformed(description: "\"\(text)\" is no JSON pointer: it must begin with /")
        }
        var steps: [Step] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            steps.append(part == "*" ? .any : .named(try Self.unescaped(part, in: text)))
        }
        self.steps = steps
    }

    /// The pointer as it is written.
    public var description: String {
        steps.map { step in
            switch step {
            case .any: "/*"
            case .named(let name): "/" + Self.escaped(name)
            }
        }.joined()
    }

    /// Whether a way to a value, its steps' names from the whole message, is one that the pointer names.
    public func matches(_ way: [String]) -> Bool {
        steps.count == way.count && zip(steps, way).allSatisfy { $0.matches($1) }
    }

    /// A step's name as it is written in a pointer.
    public static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    private static func unescaped(_ part: Substring, in text: String) throws(Malformed) -> String {
        var name = ""
        var rest = part.unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "~" else {
                name.unicodeScalars.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "0": name += "~"
            case "1": name += "/"
            default:
                throw Malformed(description: "\"\(text)\" is no JSON pointer: ~ is written ~0, and / in a name ~1")
            }
        }
        return name
    }
}

extension JSONPointer.Step {
    /// Whether it leads to the member of that name, or the element of that number; names are compared byte by byte, as
    /// everywhere.
    public func matches(_ name: String) -> Bool {
        switch self {
        case .any: true
        case .named(let own): own.utf8.elementsEqual(name.utf8)
        }
    }
}

extension JSONValue {
    /// The values that a pointer names, this being the whole message.
    public func values(at pointer: JSONPointer) -> [JSONValue] {
        pointer.steps.reduce([self]) { found, step in found.flatMap { $0.values(at: step) } }
    }

    private func values(at step: JSONPointer.Step) -> [JSONValue] {
        switch self {
        case .object(let members): members.filter { step.matches($0.key) }.map(\.value)
        case .array(let elements): elements.enumerated().filter { step.matches(String($0.offset)) }.map(\.element)
        case .null, .bool, .integer, .unsigned, .double, .string: []
        }
    }
}
