public import QMP

/// A plugin as it stands in the chain, under its name there.
public struct PluginInstance: Sendable {
    /// What it is called in logs and recordings: the plugin's name, and its label if it has one, such as `exec:night`.
    public let name: String
    /// What an operator may see of its settings.
    public let settings: JSONValue
    /// The plugin.
    public var plugin: any Plugin

    /// A plugin under a name.
    public init(name: String, settings: JSONValue, plugin: any Plugin) {
        self.name = name
        self.settings = settings
        self.plugin = plugin
    }

    /// Makes a plugin with these settings.
    ///
    /// - Parameters:
    ///   - type: what it is.
    ///   - label: tells it from others of its kind; `nil` for the only one.
    ///   - settings: what an operator has set.
    /// - Throws: what is wrong with the settings.
    public init(
        _ type: any Plugin.Type,
        label: String? = nil,
        settings: PluginSettings = PluginSettings()
    ) throws(PluginSettings.Invalid) {
        let plugin = try type.init(settings: settings)
        self.init(
            name: label.map { "\(type.name):\($0)" } ?? type.name,
            settings: settings.shown,
            plugin: plugin
        )
    }
}

extension PluginInstance: Equatable {
    /// Equal when they were made alike: what has become of them since does not count.
    public static func == (one: PluginInstance, other: PluginInstance) -> Bool {
        one.name == other.name && one.settings == other.settings
    }
}
