internal import Libevent
internal import Yams

/// What a file says of plugins.
extension ConfigurationReader {
    /// How many values the settings in a file may have in all: enough for a thousand rules, less than what a few
    /// aliases of aliases grow to.
    static let settingsMax = 10_000

    private enum ListenerKey: String, CaseIterable {
        case address
        case policy
    }

    /// Reads where clients connect, and by which policy.
    mutating func listeners(_ node: Node, path: String) -> [Configuration.Listener] {
        let list = elements(of: node, path: path, wanted: "a list of addresses") ?? []
        return list.compactMap { node, place in
            guard node.mapping != nil else {
                return value(node, at: place, Configuration.address).map { Configuration.Listener(address: $0) }
            }
            let members = members(of: node, at: place, as: ListenerKey.self, wanted: "the key address") ?? []
            var address: Configuration.Said<Address>?
            var policy: Configuration.Said<String>?
            for (key, node) in members {
                let place = self.place(of: node, path: "\(place.path).\(key.rawValue)")
                switch key {
                case .address: address = value(node, at: place, Configuration.address)
                case .policy: policy = value(node, at: place, Configuration.policy)
                }
            }
            if !members.contains(where: { $0.key == .address }) {
                report("address is missing: wanted is unix:PATH or tcp:HOST:PORT", at: place)
            }
            return address.map { Configuration.Listener(address: $0, policy: policy) }
        }
    }

    /// Reads the plugins in their order.
    mutating func plugins(_ node: Node, path: String) -> [Configuration.PluginDraft] {
        let list = elements(of: node, path: path, wanted: "a list of plugins") ?? []
        return list.compactMap { plugin($0.node, at: $0.place) }
    }

    private mutating func plugin(_ node: Node, at place: Configuration.Place) -> Configuration.PluginDraft? {
        guard let mapping = node.mapping else { return plugin(named: node, at: place, settings: nil) }
        guard mapping.count == 1, let (name, settings) = mapping.first else {
            let wanted = "a plugin's name, with its settings, if any, indented below it"
            report("found a mapping of \(mapping.count) keys: wanted is \(wanted)", at: place)
            return nil
        }
        return plugin(named: name, at: place, settings: settings)
    }

    private mutating func plugin(
        named name: Node,
        at place: Configuration.Place,
        settings node: Node?
    ) -> Configuration.PluginDraft? {
        guard
            let name = value(name, at: place, Configuration.PluginName.init)
        else { return nil }
        let path = "\(place.path).\(name.value)"
        guard let node, node.null == nil else {
            let place = self.place(line: place.line, column: place.column, path: path)
            return Configuration.PluginDraft(name: name, settings: .init(content: .mapping([]), place: place))
        }
        let settingsPlace = self.place(of: node, path: path)
        guard node.mapping != nil else {
            report("found \(Self.description(of: node)): wanted is a mapping of settings", at: settingsPlace)
            return nil
        }
        let count = problems.count
        return setting(node, at: settingsPlace).map {
            Configuration.PluginDraft(name: name, settings: $0, isWhole: problems.count == count)
        }
    }

    /// Reads the value of a flag in YAML's flow style.
    mutating func setting(in text: String) -> Configuration.Setting? {
        root(of: text).flatMap { setting($0, at: place(of: $0, path: "")) }
    }

    /// Reads what is set; the text of a scalar counts, not the type that YAML sees in it.
    private mutating func setting(_ node: Node, at place: Configuration.Place) -> Configuration.Setting? {
        settingsCount += 1
        guard settingsCount <= Self.settingsMax else {
            // Once is enough.
            if settingsCount == Self.settingsMax + 1 {
                report("there are more than \(Self.settingsMax) settings with this one", at: place)
            }
            return nil
        }
        let content: Configuration.Setting.Content
        switch node {
        case .scalar(let scalar) where node.null == nil: content = .text(scalar.string)
        case .sequence(let sequence):
            content = .list(
                sequence.enumerated().compactMap { index, node in
                    setting(node, at: self.place(of: node, path: "\(place.path)[\(index)]"))
                }
            )
        case .mapping(let mapping):
            content = .mapping(mapping.compactMap { member($0, $1, of: place) })
        case .scalar, .alias:
            report("found \(Self.description(of: node)): wanted is a text, a list or a mapping", at: place)
            return nil
        }
        return Configuration.Setting(content: content, place: place)
    }

    private mutating func member(
        _ name: Node,
        _ node: Node,
        of place: Configuration.Place
    ) -> Configuration.Setting.Member? {
        guard let key = name.scalar?.string, !key.isEmpty else {
            let found = Self.description(of: name)
            report("found \(found): wanted is a key", at: self.place(of: name, path: place.path))
            return nil
        }
        let read = setting(node, at: self.place(of: node, path: "\(place.path).\(key)"))
        return read.map { Configuration.Setting.Member(key: key, setting: $0) }
    }
}
