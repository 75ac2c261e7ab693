public import PluginKit

/// Does nothing: where a plugin of one's own begins.
public struct PassPlugin: Plugin {
    /// `pass`.
    public static let name = "pass"

    /// It executes nothing.
    public static let executes = false

    /// Takes no settings.
    public init(settings: PluginSettings) throws(PluginSettings.Invalid) {
        try settings.only()
    }
}
