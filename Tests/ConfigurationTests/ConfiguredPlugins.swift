import PluginKit

/// Plugins that take settings of every kind, and nothing else.
enum ConfiguredPlugins {
    static let all: [any Plugin.Type] = [Guarding.self, Running.self, Telling.self]

    /// Knows the policy `read-only`, and those that are set.
    struct Guarding: Plugin {
        enum Mode: String, CaseIterable {
            case readOnly = "read-only"
            case rules
        }

        static let name = "guard"
        let policies: [String]

        init(settings: PluginSettings) throws(PluginSettings.Invalid) {
            try settings.only("mode", "rules", "policies")
            guard try settings.choice("mode", of: Mode.self) != nil else {
                throw settings.missing("mode", wanted: "read-only or rules")
            }
            for rule in try settings.list("rules") ?? [] {
                _ = try rule.texts("deny")
                _ = try rule.number("uid", in: 0...10)
            }
            let declared = try settings.mapping("policies")
            _ = try declared?.mapping("ops")?.choice("mode", of: Mode.self)
            policies = ["read-only"] + (declared?.members.map(\.key) ?? [])
        }
    }

    /// Has a secret.
    struct Running: Plugin {
        static let name = "exec"
        let token: String?

        init(settings: PluginSettings) throws(PluginSettings.Invalid) {
            try settings.only("token", "command", "timeout", "value")
            token = try settings.secret("token")
            _ = try settings.texts("command")
            _ = try settings.duration("timeout", in: .milliseconds(1) ... .seconds(60))
            if token == nil, settings.value("command") == nil {
                throw PluginSettings.Invalid(path: [], reason: "neither token nor command is set")
            }
        }
    }

    /// Has the files of a directory.
    struct Reading: Plugin {
        static let name = "books"
        static let directories = ["runbooks"]
        let books: [PluginSettings.Member]

        init(settings: PluginSettings) throws(PluginSettings.Invalid) {
            try settings.only("runbooks", "title")
            books = try settings.mapping("runbooks")?.members ?? []
            _ = try settings.text("title")
            for book in books where book.value == .text("") {
                throw PluginSettings.Invalid(path: ["runbooks", book.key], reason: "line 1: there is nothing")
            }
        }
    }

    /// Answers commands of its own.
    struct Telling: Plugin {
        static let name = "clock"
        static let commands = ["query-time"]

        init(settings: PluginSettings) throws(PluginSettings.Invalid) {
            try settings.only()
        }
    }
}
