import ProxyCommand
import Quiet

/// qmp-proxy as it comes, and one plugin more.
@main
enum SampleProxy {
    static func main() {
        PluginRegistry.runProxy(plugins: PluginRegistry.standard + [QuietPlugin.self])
    }
}
