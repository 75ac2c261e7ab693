import ArgumentParser
import ProxyIO
import Testing

@testable import ProxyCommand

/// A file's text and flags, and what is told of them.
struct ConfigurationCase: Sendable, CustomTestStringConvertible {
    /// What `vm.yaml` holds.
    var yaml: String
    var flags: [String] = []
    /// The plugins there are.
    var plugins = ConfiguredPlugins.all
    /// The lines that are told; none if all is well.
    var problems: [String] = []

    var testDescription: String { (flags + [yaml]).joined(separator: " ") }

    /// What is served.
    func monitors() throws -> [MonitorConfiguration] {
        try PluginRegistry.$current.withValue(plugins) {
            try Configuration.monitors(file: "vm.yaml", text: yaml, flags: try Serve.parse(flags).flags)
        }
    }

    /// What is told.
    func told() throws -> [String] {
        do {
            _ = try monitors()
            return []
        } catch let error as Configuration.Invalid {
            return error.problems.map(\.description)
        }
    }
}
