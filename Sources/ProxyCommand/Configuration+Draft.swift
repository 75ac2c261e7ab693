internal import Libevent
internal import ProxyIO

extension Configuration {
    /// Where clients connect, and by which policy.
    struct Listener {
        /// Where.
        var address: Said<Address>
        /// What plugins know the policy by, if it has one.
        var policy: Said<String>?
    }

    /// What has been said of one monitor so far.
    struct Draft {
        /// Where the file begins to describe it; `nil` if only flags do.
        var place: Place?
        /// What was said, be it usable or not: this is not missing.
        var keys: Set<Key> = []
        /// The monitor's name.
        var name: Said<String>?
        /// Where QEMU is.
        var monitor: Said<MonitorConfiguration.Monitor>?
        /// Where clients connect.
        var listeners: [Listener] = []
        /// Where and how it is recorded.
        var recording = RecordingDraft()
        /// The plugins, in their order.
        var plugins: [PluginDraft] = []
        /// What `--set` says, as it stands.
        var settingFlags: [String] = []
        /// Where plugins keep what must outlive the proxy.
        var stateDirectory: Said<String>?
        /// How many clients are served at once.
        var clientsMax: Said<Int>?
        /// Whether clients outlive the monitor's connection.
        var keepsClients: Said<Bool>?
        /// The mode of the unix sockets that are created.
        var socketMode: Said<UInt32>?

        /// All addresses: two sockets cannot have the same, and QEMU serves only one of two who connect.
        var addresses: [Said<Address>] {
            let own = monitor.flatMap { said in said.value.address.map { Said(value: $0, place: said.place) } }
            return (own.map { [$0] } ?? []) + listeners.map(\.address)
        }

        /// The flags that were given, in the order of their keys.
        var flagNames: [String] {
            Key.allCases.filter(keys.contains).map(\.flag) + (settingFlags.isEmpty ? [] : ["--set"])
        }

        /// Notes that a flag was given, if it was.
        mutating func flag<Value>(_ key: Key, _ value: Value?) -> Said<Value>? {
            guard let value else { return nil }
            keys.insert(key)
            return Said(value: value, place: .flag(key))
        }

        /// Takes over what flags say; lists are replaced, not continued.
        mutating func complete(with flags: Draft) {
            keys.formUnion(flags.keys)
            name = flags.name ?? name
            monitor = flags.monitor ?? monitor
            listeners = flags.listeners.isEmpty ? listeners : flags.listeners
            recording.complete(with: flags.recording)
            plugins = flags.plugins.isEmpty ? plugins : flags.plugins
            settingFlags = flags.settingFlags
            stateDirectory = flags.stateDirectory ?? stateDirectory
            clientsMax = flags.clientsMax ?? clientsMax
            keepsClients = flags.keepsClients ?? keepsClients
            socketMode = flags.socketMode ?? socketMode
        }

        /// What cannot both be; asked before ``complete(with:)``, which lets a flag take the other's place.
        var contradictions: [Problem] {
            guard keys.isSuperset(of: [.qemu, .qemuListen]) else { return [] }
            let names = names([.qemu, .qemuListen]).joined(separator: " and ")
            return [Problem(place: place, text: "\(names) exclude each other: wanted is one of them")]
        }

        /// The finished configuration, or a problem for each thing that is missing.
        func configuration(_ problems: inout [Problem]) -> MonitorConfiguration? {
            if !keys.contains(.name) {
                problems.append(missing([.name], wanted: "a name for logs and recordings, such as vm0"))
            }
            if keys.isDisjoint(with: [.qemu, .qemuListen]) {
                let wanted = "the address of QEMU's monitor, such as unix:/run/vm0/qemu.sock"
                problems.append(missing([.qemu, .qemuListen], wanted: wanted))
            }
            if !keys.contains(.listen) {
                let wanted = "an address that clients connect to, such as unix:/run/vm0/qmp.sock"
                problems.append(missing([.listen], wanted: wanted))
            }
            let superfluous = recording.path == nil && !keys.contains(.record) ? keys.intersection(Key.ofRecording) : []
            if !superfluous.isEmpty {
                let names = names(Key.allCases.filter(superfluous.contains)).joined(separator: ", ")
                problems.append(missing([.record], wanted: "where to, since \(names) is said"))
            }
            let chain = pluginChain(&problems)
            guard let name, let monitor, !listeners.isEmpty else { return nil }
            var configuration = MonitorConfiguration(
                name: name.value,
                monitor: monitor.value,
                listeners: listeners.map(\.address.value)
            )
            configuration.recording = recording.options
            configuration.needsRecording = recording.isNeeded?.value ?? configuration.needsRecording
            configuration.redaction = recording.redaction
            for listener in listeners { configuration.policies[listener.address.value] = listener.policy?.value }
            configuration.plugins = chain.instances
            configuration.openSecrets = chain.openSecrets
            configuration.stateDirectory = stateDirectory?.value
            configuration.clientsMax = clientsMax?.value ?? configuration.clientsMax
            configuration.keepsClients = keepsClients?.value ?? configuration.keepsClients
            configuration.socketMode = socketMode?.value ?? configuration.socketMode
            return configuration
        }

        private func missing(_ keys: [Key], wanted: String) -> Problem {
            Problem(place: place, text: "\(names(keys).joined(separator: " or ")) is missing: wanted is \(wanted)")
        }

        /// Keys as they are written where this draft comes from.
        private func names(_ keys: [Key]) -> [String] {
            keys.map { place == nil ? Place.flag($0).path : $0.rawValue }
        }
    }
}
