import Foundation

/// Runbooks as an operator may have changed them: the plugin's own, with another text in some place.
enum COLORunbooks {
    private static let shipped = URL(filePath: #filePath).appending(path: "../../../../Plugins/COLO/Runbooks")
        .standardizedFileURL

    /// Writes a changed runbook, and returns the directory with it for the plugin's setting.
    static func changed(_ name: String, _ text: String, to other: String) throws -> String {
        let runbook = try String(contentsOf: shipped.appending(path: "\(name).qmp"), encoding: .utf8)
        guard runbook.contains(text) else { throw Failure("\(name) does not say \(text)") }
        let directory = Workbench.current.newPath("runbooks")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let first = runbook.ranges(of: text)[0]
        let changed = runbook.replacingCharacters(in: first, with: other)
        try changed.write(toFile: "\(directory)/\(name).qmp", atomically: false, encoding: .utf8)
        return directory
    }
}

/// A step in a runbook at which QEMU waits for as long as a test likes: a server that waits for its client.
struct COLOBarrier {
    private let socket = SocketAddress.unix(Workbench.current.newPath("barrier"))
    /// The directory for the plugin's setting.
    let runbooks: String

    /// A barrier before the step that begins with a text.
    init(in runbook: String, before step: String) throws {
        let address = "{'type': 'unix', 'data': {'path': '\(socket.path)'}}"
        let data = "{'addr': \(address), 'server': true, 'wait': true}"
        let arguments = "{'id': 'barrier', 'backend': {'type': 'socket', 'data': \(data)}}"
        let barrier = "{'execute': 'chardev-add', 'arguments': \(arguments)"
        let done = "'limit': '1min', 'done-if': \"Chardev with id '*' already exists\"}"
        runbooks = try COLORunbooks.changed(runbook, step, to: "\(barrier), \(done)\n\(step)")
    }

    /// Waits until QEMU is there.
    func waitUntilReached(by qemu: COLOQEMU) throws {
        guard Deadline().waits(until: { socket.isListenedOn(seenBy: qemu.process.id) }) else {
            throw Failure("\(qemu.name) does not come to the barrier")
        }
    }

    /// Lets QEMU go on.
    func open() throws {
        close(try socket.connected())
    }
}
