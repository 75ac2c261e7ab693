internal import QMP

/// What is said of a command that is not in the recording: to the client, and to whoever wrote it.
struct NearMiss: Equatable {
    /// What the client is answered.
    let error: ProtocolError
    /// A line for a person: what is nearest, and where it differs.
    let text: String

    /// Recorded commands that are compared with the one that was asked.
    ///
    /// 256: of more that are alike a person learns nothing, and each costs time.
    private static let comparedMax = 256

    /// Places that are told; in a long list nobody finds the one that matters.
    private static let differencesMax = 5

    /// The longest name for which one that is spelled alike is looked for, in characters: the time grows with the
    /// square, and QEMU's longest has 50.
    private static let spelledMax = 100

    /// Characters of a name or a value that are shown.
    private static let shownMax = 60

    /// Says what is nearest.
    ///
    /// - Parameters:
    ///   - name: the command that was asked.
    ///   - arguments: its arguments.
    ///   - secrets: pointers to what is not shown, nor what was recorded there.
    ///   - matcher: has found nothing.
    ///   - places: for each name in the whole recording, where it stands first.
    init(
        _ name: String,
        _ arguments: JSONValue,
        hiding secrets: [String],
        in matcher: CommandMatcher,
        places: [String: PlayableRecording.Place]
    ) {
        if let place = places[name] {
            self =
                matcher.settings.match == .strict
                ? Self.notNext(name, arguments, secrets, matcher)
                : Self.different(name, arguments, secrets, matcher, first: place)
        } else {
            self = Self.unknown(name, places)
        }
    }

    private init(_ errorClass: ProtocolError.Class, _ description: String, _ text: String) {
        error = ProtocolError(errorClass, description)
        self.text = text
    }

    /// No command of that name is recorded.
    private static func unknown(_ name: String, _ places: [String: PlayableRecording.Place]) -> NearMiss {
        var text = "\(shown(name)) is not in the recording"
        if name.count <= spelledMax, let nearest = Spelling.nearest(to: name, among: places.keys.sorted()),
            let place = places[nearest]
        {
            text += "; nearest: \(shown(nearest)), \(place)"
        }
        return NearMiss(.commandNotFound, "The command \(name) has not been found", text)
    }

    /// Another is to be asked now.
    private static func notNext(
        _ name: String,
        _ arguments: JSONValue,
        _ secrets: [String],
        _ matcher: CommandMatcher
    ) -> NearMiss {
        let error = "The recording does not have \(name) with these arguments next"
        guard matcher.next < matcher.life.commands.count else {
            return NearMiss(.generic, error, "\(shown(name)): all of the recording is asked already")
        }
        let next = matcher.life.commands[matcher.next]
        let differences = next.name == name ? matcher.differences(matcher.next, arguments) : []
        let which = shown(name) + (differences.isEmpty ? "" : " with these arguments")
        return NearMiss(
            .generic,
            error,
            "\(which) is not next: \(shown(next.name)) is, \(next.place)\(text(differences, secrets))"
        )
    }

    /// None of that name has these arguments, or all that have are used up.
    private static func different(
        _ name: String,
        _ arguments: JSONValue,
        _ secrets: [String],
        _ matcher: CommandMatcher,
        first: PlayableRecording.Place
    ) -> NearMiss {
        let compared = (matcher.life.byName[name] ?? []).suffix(comparedMax)
            .map { (command: $0, differences: matcher.differences($0, arguments)) }
        guard let nearest = compared.min(by: { $0.differences.count < $1.differences.count }) else {
            let text = "\(shown(name)) is recorded on another connection to QEMU only, first at \(first)"
            return NearMiss(.generic, "The recording has no \(name) on this connection", text)
        }
        guard nearest.differences.isEmpty else {
            let place = matcher.life.commands[nearest.command].place
            let text =
                "\(shown(name)) with these arguments is not in the recording; nearest: \(place)"
                + Self.text(nearest.differences, secrets)
            return NearMiss(.generic, "The recording has no \(name) with these arguments", text)
        }
        let last = compared.last { $0.differences.isEmpty }?.command ?? nearest.command
        let place = matcher.life.commands[last].place
        let text =
            !matcher.isAsked(last) && matcher.isPassed(last)
            ? "\(shown(name)): \(place) stands before the one that was asked last"
            : "\(shown(name)): all with these arguments are asked already, the last is \(place)"
        return NearMiss(.generic, "The recording has no further \(name) with these arguments", text)
    }

    /// Where something differs, to be put behind its place.
    private static func text(_ differences: [JSONDifference], _ secrets: [String]) -> String {
        guard !differences.isEmpty else { return "" }
        var parts = differences.prefix(differencesMax).map { difference in
            let pointer = difference.pointer
            if secrets.contains(where: { "\($0)/".hasPrefix("\(pointer)/") || pointer.hasPrefix("\($0)/") }) {
                return "\(shown(pointer)) is another, and secret"
            }
            let (recorded, live) = (shown(difference.recorded), shown(difference.live))
            return "\(shown(difference.pointer)) was \(recorded) and is \(live)"
        }
        if differences.count > differencesMax { parts.append("and \(differences.count - differencesMax) more") }
        return ", where " + parts.joined(separator: "; ")
    }

    private static func shown(_ value: JSONValue?) -> String {
        value.map { shown($0.written()) } ?? "absent"
    }

    /// A text of a client's, as it may be shown.
    static func shown(_ text: String) -> String {
        shown(Bytes(text: text))
    }

    private static func shown(_ text: Bytes) -> String {
        var line: [UInt8] = []
        Readable.append(text, charactersMax: shownMax, to: &line)
        return line[...].text
    }
}
