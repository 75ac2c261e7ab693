public import QMP

/// Compares the replies of a QEMU with those that were recorded, by what they say.
///
/// Ids do not count, nor the order of members, nor members named `timestamp`, nor what was redacted.
public struct ReplyComparison: Sendable {
    /// What else does not count, such as `query-* /return/*/pid`: pointers into replies, by their commands' names.
    private let ignored: [RedactionRule]

    /// A comparison in which that does not count.
    public init(ignoring ignored: [RedactionRule] = []) {
        self.ignored = ignored
    }

    /// Reads what is not to count: a pointer, or the name of a command and a pointer.
    ///
    /// - Throws: ``RedactionRule/Malformed``, which says what is wrong.
    public static func rule(parsing text: String) throws(RedactionRule.Malformed) -> RedactionRule {
        guard text.first == "/" else { return try RedactionRule(parsing: text) }
        return try RedactionRule(parsing: "* \(text)")
    }

    /// In what a live reply differs from the recorded one.
    ///
    /// - Parameters:
    ///   - command: what was replied to.
    ///   - recorded: the recorded reply.
    ///   - live: the one of now.
    /// - Returns: the places; `nil` where what was recorded is not known, or is no JSON.
    public func differences(
        to command: String,
        _ recorded: ReplayPlan.Reply,
        _ live: Bytes
    ) -> [JSONDifference]? {
        guard let message = recorded.message, let recordedValue = try? JSONValue(parsing: message) else { return nil }
        guard let liveValue = try? JSONValue(parsing: live) else {
            return [JSONDifference(pointer: "", recorded: recordedValue.comparable, live: nil)]
        }
        return JSONDifference.differences(
            recordedValue.withoutID.comparable,
            liveValue.withoutID.comparable,
            ignoring: ignored.filter { $0.names.matches(command) }.map(\.pointer),
            wildcards: recorded.redacted
        )
    }
}

extension JSONValue {
    fileprivate var withoutID: JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.key != "id" })
    }

    /// Without the members that tell the time, at any depth.
    fileprivate var comparable: JSONValue {
        switch self {
        case .object(let members):
            .object(members.filter { $0.key != "timestamp" }.map { Member($0.key, $0.value.comparable) })
        case .array(let elements): .array(elements.map(\.comparable))
        case .null, .bool, .integer, .unsigned, .double, .string: self
        }
    }
}
