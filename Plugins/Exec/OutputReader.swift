internal import PluginKit
internal import QMP

/// Takes the members of a program's line, each with its type.
struct OutputReader {
    typealias Unusable = ProgramOutput.Unusable

    private let message: Message

    init(_ line: Bytes) throws(Unusable) {
        do throws(ProtocolError) {
            message = try Message(parsing: line)
        } catch {
            throw Unusable(reason: error.description.text)
        }
    }

    /// Refuses all other members.
    func only(_ keys: String...) throws(Unusable) {
        for member in message.members {
            let key = member.key.text
            if !keys.contains(key) { throw Unusable(reason: Self.unknown("member", key, among: keys)) }
        }
    }

    /// In words that something of this name is not known, and what was probably meant.
    static func unknown(_ what: String, _ name: String, among known: [String]) -> String {
        let advice =
            Spelling.nearest(to: name, among: known).map { "did you mean \($0)?" }
            ?? "wanted is one of \(known.joined(separator: ", "))"
        return "unknown \(what) \"\(name)\": \(advice)"
    }

    /// A member's value; `nil` if there is none.
    func value(_ key: StaticString) -> JSONValue? {
        message[key].map(message.value(of:))
    }

    /// A text that must be there.
    func text(_ key: StaticString) throws(Unusable) -> String {
        guard let text = value(key)?.string else { throw Unusable(reason: "\(key): wanted is a text") }
        return text
    }

    /// Names and patterns; none if there is no such member.
    func names(_ key: StaticString) throws(Unusable) -> NameSet {
        guard let value = value(key) else { return NameSet() }
        let texts = value.array?.compactMap(\.string) ?? []
        guard let count = value.array?.count, texts.count == count, count <= ExecLimits.namesMax else {
            throw Unusable(reason: "\(key): wanted is a list of at most \(ExecLimits.namesMax) names")
        }
        return NameSet(texts)
    }

    /// A command, in the very bytes of the line.
    func command(_ key: StaticString) throws(Unusable) -> Command? {
        guard let member = message[key] else { return nil }
        do throws(ProtocolError) {
            return try Command(parsing: message.bytes[member.value])
        } catch {
            throw Unusable(reason: "\(key): \(error.description.text)")
        }
    }

    /// An error as in a reply.
    func error(_ key: StaticString) throws(Unusable) -> ProtocolError? {
        guard let value = value(key) else { return nil }
        guard let name = value["class"]?.string, let description = value["desc"]?.string, value.object?.count == 2
        else { throw Unusable(reason: "\(key): wanted is {\"class\": …, \"desc\": …}") }
        guard let errorClass = ProtocolError.Class(rawValue: name) else {
            let names = ProtocolError.Class.allCases.map(\.rawValue)
            throw Unusable(reason: "\(key): " + Self.unknown("class", name, among: names))
        }
        return ProtocolError(errorClass, description)
    }

    /// A duration with its unit.
    func timeout(_ key: StaticString) throws(Unusable) -> Duration? {
        guard let value = value(key) else { return nil }
        let bounds = ExecLimits.timeout
        guard let duration = value.string.flatMap(Quantity.duration), bounds.contains(duration) else {
            let (least, most) = (Quantity.text(duration: bounds.lowerBound), Quantity.text(duration: bounds.upperBound))
            throw Unusable(reason: "\(key): wanted is a duration with its unit from \(least) to \(most)")
        }
        return duration
    }
}
