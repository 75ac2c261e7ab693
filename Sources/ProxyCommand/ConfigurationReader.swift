internal import Libevent
internal import ProxyIO
internal import Yams

/// Reads the configuration file.
///
/// What is wrong is collected and reading goes on, so that all of it is told at once. Only what the YAML parser itself
/// refuses ends the reading: broken syntax, and a key that stands twice in its mapping.
struct ConfigurationReader {
    private enum RootKey: String, CaseIterable {
        case monitors
    }

    /// All that is wrong so far.
    var problems: [Configuration.Problem] = []
    /// How many values of settings were read so far.
    var settingsCount = 0
    /// The file or the flag that is read.
    let origin: Configuration.Place

    /// A reader of a file that has not read anything; it is given the text.
    init(file: String) {
        origin = Configuration.Place(file: file, line: 1, column: 1, path: "")
    }

    /// A reader of what a flag says.
    init(flag: Configuration.Place) {
        origin = flag
    }

    /// What the file's text says of each monitor.
    mutating func drafts(in text: String) -> [Configuration.Draft] {
        root(of: text).map { monitors($0) } ?? []
    }

    /// The document, if it is one.
    mutating func root(of text: String) -> Node? {
        if let index = text.unicodeScalars.firstIndex(of: "\u{FFFD}") {
            report("is not UTF-8", at: place(of: index, in: text))
            return nil
        }
        do {
            // The encoding is named because Yams otherwise looks for it in the environment; a byte order mark, which
            // YAML allows, is then not skipped by libyaml.
            let yaml = String(text.trimmingPrefix("\u{FEFF}"))
            guard let root = try Yams.compose(yaml: yaml, .default, .default, .utf8) else {
                report("the file is empty: wanted is the key monitors", at: origin)
                return nil
            }
            return root
        } catch let error as YamlError {
            report(error, in: text)
        } catch {
            report("\(error)", at: origin)
        }
        return nil
    }

    private mutating func monitors(_ root: Node) -> [Configuration.Draft] {
        let place = place(of: root, path: "")
        let wanted = "a mapping with the key monitors"
        guard let members = members(of: root, at: place, as: RootKey.self, wanted: wanted) else { return [] }
        guard let node = members.first?.node else {
            report("monitors is missing: wanted is a list of monitors", at: place)
            return []
        }
        guard let list = elements(of: node, path: "monitors", wanted: "a list of monitors") else { return [] }
        return list.compactMap { monitor($0.node, at: $0.place) }
    }

    private mutating func monitor(_ node: Node, at place: Configuration.Place) -> Configuration.Draft? {
        let wanted = "a mapping with the keys name, qemu and listen"
        guard let members = members(of: node, at: place, as: Configuration.Key.self, wanted: wanted) else { return nil }
        var draft = Configuration.Draft(place: place)
        for (key, node) in members {
            draft.keys.insert(key)
            let place = self.place(of: node, path: "\(place.path).\(key.rawValue)")
            switch key {
            case .name: draft.name = value(node, at: place, Configuration.name)
            case .qemu: draft.monitor = value(node, at: place) { .connect(try Configuration.address($0)) }
            case .qemuListen: draft.monitor = value(node, at: place) { .listen(try Configuration.address($0)) }
            case .listen: draft.listeners = listeners(node, path: place.path)
            case .record, .sync, .rotateSize, .rotateAge, .keepSegments, .keepSize, .onRecordFailure, .redact,
                .noRedaction:
                take(key, node, at: place, into: &draft.recording)
            case .plugins: draft.plugins = plugins(node, path: place.path)
            case .state: draft.stateDirectory = value(node, at: place, Configuration.fileName)
            case .maxClients: draft.clientsMax = value(node, at: place, Configuration.count)
            case .keepClients: draft.keepsClients = truth(node, at: place)
            case .socketMode: draft.socketMode = value(node, at: place, Configuration.socketMode)
            }
        }
        return draft
    }

    /// What a scalar's text says, read as a flag's is.
    ///
    /// The text is what counts, not the type that YAML sees in it, which makes 0600 a number, be it 600 or 384. But an
    /// unquoted `yes`, `off` or `~` is no text: `record: false` does not mean a file of that name.
    mutating func value<Value>(
        _ node: Node,
        at place: Configuration.Place,
        _ read: (String?) throws -> Value
    ) -> Configuration.Said<Value>? {
        do {
            let isText = node.null == nil && node.bool == nil
            return Configuration.Said(value: try read(isText ? node.scalar?.string : nil), place: place)
        } catch {
            report("found \(Self.description(of: node)): \(error)", at: place)
            return nil
        }
    }

    mutating func truth(_ node: Node, at place: Configuration.Place) -> Configuration.Said<Bool>? {
        guard let value = node.bool ?? node.scalar.flatMap({ Bool($0.string) }) else {
            report("found \(Self.description(of: node)): wanted is true or false", at: place)
            return nil
        }
        return Configuration.Said(value: value, place: place)
    }
}
