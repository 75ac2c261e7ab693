import Foundation

/// A real QEMU with the guest in it, as one side of a pair.
final class COLOQEMU {
    /// What it is started as; a failover makes it something else.
    enum Role: String {
        case primary, secondary
    }

    let role: Role
    let process: ChildProcess
    let name: String
    /// What it had before anything was done to it.
    var inventoryAtStart: Set<String> = []
    private let serialLog: String
    private let address: SocketAddress
    private var connected: COLOMonitor?

    /// Starts one, and waits until clients may connect; a primary greets them when its secondary has connected.
    init(_ role: Role, on host: COLOHost, isEmpty: Bool) throws {
        let directory = Workbench.current.newPath("\(host.name)-\(role)")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        self.role = role
        name = "qemu-\(host.name)-\(role)"
        serialLog = "\(directory)/serial.log"
        address = .unix("\(directory)/second")
        try Self.writeDisks(role, in: directory, isEmpty: isEmpty)
        let place = host.place
        let command = host.commandLine(role, directory: directory, monitors: [host.monitor, address])
        process = try Workbench.current.start(
            place.prefix + command,
            name: name,
            environment: ["LD_PRELOAD": try Self.shim()]
        )
        let listens = Deadline().waits { !process.isRunning || address.isListenedOn(seenBy: process.id) }
        guard listens, process.isRunning else { throw Failure("\(name) does not start: \(process.errors)") }
    }

    private static func writeDisks(_ role: Role, in directory: String, isEmpty: Bool) throws {
        let disk = "\(directory)/primary.qcow2"
        if isEmpty { try COLOGuest.writeEmptyDisk(disk) } else { try COLOGuest.writeDisk(disk) }
        guard role == .secondary else { return }
        for name in ["active", "hidden"] { try COLOGuest.writeEmptyDisk("\(directory)/secondary-\(name).qcow2") }
    }

    /// What lets a pair live without KVM, built beside the tests.
    private static func shim() throws -> String {
        let folder = URL(filePath: try Proxy.binary()).deletingLastPathComponent()
        let path = folder.appending(path: "libTCGShim.so").path
        guard FileManager.default.fileExists(atPath: path) else { throw Failure("\(path) is not built") }
        return path
    }

    // MARK: - Asking

    /// Its second monitor.
    var monitor: COLOMonitor {
        get throws {
            if let connected { return connected }
            let monitor = try COLOMonitor(address, name: "second monitor of \(name)")
            connected = monitor
            return monitor
        }
    }

    /// Notes what it has; a primary cannot tell before its secondary has connected.
    func noteInventory() throws {
        inventoryAtStart = try inventory()
    }

    /// How many letters its guest has written.
    var letters: Int { FileManager.default.contents(atPath: serialLog)?.count ?? 0 }

    /// The guest's counter.
    var counter: Int {
        get throws {
            let text = try monitor.askHuman("xp /1dw \(COLOGuest.counterAddress)")
            let number = text.split(separator: ":").last?.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let counter = number.flatMap({ Int($0) }) else { throw Failure("\(name): the counter is \(text)") }
            return counter
        }
    }

    /// A member of query-colo-status.
    func colo(_ member: String) throws -> String { try monitor.status("query-colo-status", member) }

    /// Waits until its guest has written some more letters.
    func waitForLetters(_ count: Int = 5) throws {
        let before = letters
        guard Deadline().waits(until: { letters >= before + count || !process.isRunning }), process.isRunning else {
            throw Failure("the guest of \(name) has written \(letters - before) letters")
        }
    }

    /// Waits until something is so of its member of a query's reply.
    func waitFor(_ query: String, _ member: String, _ wanted: String...) throws {
        var last = ""
        let found = try Deadline().waits {
            last = try monitor.status(query, member)
            return wanted.contains(last)
        }
        guard found else { throw Failure("\(name): \(query) says \(member) \(last), wanted is \(wanted)") }
    }

    // MARK: - Harm

    /// Kills it (-9).
    func kill() throws {
        process.signal(SIGKILL)
        try process.waitForEnd()
    }

    /// Freezes it: sockets stay, nothing is read or said.
    func freeze() {
        process.signal(SIGSTOP)
    }

    func thaw() {
        process.signal(SIGCONT)
    }
}
