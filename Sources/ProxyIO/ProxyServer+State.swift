internal import Libevent
internal import Logging
internal import PluginKit
internal import ProxyCore
internal import QMP

/// What plugins keep over a restart.
extension ProxyServer {
    /// Reads what plugins have stored last, as events for the engine, and gets ready to store more.
    ///
    /// - Throws: what cannot be read: a plugin must not go on as if it had promised nothing.
    func openState() throws -> [ProxyEvent] {
        guard let stateDirectory else { return [] }
        let files = configuration.plugins.map { stateDirectory.file(of: $0.name, monitor: configuration.name) }
        var events: [ProxyEvent] = []
        for (plugin, file) in files.enumerated() {
            if let value = try file.read() { events.append(.restored(plugin: plugin, value)) }
        }
        stateWriter = StateWriter(files) { [weak self] in
            Task { await self?.handleStored() }
        }
        return events
    }

    func store(_ value: JSONValue, _ number: Int, of plugin: Int) {
        guard stateWriter != nil else {
            let failure = "no state directory: say --state DIRECTORY"
            handleLater(.stored(plugin: plugin, number: number, failure: failure))
            return
        }
        unstored.append((value, number, plugin))
        if unstored.count == 1 { loop.afterFlush { [weak self] in self?.assumeIsolated { $0.storeNow() } } }
    }

    private func storeNow() {
        for (value, number, plugin) in unstored { stateWriter?.store(value.written(), plugin: plugin, number: number) }
        unstored = []
    }

    private func handleStored() {
        for result in stateWriter?.takeResults() ?? [] {
            handle(.stored(plugin: result.plugin, number: result.number, failure: result.failure))
        }
    }

    /// Returns when all is stored, or after 5 s.
    func closeState() {
        storeNow()
        if let missing = stateWriter?.close() { logger.error("\(missing)") }
    }
}
