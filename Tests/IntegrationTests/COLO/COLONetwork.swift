import Foundation

/// What two hosts of a pair are to the network.
///
/// Where root allows it they are two network namespaces, joined by a cable that can be cut; else two addresses of this
/// machine, with ports that nobody else has. The namespaces have no names: each lives as long as a process in it.
final class COLONetwork {
    /// One of the two hosts.
    struct Place {
        /// What the other host reaches it by.
        let address: String
        /// Where its QEMU and its proxy listen for the other host.
        let listenHost: String
        /// Where its QEMU listens for itself.
        let loopHost: String
        /// What stands before a command so that it runs on that host.
        let prefix: [String]
    }

    /// The ports of a pair, the same on both hosts, by the names of the plugin's settings.
    let ports: [String: Int]
    /// The port of the listener that the other host's proxy asks.
    let proxyPort: Int
    let places: [Place]
    /// Whether there is a cable to cut.
    let hasCable: Bool

    /// What the documents say.
    private static let documented = [
        "nbd-port": 9999, "migrate-port": 9998, "mirror-port": 9003, "compare-port": 9004, "compare-in-port": 9001,
        "compare-out-port": 9005,
    ]

    init() throws {
        hasCable = Self.namespacesAreAllowed
        guard hasCable else {
            var free = Set<Int>()
            while free.count <= Self.documented.count { free.insert(try SocketAddress.freePort()) }
            proxyPort = free.removeFirst()
            ports = Dictionary(uniqueKeysWithValues: zip(Self.documented.keys, free))
            places = (1...2).map { number in
                let host = "127.0.0.\(number)"
                return Place(address: host, listenHost: host, loopHost: host, prefix: [])
            }
            return
        }
        ports = Self.documented
        proxyPort = 7700
        let holders = try (1...2).map { _ in try Self.startNamespace() }
        let link = ["link", "add", Self.cable, "netns", "\(holders[0].id)", "type", "veth"]
        try Self.run(["ip"] + link + ["peer", "name", Self.cable, "netns", "\(holders[1].id)"])
        places = try zip(1..., holders).map { number, holder in
            let prefix = ["nsenter", "--net=/proc/\(holder.id)/ns/net", "--"]
            let address = "10.77.0.\(number)"
            try Self.run(prefix + ["ip", "link", "set", "lo", "up"])
            try Self.run(prefix + ["ip", "address", "add", "\(address)/24", "dev", Self.cable])
            try Self.run(prefix + ["ip", "link", "set", Self.cable, "up"])
            return Place(address: address, listenHost: "0.0.0.0", loopHost: "127.0.0.1", prefix: prefix)
        }
    }

    /// Cuts the cable: nothing that is sent arrives, and nobody is told.
    func cut() throws {
        try Self.run(places[1].prefix + ["ip", "link", "set", Self.cable, "down"])
    }

    func mend() throws {
        try Self.run(places[1].prefix + ["ip", "link", "set", Self.cable, "up"])
    }

    // MARK: - Namespaces

    /// The name of both ends, each of which is in a namespace of its own.
    private static let cable = "cable"

    /// Whether namespaces with a cable between them can be made here.
    static let namespacesAreAllowed = geteuid() == 0 && probe()

    /// A container's root may be refused them, and `ip` may not be there.
    private static func probe() -> Bool {
        let logs = NSTemporaryDirectory() + "qmp-proxy-network-\(getpid())"
        defer {
            unlink("\(logs).out")
            unlink("\(logs).err")
        }
        let make = "ip link add \(cable) type veth peer name end && command -v nsenter"
        let child = try? ChildProcess(["unshare", "--net", "--", "sh", "-c", make], name: "probe", logs: logs)
        return (try? child?.waitForEnd()) == .exited(0)
    }

    /// A process in a namespace of its own, which keeps it.
    private static func startNamespace() throws -> ChildProcess {
        let holder = try Workbench.current.start(["unshare", "--net", "--", "sleep", "infinity"], name: "namespace")
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        let isMade = Deadline().waits {
            let other = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(holder.id)/ns/net")
            return !holder.isRunning || other.map { $0 != own } ?? false
        }
        guard isMade, holder.isRunning else { throw Failure("no network namespace: \(holder.errors)") }
        return holder
    }

    private static func run(_ command: [String]) throws {
        let (ending, _, errors) = try Workbench.current.run(command)
        guard ending == .exited(0) else { throw Failure("\(command.joined(separator: " ")) \(ending): \(errors)") }
    }
}
