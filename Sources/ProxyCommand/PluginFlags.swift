internal import ArgumentParser

/// What `serve` may be told of plugins.
struct PluginFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Let this plugin see what passes; the first flag's does first. Two of a kind need labels.",
            valueName: "NAME[:LABEL]"
        ),
        transform: Configuration.PluginName.init
    )
    var plugin: [Configuration.PluginName] = []

    @Option(
        help: ArgumentHelp(
            "Set this for a plugin, whatever the file says; a key inside another is OUTER.KEY, a value that begins "
                + "with [ or { is YAML.",
            valueName: "NAME[:LABEL].KEY=VALUE"
        )
    )
    var set: [String] = []

    @Option(
        help: ArgumentHelp("Where plugins keep what must outlive the proxy.", valueName: "DIRECTORY"),
        transform: Configuration.fileName
    )
    var state: String?

    /// Notes what they say in the monitor's draft.
    func draft(_ monitor: inout Configuration.Draft) {
        for name in plugin {
            monitor.keys.insert(.plugins)
            monitor.plugins.append(
                Configuration.PluginDraft(
                    name: Configuration.Said(value: name, place: .init(path: "--plugin \(name)")),
                    settings: Configuration.Setting(content: .mapping([]), place: .init(path: "--set \(name)"))
                )
            )
        }
        monitor.settingFlags = set
        monitor.stateDirectory = monitor.flag(.state, state)
    }
}
