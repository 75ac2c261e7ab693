import PluginKit
import QMP

/// As much of QEMU as runbooks touch, with the replies and error texts of a real 7.2; the transcripts hold it to that.
final class ModelQEMU {
    /// What is there, to compare before and after.
    struct Facts: Equatable {
        var mode = "none"
        var lastMode = "none"
        var migration: String?
        var runState = "running"
        var nodes: Set<String> = []
        var children: Set<String> = []
        var objects: Set<String> = ["rew0"]
        var chardevs: Set<String> = []
        var exports: Set<String> = []
        var servesNBD = false
        var jobs: Set<String> = []
        var checkpointDelay: Int64 = 20_000
    }

    var facts: Facts
    /// The commands with effects that were executed, by name.
    private(set) var executed: [String] = []
    /// Replies that are given instead, one after the other, by a command's name.
    var faults: [String: [Answer]] = [:]
    /// Whether a mirror is at its end at once.
    var isJobReady = true
    /// Events that do not come.
    var missing: Set<String> = []

    init(_ facts: Facts) {
        self.facts = facts
    }

    /// Executes a command.
    func execute(_ command: Command) -> (answer: Answer, events: [MonitorEvent]) {
        let name = command.name ?? ""
        if let fault = faults[name]?.first {
            faults[name]?.removeFirst()
            return (fault, [])
        }
        if name.hasPrefix("query-") || name == "qom-list" { return (query(name), []) }
        executed.append(name)
        let (answer, events) = effect(of: name, .object(command.arguments))
        return (answer, events.filter { !missing.contains($0.name) })
    }

    private func query(_ name: String) -> Answer {
        switch name {
        case "query-colo-status":
            .success(.members(["mode": .string(facts.mode), "last-mode": .string(facts.lastMode)]))
        case "query-status":
            .success(.members(["status": .string(facts.runState), "running": .bool(facts.runState == "running")]))
        case "query-migrate":
            .success(.object(facts.migration.map { [JSONValue.Member("status", .string($0))] } ?? []))
        case "query-block-jobs":
            .success(
                .array(
                    facts.jobs.map { job in
                        .object([
                            JSONValue.Member("device", .string(job)), JSONValue.Member("ready", .bool(isJobReady)),
                            JSONValue.Member("len", .integer(16_842_752)),
                            JSONValue.Member("offset", .integer(16_842_752)),
                        ])
                    }
                )
            )
        case "query-yank": .success(Self.instances)
        case "qom-list": .success(.array(facts.objects.sorted().map { .members(["name": .string($0)]) }))
        default: .failure(ProtocolError(.commandNotFound, "The command \(name) has not been found"))
        }
    }

    /// As a real primary listed them (Debian's 7.2.22).
    private static let instances: JSONValue = .array(
        [
            #"{"type": "chardev", "id": "compat_monitor0"}"#, #"{"type": "chardev", "id": "mirror0"}"#,
            ##"{"node-name": "#block300", "type": "block-node"}"##, #"{"type": "migration"}"#,
        ].map { text in (try? JSONValue(parsing: Bytes(text: text))) ?? .null }
    )

    private func effect(of name: String, _ arguments: JSONValue) -> (Answer, [MonitorEvent]) {
        let id = arguments["id"]?.string ?? ""
        switch name {
        case "human-monitor-command": return humanMonitor(arguments["command-line"]?.string ?? "")
        case "x-blockdev-change": return changeChild(arguments)
        case "x-colo-lost-heartbeat": return lostHeartbeat()
        case "migrate": return migrate()
        case "drive-mirror": return mirror(arguments["job-id"]?.string ?? "")
        case "block-job-cancel": return cancel(arguments["device"]?.string ?? "")
        case "migrate-set-parameters": facts.checkpointDelay = arguments["x-checkpoint-delay"]?.integer ?? 0
        case "stop": facts.runState = "paused"
        case "cont": facts.runState = "running"
        case "quit": facts.runState = "shutdown"
        case "migrate_cancel": facts.migration = "cancelled"
        case "object-del" where facts.objects.remove(id) == nil: return failed("object '\(id)' not found")
        case "object-add" where !facts.objects.insert(id).inserted:
            return failed("attempt to add duplicate property '\(id)' to object (type 'container')")
        case "chardev-remove" where facts.chardevs.remove(id) == nil: return failed("Chardev '\(id)' not found")
        case "chardev-add" where !facts.chardevs.insert(id).inserted:
            return failed("Chardev with id '\(id)' already exists")
        case "nbd-server-start" where facts.servesNBD: return failed("NBD server already running")
        case "nbd-server-start": facts.servesNBD = true
        case "nbd-server-add" where !facts.exports.insert(arguments["device"]?.string ?? "").inserted:
            return failed("Block export id '\(arguments["device"]?.string ?? "")' is already in use")
        case "nbd-server-stop" where !facts.servesNBD: return failed("NBD server not running")
        case "nbd-server-stop": (facts.servesNBD, facts.exports) = (false, [])
        default: break
        }
        return (.success(.object([])), [])
    }

