internal import PluginKit
internal import ProxyCore

/// Makes the plugins of a monitor from what was said of them, and notes all that is wrong.
struct PluginLoader {
    /// All that is wrong so far.
    private(set) var problems: [Configuration.Problem] = []
    /// The plugins, in their order.
    private(set) var instances: [PluginInstance] = []
    /// The files of secrets that others than their owner may read.
    private(set) var openSecrets: [String] = []
    /// The kinds of plugin there are.
    private let types: [any Plugin.Type]

    /// A chain of these plugins.
    init(_ drafts: [Configuration.PluginDraft], of types: [any Plugin.Type] = PluginRegistry.current) {
        self.types = types
        var answering: [String: Configuration.Said<Configuration.PluginName>] = [:]
        problems = Configuration.repetitions(drafts.map(\.name), wanted: "another label, as in NAME:LABEL")
        for draft in drafts {
            let name = draft.name.value
            guard let type = types.first(where: { $0.name == name.kind }) else {
                report(unknown(name.kind), at: draft.name.place)
                continue
            }
            if let conflict = conflict(of: type, draft.name, &answering) { report(conflict, at: draft.name.place) }
            if draft.isWhole { append(type, draft) }
        }
    }

    /// Why a command of a plugin's would never get to it; `nil` if all do.
    ///
    /// - Parameters:
    ///   - type: what the plugin is.
    ///   - name: what it is called, and where.
    ///   - answering: the plugins before it, by the commands that they answer.
    /// - Returns: the first reason.
    private func conflict(
        of type: any Plugin.Type,
        _ name: Configuration.Said<Configuration.PluginName>,
        _ answering: inout [String: Configuration.Said<Configuration.PluginName>]
    ) -> String? {
        for command in type.commands.map({ "\(type.name)-\($0)" }) {
            let other = answering.updateValue(name, forKey: command)
            let answers = "\(type.name) answers __org.qmp-proxy_\(command)"
            if ProxyEngine.ownCommands.contains(command) { return "\(answers), and so does the proxy itself" }
            guard let other, other.value != name.value else { continue }
            return other.value.kind == type.name
                ? "\(type.name) answers commands, so that there can be only one: it is already \(other.place.path)"
                : "\(answers), and so does \(other.value): it is already \(other.place.path)"
        }
        return nil
    }

    private mutating func append(_ type: any Plugin.Type, _ draft: Configuration.PluginDraft) {
        let count = problems.count
        let settings = members(of: draft.settings, directories: type.directories)
        guard problems.count == count else { return }
        do {
            let settings = PluginSettings(settings)
            instances.append(try PluginInstance(type, label: draft.name.value.label, settings: settings))
        } catch {
            let place = error.path.isEmpty ? draft.name.place : draft.settings.place(of: error.path[...])
            report(error.reason, at: place)
        }
    }

    /// The keys of a mapping with what is set.
    ///
    /// - Parameters:
    ///   - setting: the mapping.
    ///   - directories: keys among them that say where a directory is.
    /// - Returns: what the plugin gets.
    private mutating func members(
        of setting: Configuration.Setting,
        directories: [String] = []
    ) -> [PluginSettings.Member] {
        guard case .mapping(let members) = setting.content else {
            preconditionFailure("the settings of a plugin are a mapping")
        }
        return members.map { member in
            let isDirectory = directories.contains(member.key)
            return .init(member.key, isDirectory ? directory(member.setting) : value(member.setting))
        }
    }

    /// What is set, with secrets fetched from where they are.
    private mutating func value(_ setting: Configuration.Setting) -> PluginSettings.Value {
        switch setting.content {
        case .text(let text): return .text(text)
        case .list(let elements): return .list(elements.map { value($0) })
        case .mapping(let members):
            guard members.count == 1, let source = SecretSource(rawValue: members[0].key) else {
                return .mapping(self.members(of: setting))
            }
            return secret(source, named: members[0].setting)
        }
    }

    private mutating func secret(
        _ source: SecretSource,
        named setting: Configuration.Setting
    ) -> PluginSettings.Value {
        guard case .text(let name) = setting.content, !name.isEmpty else {
            report("wanted is \(source.wanted)", at: setting.place)
            return .text("")
        }
        do {
            let secret = try source.secret(name)
            if secret.isOpen { openSecrets.append(name) }
            return .secret(secret.text, source: "\(source.noun) \(name)")
        } catch {
            report("\(error)", at: setting.place)
            return .text("")
        }
    }

    /// A directory, with what its files hold.
    private mutating func directory(_ setting: Configuration.Setting) -> PluginSettings.Value {
        guard case .text(let path) = setting.content, !path.isEmpty else {
            report("wanted is the path of a directory", at: setting.place)
            return .text("")
        }
        do {
            return .directory(path, files: try SettingsDirectory.files(in: path))
        } catch {
            report("\(error)", at: setting.place)
            return .text("")
        }
    }

    private mutating func report(_ text: String, at place: Configuration.Place) {
        problems.append(Configuration.Problem(place: place, text: text))
    }

    private func unknown(_ kind: String) -> String {
        let known = types.map { $0.name }.sorted()
        let advice = ConfigurationReader.nearest(to: kind, among: known).map { "did you mean \($0)? " } ?? ""
        return "unknown plugin \"\(kind)\": \(advice)wanted is one of \(known.joined(separator: ", "))"
    }
}
