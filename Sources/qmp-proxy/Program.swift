internal import ProxyCommand

/// The program, with the plugins that come with it.
@main
enum Program {
    static func main() {
        PluginRegistry.runProxy(plugins: PluginRegistry.standard)
    }
}