    private func failed(_ text: String) -> (Answer, [MonitorEvent]) {
        (.failure(ProtocolError(.generic, text)), [])
    }

    private func humanMonitor(_ line: String) -> (Answer, [MonitorEvent]) {
        let node = line.split(separator: line.hasPrefix("drive_del") ? " " : "=").last.map(String.init) ?? ""
        if line.hasPrefix("drive_del") {
            return (.success(.string(facts.nodes.remove(node) == nil ? "Device '\(node)' not found\r\n" : "")), [])
        }
        let isNew = facts.nodes.insert(node).inserted
        return (.success(.string(isNew ? "" : "Duplicate nodes with node-name='\(node)'\r\n")), [])
    }

    private func changeChild(_ arguments: JSONValue) -> (Answer, [MonitorEvent]) {
        if let child = arguments["child"]?.string {
            guard facts.children.remove(child) != nil else {
                return failed("Node 'colo-disk0' does not have child '\(child)'")
            }
        } else if !facts.children.insert("children.1").inserted {
            return failed("The node \(arguments["node"]?.string ?? "") already has a parent")
        }
        return (.success(.object([])), [])
    }

    private func lostHeartbeat() -> (Answer, [MonitorEvent]) {
        guard facts.mode != "none" else { return failed("The feature 'colo' is not enabled") }
        (facts.lastMode, facts.mode) = (facts.mode, "none")
        (facts.migration, facts.runState) = ("completed", "running")
        return (.success(.object([])), [MonitorEvent("STOP"), MonitorEvent("RESUME")])
    }

    private func migrate() -> (Answer, [MonitorEvent]) {
        // A second one takes COLO down.
        guard facts.mode == "none" else {
            facts.mode = "none"
            return failed("duplicate yank instance")
        }
        (facts.mode, facts.migration, facts.runState) = ("primary", "colo", "running")
        return (.success(.object([])), [MonitorEvent("MIGRATION", "{'status': 'colo'}"), MonitorEvent("RESUME")])
    }

    private func mirror(_ job: String) -> (Answer, [MonitorEvent]) {
        guard facts.jobs.insert(job).inserted else { return failed("Need a root block node") }
        let ready = MonitorEvent("BLOCK_JOB_READY", "{'device': '\(job)', 'type': 'mirror'}")
        return (.success(.object([])), [ready])
    }

    private func cancel(_ job: String) -> (Answer, [MonitorEvent]) {
        guard facts.jobs.remove(job) != nil else {
            return (.failure(ProtocolError(.deviceNotActive, "Block job '\(job)' not found")), [])
        }
        let ends = [
            MonitorEvent("BLOCK_JOB_COMPLETED", "{'device': '\(job)'}"),
            MonitorEvent("JOB_STATUS_CHANGE", "{'status': 'null', 'id': '\(job)'}"),
        ]
        return (.success(.object([])), ends)
    }
}

extension MonitorEvent {
    /// An event of that name, with its data in QEMU's dialect.
    init(_ name: String, _ data: String? = nil) {
        let data = data.map { ", 'data': \($0)" } ?? ""
        self.init(name: name, bytes: Bytes(text: "{'event': '\(name)'\(data)}"))
    }
}
