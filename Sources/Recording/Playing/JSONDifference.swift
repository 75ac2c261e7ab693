public import QMP

/// A place at which a recorded value and a live one differ.
public struct JSONDifference: Sendable, Equatable {
    /// The way to it from the whole value, as a JSON Pointer (RFC 6901); empty for the whole.
    public let pointer: String
    /// What was recorded there; `nil` if nothing was.
    public let recorded: JSONValue?
    /// What is there now; `nil` if nothing is.
    public let live: JSONValue?

    /// A difference.
    public init(pointer: String, recorded: JSONValue?, live: JSONValue?) {
        self.pointer = pointer
        self.recorded = recorded
        self.live = live
    }

    /// Where two values differ.
    ///
    /// The order of an object's members does not count, and numbers are equal by value: `1` is `1.0`.
    ///
    /// - Parameters:
    ///   - recorded: the recorded value.
    ///   - live: the one of now.
    ///   - ignored: what is there does not count, nor whether it is there.
    ///   - wildcards: pointers, as an entry lists what is redacted, to recorded values that are equal to any.
    /// - Returns: all places, in the order of the recorded value, each as deep as it lies.
    public static func differences(
        _ recorded: JSONValue,
        _ live: JSONValue,
        ignoring ignored: [JSONPointer] = [],
        wildcards: [String] = []
    ) -> [JSONDifference] {
        var comparison = Comparison(ignored: ignored, wildcards: Set(wildcards))
        comparison.compare(recorded, live)
        return comparison.differences
    }
}

/// Walks over two values at once.
private struct Comparison {
    let ignored: [JSONPointer]
    let wildcards: Set<String>
    var differences: [JSONDifference] = []
    /// The names of the steps to where it stands.
    private var way: [String] = []

    init(ignored: [JSONPointer], wildcards: Set<String>) {
        self.ignored = ignored
        self.wildcards = wildcards
    }

    mutating func compare(_ recorded: JSONValue?, _ live: JSONValue?, at step: String) {
        way.append(step)
        defer { way.removeLast() }
        guard !ignored.contains(where: { $0.matches(way) }) else { return }
        if let recorded, let live {
            compare(recorded, live)
        } else {
            differences.append(JSONDifference(pointer: pointer, recorded: recorded, live: live))
        }
    }

    mutating func compare(_ recorded: JSONValue, _ live: JSONValue) {
        guard wildcards.isEmpty || !wildcards.contains(pointer) else { return }
        switch (recorded, live) {
        case (.object(let recorded), .object(let live)): compare(recorded, live)
        case (.array(let recorded), .array(let live)):
            for index in 0..<max(recorded.count, live.count) {
                let one = index < recorded.count ? recorded[index] : nil
                compare(one, index < live.count ? live[index] : nil, at: String(index))
            }
        default:
            guard !recorded.isScalar(equalTo: live) else { return }
            differences.append(JSONDifference(pointer: pointer, recorded: recorded, live: live))
        }
    }

    private mutating func compare(_ recorded: [JSONValue.Member], _ live: [JSONValue.Member]) {
        if recorded.elementsEqual(live, by: { $0.key.utf8.elementsEqual($1.key.utf8) }) {
            for (one, other) in zip(recorded, live) { compare(one.value, other.value, at: one.key) }
            return
        }
        var rest: [[UInt8]: JSONValue] = [:]
        for member in live { rest[Array(member.key.utf8)] = member.value }
        for member in recorded {
            compare(member.value, rest.removeValue(forKey: Array(member.key.utf8)), at: member.key)
        }
        for member in live {
            guard let value = rest.removeValue(forKey: Array(member.key.utf8)) else { continue }
            compare(nil, value, at: member.key)
        }
    }

    private var pointer: String {
        way.map { "/" + JSONPointer.escaped($0) }.joined()
    }
}

extension JSONValue {
    /// Whether both are the same, none of them being an array or an object.
    ///
    /// Strings are compared byte by byte: Swift's `==` would take canonically equivalent ones for equal.
    fileprivate func isScalar(equalTo other: JSONValue) -> Bool {
        switch (self, other) {
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.integer(let integer), .double(let double)), (.double(let double), .integer(let integer)):
            Int64(exactly: double) == integer
        case (.unsigned(let unsigned), .double(let double)), (.double(let double), .unsigned(let unsigned)):
            UInt64(exactly: double) == unsigned
        case (.double(let one), .double(let other)): one == other || (one.isNaN && other.isNaN)
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.integer(let one), .integer(let other)): one == other
        case (.unsigned(let one), .unsigned(let other)): one == other
        default: false
        }
    }
}
