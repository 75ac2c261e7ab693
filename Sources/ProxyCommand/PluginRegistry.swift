internal import ArgumentParser
internal import COLO
internal import Exec
internal import Guard
internal import Pass
public import PluginKit

/// The plugins that a configuration may name.
public enum PluginRegistry {
    /// Those that come with the proxy.
    public static let standard: [any Plugin.Type] = [
        COLOPlugin.self,
        ExecPlugin.self,
        GuardPlugin.self,
        PassPlugin.self,
    ]

    /// Those of the program that runs.
    @TaskLocal static var current = standard

    /// Runs `qmp-proxy` with the arguments of this process and these plugins: the whole of a program that has plugins
    /// of its own.
    public static func runProxy(plugins: [any Plugin.Type]) {
        $current.withValue(plugins) { QMPProxy.main() }
    }
}
