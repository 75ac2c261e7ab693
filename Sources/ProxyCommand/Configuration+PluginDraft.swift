internal import PluginKit

extension Configuration {
    /// What a plugin is called in a configuration: `NAME`, or `NAME:LABEL` to tell it from others of its kind.
    struct PluginName: Hashable, CustomStringConvertible {
        /// What kind of plugin it is.
        let kind: String
        /// Which one of its kind; `nil` for the only one.
        let label: String?

        /// A name as it is written.
        ///
        /// - Throws: when there is a character that is none of letters, digits, `-` and `_`: the name stands in flags,
        ///   in recordings and in files' names.
        init(_ text: String?) throws(Unusable) {
            let words = (text ?? "").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.allSatisfy({ $0.wholeMatch(of: /[A-Za-z0-9_\-]+/) != nil }) else {
                throw Unusable(description: "wanted is NAME or NAME:LABEL of letters, digits, - and _")
            }
            kind = String(words[0])
            label = words.count == 2 ? String(words[1]) : nil
        }

        var description: String { kind + (label.map { ":\($0)" } ?? "") }
    }

    /// What has been said of a plugin so far.
    struct PluginDraft {
        /// What it is called.
        var name: Said<PluginName>
        /// What is set for it: a mapping.
        var settings: Setting
        /// Whether all that is set could be read: with a part of it the plugin would complain of what is not wrong.
        var isWhole = true
    }

    /// What `--set` says: `NAME[:LABEL].KEY=VALUE`.
    struct SettingFlag {
        /// The plugin's name, and the keys that lead to what is set: at least one.
        let path: [String]
        /// What it is set to.
        let setting: Setting

        /// How problems say where it was said; the value, which may be a secret, is not in it.
        var flag: String { "--set \(path.joined(separator: "."))" }

        /// Reads a flag's value; what begins with a bracket is YAML, all else stands for itself.
        init?(_ text: String, _ problems: inout [Problem]) {
            let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            path = sides[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            // Without "=" it may be the value that was given alone.
            let place = Place(path: sides.count == 2 ? "--set \(sides[0])" : "--set")
            guard sides.count == 2, path.count > 1, !path.contains("") else {
                problems.append(Problem(place: place, text: "wanted is NAME.KEY=VALUE or NAME:LABEL.KEY=VALUE"))
                return nil
            }
            guard let first = sides[1].first, "[{".contains(first) else {
                setting = Setting(content: .text(String(sides[1])), place: place)
                return
            }
            var reader = ConfigurationReader(flag: place)
            let read = reader.setting(in: String(sides[1]))
            problems += reader.problems
            guard let read else { return nil }
            setting = read
        }
    }
}

extension Configuration.Draft {
    /// The plugins with all that is set for them, and a problem for each policy that none of them knows.
    func pluginChain(_ problems: inout [Configuration.Problem]) -> PluginLoader {
        let drafts = drafts(&problems)
        let chain = PluginLoader(drafts)
        problems += chain.problems
        // What a plugin knows that cannot be made nobody can say.
        guard chain.instances.count == drafts.count else { return chain }
        let known = Set(chain.instances.flatMap(\.plugin.policies)).sorted()
        for policy in listeners.compactMap(\.policy) where !known.contains(policy.value) {
            let text = "no plugin knows \"\(policy.value)\": \(advice(for: policy.value, among: known))"
            problems.append(Configuration.Problem(place: policy.place, text: text))
        }
        return chain
    }

    private func advice(for policy: String, among known: [String]) -> String {
        ConfigurationReader.nearest(to: policy, among: known).map { "did you mean \($0)?" }
            ?? (known.isEmpty
                ? "wanted is one among plugins that enforces policies"
                : "wanted is one of \(known.joined(separator: ", "))")
    }

    /// Puts what `--set` says into the settings of the plugins that are named.
    private func drafts(_ problems: inout [Configuration.Problem]) -> [Configuration.PluginDraft] {
        var plugins = plugins
        for text in settingFlags {
            guard let flag = Configuration.SettingFlag(text, &problems) else {
                for index in plugins.indices { plugins[index].isWhole = false }
                continue
            }
            guard let index = plugins.firstIndex(where: { "\($0.name.value)" == flag.path[0] }) else {
                let place = Configuration.Place(path: flag.flag)
                problems.append(Configuration.Problem(place: place, text: unnamed(flag.path[0])))
                continue
            }
            plugins[index].settings.set(flag.path.dropFirst(), to: flag.setting, flag: "--set \(flag.path[0])")
        }
        return plugins
    }

    /// Why nothing can be set for a plugin that is not there.
    private func unnamed(_ name: String) -> String {
        let known = plugins.map { "\($0.name.value)" }
        let advice =
            ConfigurationReader.nearest(to: name, among: known).map { "did you mean \($0)?" }
            ?? (known.isEmpty
                ? "wanted is --plugin \(name), too" : "wanted is one of \(known.joined(separator: ", "))")
        return "no plugin of that name is there: \(advice)"
    }
}
