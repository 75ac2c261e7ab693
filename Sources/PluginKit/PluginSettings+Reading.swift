internal import QMP

/// How a plugin takes its settings: each is `nil` if its key is not set.
extension PluginSettings {
    /// Refuses all other keys; to be called first.
    public func only(_ keys: String...) throws(Invalid) {
        try only(keys)
    }

    /// Refuses all other keys.
    public func only(_ keys: [String]) throws(Invalid) {
        for member in members where !keys.contains(member.key) {
            let advice =
                Spelling.nearest(to: member.key, among: keys).map { "did you mean \($0)?" }
                ?? (keys.isEmpty ? "there are none" : "wanted is one of \(keys.joined(separator: ", "))")
            throw Invalid(path: path + [member.key], reason: "unknown key: \(advice)")
        }
    }

    /// An error for a key that must be set and is not.
    public func missing(_ key: String, wanted: String) -> Invalid {
        Invalid(path: path + [key], reason: "is missing: wanted is \(wanted)")
    }

    /// An error for what is set under a key, or, if that is not set, for its absence.
    public func invalid(_ key: String, wanted: String) -> Invalid {
        guard let value = value(key) else { return missing(key, wanted: wanted) }
        return Invalid(path: path + [key], reason: "\(value.found): wanted is \(wanted)")
    }

    /// What is set under a key, whatever it is.
    public func value(_ key: String) -> Value? {
        members.last { $0.key == key }?.value
    }

    /// A text that is not empty and has no NUL in it, where programs and files' names would end.
    public func text(_ key: String, wanted: String = "a text") throws(Invalid) -> String? {
        guard let value = value(key) else { return nil }
        return try Self.text(value, at: path + [key], wanted: wanted)
    }

    /// A list of texts, none of them empty or with a NUL; a text alone is a list of one.
    public func texts(_ key: String, wanted: String = "a list of texts") throws(Invalid) -> [String]? {
        guard let value = value(key) else { return nil }
        guard case .list(let values) = value else { return try text(key, wanted: wanted).map { [$0] } }
        var texts: [String] = []
        for (index, value) in values.enumerated() {
            texts.append(try Self.text(value, at: path + [key, "[\(index)]"], wanted: "a text"))
        }
        return texts
    }

    /// A program with its arguments: a list, or a line for the shell.
    public func program(_ key: String) throws(Invalid) -> [String]? {
        let wanted = "a line for the shell, or a list of a program and its arguments"
        guard case .list? = value(key) else {
            return try text(key, wanted: wanted).map { ["/bin/sh", "-c", $0] }
        }
        guard let program = try texts(key), !program.isEmpty else { throw invalid(key, wanted: wanted) }
        return program
    }

    /// A list, not empty, of texts that each say something; a text alone is a list of one.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - wanted: what each of them is, for the error.
    ///   - read: what a text says; `nil` if it is none of those.
    /// - Returns: what they say; `nil` if the key is not set.
    /// - Throws: which one says nothing of the kind.
    public func values<Element>(
        _ key: String,
        wanted: String,
        read: (String) -> Element?
    ) throws(Invalid) -> [Element]? {
        guard let texts = try texts(key, wanted: wanted) else { return nil }
        guard !texts.isEmpty else { throw invalid(key, wanted: wanted) }
        var elements: [Element] = []
        for (index, text) in texts.enumerated() {
            guard let element = read(text) else {
                guard case .list? = value(key) else { throw invalid(key, wanted: wanted) }
                throw Invalid(path: path + [key, "[\(index)]"], reason: "found \"\(text)\": wanted is \(wanted)")
            }
            elements.append(element)
        }
        return elements
    }

    /// A secret, which can only come from a file or a variable.
    public func secret(_ key: String) throws(Invalid) -> String? {
        guard let value = value(key) else { return nil }
        guard case .secret(let text, _) = value else {
            // What stands there may be the secret itself.
            let reason = "a secret is not written here: wanted is {file: PATH} or {env: NAME}"
            throw Invalid(path: path + [key], reason: reason)
        }
        return text
    }

    /// `true` or `false`.
    public func truth(_ key: String) throws(Invalid) -> Bool? {
        try read(key, wanted: "true or false") { Bool($0) }
    }

    /// A whole number within bounds.
    public func number(_ key: String, in bounds: ClosedRange<Int>) throws(Invalid) -> Int? {
        try read(key, wanted: "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)") { text in
            Int(text).flatMap { bounds.contains($0) ? $0 : nil }
        }
    }

    /// A duration with its unit, such as `250ms`, within bounds.
    public func duration(_ key: String, in bounds: ClosedRange<Duration>) throws(Invalid) -> Duration? {
        let (least, most) = (Quantity.text(duration: bounds.lowerBound), Quantity.text(duration: bounds.upperBound))
        return try read(key, wanted: "a duration with its unit from \(least) to \(most)") { text in
            Quantity.duration(text).flatMap { bounds.contains($0) ? $0 : nil }
        }
    }

    /// One of some words.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        of type: Choice.Type
    ) throws(Invalid) -> Choice? {
        let words = Choice.allCases.map(\.rawValue)
        return try read(key, wanted: words.joined(separator: " or ")) { Choice(rawValue: $0) }
    }

    /// A list of mappings.
    public func list(_ key: String, wanted: String = "a list of mappings") throws(Invalid) -> [PluginSettings]? {
        guard let value = value(key) else { return nil }
        guard case .list(let values) = value else { throw invalid(key, wanted: wanted) }
        var all: [PluginSettings] = []
        for (index, value) in values.enumerated() {
            let path = path + [key, "[\(index)]"]
            guard case .mapping(let members) = value else {
                throw Invalid(path: path, reason: "\(value.found): wanted is a mapping")
            }
            all.append(PluginSettings(members, path: path))
        }
        return all
    }

    /// A mapping; of a directory the texts of its files, by their names.
    public func mapping(_ key: String, wanted: String = "a mapping") throws(Invalid) -> PluginSettings? {
        switch value(key) {
        case nil: nil
        case .mapping(let members), .directory(_, let members): PluginSettings(members, path: path + [key])
        case .text, .secret, .list: throw invalid(key, wanted: wanted)
        }
    }

    private static func text(_ value: Value, at path: [String], wanted: String) throws(Invalid) -> String {
        guard case .text(let text) = value, !text.isEmpty else {
            throw Invalid(path: path, reason: "\(value.found): wanted is \(wanted)")
        }
        guard !text.utf8.contains(0) else {
            throw Invalid(path: path, reason: "found a NUL in it: wanted is \(wanted) without a NUL")
        }
        return text
    }

    private func read<Result>(
        _ key: String,
        wanted: String,
        _ read: (String) -> Result?
    ) throws(Invalid) -> Result? {
        guard let text = try text(key, wanted: wanted) else { return nil }
        guard let result = read(text) else { throw invalid(key, wanted: wanted) }
        return result
    }
}
