public import QMP

/// What an operator has set for a plugin, be it by flags or in a file.
///
/// A plugin's initialiser takes from it what it knows, each with its type; an error names the key and what it wants.
///
/// A mapping whose only key is `file` or `env` is how an operator says where a secret is, so that no plugin ever gets
/// such a mapping: settings should not have one of these as the only key.
public struct PluginSettings: Sendable, Equatable {
    /// What a key may have.
    public indirect enum Value: Sendable, Equatable {
        /// A text, as numbers, durations and truth values are, too.
        case text(String)
        /// A text that was read from a file or a variable, and where that is: `file /etc/token`.
        case secret(String, source: String)
        /// A list.
        case list([Value])
        /// Keys and their values.
        case mapping([Member])
        /// A directory and its files, each a text under its name (``Plugin/directories``): taken as a mapping.
        case directory(String, files: [Member])
    }

    /// One key.
    public struct Member: Sendable, Equatable {
        /// The key.
        public let key: String
        /// Its value.
        public let value: Value

        /// A key with its value.
        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// A setting that is wrong.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        /// The way to it: keys, and places in lists such as `[2]`, from 0; empty for the settings as a whole.
        public let path: [String]
        /// What is wrong, and what is wanted.
        public let reason: String

        /// Something wrong at a place.
        public init(path: [String], reason: String) {
            self.path = path
            self.reason = reason
        }

        /// Such as `rules[2].deny: found "", wanted is …`.
        public var description: String { PluginSettings.text(of: path) + (path.isEmpty ? "" : ": ") + reason }
    }

    /// The keys that are set.
    public let members: [Member]
    /// Where these settings stand in the plugin's.
    let path: [String]

    /// Settings of these keys; of a key that is there twice the last counts.
    public init(_ members: [Member] = []) {
        self.init(members, path: [])
    }

    init(_ members: [Member], path: [String]) {
        self.members = members
        self.path = path
    }

    /// What is set, for operators: of a secret only where it comes from, of a directory its files' names.
    public var shown: JSONValue { Value.mapping(members).shown }

    /// A path as people write it: `rules[2].deny`.
    public static func text(of path: [String]) -> String {
        path.reduce("") { $0 + ($0.isEmpty || $1.hasPrefix("[") ? $1 : ".\($1)") }
    }
}

extension PluginSettings.Value {
    fileprivate var shown: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .secret(_, let source): .string("[redacted], from \(source)")
        case .list(let values): .array(values.map(\.shown))
        case .mapping(let members): .object(members.map { JSONValue.Member($0.key, $0.value.shown) })
        case .directory(let path, let files):
            .object([
                JSONValue.Member("directory", .string(path)),
                JSONValue.Member("files", .array(files.map { .string($0.key) })),
            ])
        }
    }

    /// What was found, in the words of a problem.
    var found: String {
        switch self {
        case .text(let text): "found \"\(text)\""
        case .secret(_, let source): "found a secret from \(source)"
        case .list: "found a list"
        case .mapping: "found a mapping"
        case .directory(let path, _): "found the directory \(path)"
        }
    }
}
