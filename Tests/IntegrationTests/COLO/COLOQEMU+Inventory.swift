import Foundation
import QMP

extension COLOQEMU {
    /// All that it has which a procedure makes or removes, each as a line: objects, character devices, block nodes,
    /// jobs and exports.
    func inventory() throws -> Set<String> {
        let monitor = try monitor
        let objects = try monitor.ask("qom-list", #"{"path": "/objects"}"#).array ?? []
        var all = Set(objects.compactMap { $0["name"]?.string }.filter { $0 != "type" }.map { "object \($0)" })
        for device in try monitor.ask("query-chardev").array ?? [] {
            all.insert("chardev \(device["label"]?.string ?? "")")
        }
        for node in try monitor.ask("query-named-block-nodes", #"{"flat": true}"#).array ?? [] {
            all.insert("node \(node["drv"]?.string ?? "") \(Self.name(of: node))")
        }
        for job in try monitor.ask("query-block-jobs").array ?? [] { all.insert("job \(job["device"]?.string ?? "")") }
        for export in try monitor.ask("query-block-exports").array ?? [] {
            all.insert("export \(export["id"]?.string ?? "")")
        }
        return all
    }

    /// A node's name; of one that QEMU has named itself, its file.
    private static func name(of node: JSONValue) -> String {
        let (name, file) = (node["node-name"]?.string ?? "", node["file"]?.string ?? "")
        guard name.hasPrefix("#") else { return name }
        return file.hasPrefix("/") ? URL(filePath: file).lastPathComponent : ""
    }

    /// What it has, or lacks, that it should not when it was in a pair and is alone; nothing, that is.
    ///
    /// Some time may pass: a secondary's disks are put together after a failover, and nobody is told of it.
    func remains(_ others: Set<String> = []) throws -> [String] {
        let wanted = inventoryWhenAlone.union(others)
        var all: Set<String> = []
        _ = try Deadline().waits {
            all = try inventory()
            return all == wanted
        }
        return all.subtracting(wanted).sorted().map { "left behind: \($0)" }
            + wanted.subtracting(all).sorted().map { "missing: \($0)" }
    }

    private var inventoryWhenAlone: Set<String> {
        switch role {
        case .primary:
            let objects = ["comp0", "iothread1", "m0", "redire0", "redire1"]
            return inventoryAtStart.subtracting(objects.map { "object \($0)" })
        case .secondary:
            let sockets = ["mirror0", "compare1", "compare0", "compare0-0", "compare_out", "compare_out0"]
            let lost: Set = [
                "object f1", "object f2", "chardev red0", "chardev red1", "node file secondary-active.qcow2",
                "node file secondary-hidden.qcow2", "node qcow2 ",
            ]
            return inventoryAtStart.subtracting(lost).union(sockets.map { "chardev \($0)" })
        }
    }
}
