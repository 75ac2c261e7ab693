internal import PluginKit
internal import QMP

/// What can be said of the plugin before it is told anything, and what it tells that it should not.
extension PluginCompatTest {
    func declarationViolations() -> [Violation] {
        var sentences: [String] = []
        for name in [type.name] + type.commands where !Self.isName(name) {
            sentences.append("has the name \"\(name)\": wanted are small letters, digits and hyphens")
        }
        for (place, name) in type.commands.enumerated() where type.commands[..<place].contains(name) {
            sentences.append("declares the command \(name) twice")
        }
        return sentences.map { Violation(sentence: $0, transcript: []) }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: "-")
                }
            }
    }

    /// What is wrong with the test itself.
    func wordViolations() -> [Violation] {
        let author = PluginCallAuthor(seed: 0, type: type, words: words)
        let commands = words.commands.filter { author.command($0) == nil }
        let events = words.events.filter { author.event($0).name.isEmpty }
        return commands.map { Violation(sentence: "the test's command \($0) is none that plugins see", transcript: []) }
            + events.map { Violation(sentence: "the test's event \($0) is none", transcript: []) }
    }

    /// Sets one key more.
    func settingsViolations() -> [Violation] {
        let key = "no-such-key"
        do throws(PluginSettings.Invalid) {
            _ = try type.init(settings: PluginSettings(settings.members + [.init(key, .text("1"))]))
            return [Violation(sentence: "takes the setting \(key), which it cannot know", transcript: [])]
        } catch {
            guard !error.path.contains(key) else { return [] }
            let sentence = "refuses the setting \(key), which it cannot know, without its name: \(error)"
            return [Violation(sentence: sentence, transcript: [])]
        }
    }

    // MARK: - Secrets

    /// Looks for the settings' secrets in what is shown to operators.
    func secretViolations(_ run: PluginRun) -> [Violation] {
        let secrets = settings.members.flatMap { Self.secrets(in: $0.value) }.filter { !$0.isEmpty }
        guard !secrets.isEmpty else { return [] }
        return run.steps.flatMap { step in
            let state = (try? JSONValue(parsing: step.response.state)).map { Self.texts(in: $0) } ?? []
            let shown: [(what: String, texts: [String])] =
                [("its state", state)]
                + step.response.effects.map { effect in
                    switch effect {
                    case .mark(let text, _): ("a mark", [text])
                    case .log(_, let text): ("a line for the log", [text])
                    default: ("", [])
                    }
                }
            // The transcript would tell it again.
            return shown.filter { $0.texts.contains { text in secrets.contains { text.contains($0) } } }
                .map { Violation(sentence: "tells a secret in \($0.what)", transcript: [step.call.text]) }
        }
    }

    private static func secrets(in value: PluginSettings.Value) -> [String] {
        switch value {
        case .text, .directory: []
        case .secret(let text, _): [text]
        case .list(let values): values.flatMap { secrets(in: $0) }
        case .mapping(let members): members.flatMap { secrets(in: $0.value) }
        }
    }

    /// All that can be read in a value.
    private static func texts(in value: JSONValue) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let values): values.flatMap { texts(in: $0) }
        case .object(let members): members.flatMap { [$0.key] + texts(in: $0.value) }
        case .null, .bool, .integer, .unsigned, .double: [value.written().text]
        }
    }
}
