internal import Foundation
internal import Libevent
internal import PluginKit
internal import ProxyIO
internal import QMP
internal import Recording

extension MonitorConfiguration {
    /// What `--check-config` says of it, in the words of the file.
    var summary: String {
        let mode = String(socketMode, radix: 8)
        var lines = [name]
        func add(_ key: Configuration.Key, _ value: String) {
            lines.append("  \(key.rawValue): ".padding(toLength: 22, withPad: " ", startingAt: 0) + value)
        }
        switch monitor {
        case .connect(let address): add(.qemu, "\(address)")
        case .listen(let address): add(.qemuListen, "\(address)")
        case .recording: preconditionFailure("a recording in a monitor's place is no matter of configuration files")
        }
        for address in listeners {
            add(.listen, "\(address)" + (policies[address].map { ", policy \($0)" } ?? ""))
        }
        add(.record, recording?.path ?? "nothing")
        if let recording {
            add(.sync, recording.sync.rawValue)
            if let bytes = recording.rotateBytes { add(.rotateSize, Quantity.text(bytes: bytes)) }
            if let age = recording.rotateAge { add(.rotateAge, Quantity.text(duration: age)) }
            if let segments = recording.keepSegments { add(.keepSegments, "\(segments)") }
            if let bytes = recording.keepBytes { add(.keepSize, Quantity.text(bytes: bytes)) }
            add(.onRecordFailure, needsRecording ? "close" : "continue")
            for rule in redaction ?? [] { add(.redact, "\(rule)") }
            add(.noRedaction, "\(redaction == nil)")
        }
        if !plugins.isEmpty { add(.plugins, plugins.map(\.name).joined(separator: ", ")) }
        for plugin in plugins {
            lines += Self.settings(plugin.settings, path: [plugin.name]).map { "    \($0)" }
        }
        if let stateDirectory { add(.state, stateDirectory) }
        add(.maxClients, "\(clientsMax)")
        add(.keepClients, "\(keepsClients)")
        add(.socketMode, String(repeating: "0", count: 4 - mode.count) + mode)
        return (lines + warnings.map { "  warning: \($0)" }).joined(separator: "\n")
    }

    /// A line for each text among a plugin's settings; secrets are not in them any more.
    private static func settings(_ value: JSONValue, path: [String]) -> [String] {
        switch value {
        case .object(let members):
            members.flatMap { settings($0.value, path: path + [$0.key]) }
        case .array(let elements):
            zip(0..., elements).flatMap { settings($0.1, path: path + ["[\($0.0)]"]) }
        case .string(let text):
            ["\(PluginSettings.text(of: path)): \(text)"]
        case .null, .bool, .integer, .unsigned, .double:
            preconditionFailure("a setting is a text, a list or a mapping")
        }
    }

    /// What is allowed but should be known.
    var warnings: [String] {
        var own = listeners
        if case .listen(let address) = monitor { own.insert(address, at: 0) }
        let open = own.filter(\.isOpenToNetwork).map { "\($0) is open to the network, without authentication" }
        let isPlain = recording != nil && redaction == nil
        let secrets = openSecrets.map { "\($0) holds a secret, and others than its owner may read it" }
        return open + secrets + (isPlain ? ["the recording will hold passwords and other secrets"] : [])
    }
}
