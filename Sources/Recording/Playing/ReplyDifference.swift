internal import QMP

/// A command that was replied to otherwise than in the recording.
public struct ReplyDifference: Sendable, Equatable {
    /// The command.
    public let command: ReplayPlan.Command
    /// Where its reply differs; at least one place.
    public let places: [JSONDifference]

    /// A difference.
    public init(command: ReplayPlan.Command, places: [JSONDifference]) {
        self.command = command
        self.places = places
    }

    /// Places that are told of one reply at most.
    ///
    /// 20: a screenful; an element more at the beginning of an array makes all others differ.
    private static let placesMax = 20

    /// Characters of a value that are told.
    ///
    /// 100: most errors are told whole, and two values and their pointer take two or three lines of a terminal.
    private static let charactersMax = 100

    /// For a person: the command and where it stands; then a line for each place, the recorded value on the left.
    public func text(isColoured: Bool) -> String {
        var text: [UInt8] = []
        append("\(command.place): \(command.name)", .bold, isColoured, to: &text)
        text.append(UInt8(ascii: "\n"))
        for place in places.prefix(Self.placesMax) {
            Readable.append("  \(place.pointer.isEmpty ? "the whole reply" : place.pointer)", to: &text)
            text += "   recorded ".utf8
            append(Self.value(place.recorded), .trouble, isColoured, to: &text)
            text += "   live ".utf8
            append(Self.value(place.live), .event, isColoured, to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        if places.count > Self.placesMax { text += "  and \(places.count - Self.placesMax) places more\n".utf8 }
        return text[...].text
    }

    private static func value(_ value: JSONValue?) -> String {
        guard let value else { return "nothing" }
        var text: [UInt8] = []
        Readable.append(value.written(), charactersMax: charactersMax, to: &text)
        return text[...].text
    }

    private func append(_ part: String, _ colour: Colour, _ isColoured: Bool, to text: inout [UInt8]) {
        if isColoured { text += colour.sequence.utf8 }
        Readable.append(part, to: &text)
        if isColoured { text += Colour.end.utf8 }
    }
}
