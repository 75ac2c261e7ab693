import Foundation

/// A process and all that descends from it.
struct ProcessTree {
    var pids: [pid_t]

    init(root: pid_t) {
        var children: [pid_t: [pid_t]] = [:]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in names.compactMap({ pid_t($0) }) {
            if let parent = Self.parent(of: pid) {
                children[parent, default: []].append(pid)
            }
        }
        var found = [root]
        var next = 0
        while next < found.count {
            found += children[found[next]] ?? []
            next += 1
        }
        pids = found
    }

    /// Proportional set size in KiB: memory that processes share is counted once, divided among them.
    ///
    /// It is what the processes map themselves; the kernel's socket buffers and process tables are not in it.
    func proportionalKiB() throws -> Int {
        try pids.reduce(0) { total, pid in
            let path = "/proc/\(pid)/smaps_rollup"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Failure("cannot read \(path)")
            }
            for line in text.split(separator: "\n") where line.hasPrefix("Pss:") {
                let words = line.split(separator: " ")
                return total + (Int(words[1]) ?? 0)
            }
            throw Failure("\(path) has no Pss")
        }
    }

    private static func parent(of pid: pid_t) -> pid_t? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
            return nil
        }
        // The name in parentheses may hold anything, parentheses too; behind it: the state, then the parent.
        guard let name = stat.lastIndex(of: ")") else {
            return nil
        }
        let words = stat[name...].split(separator: " ")
        return words.count > 2 ? pid_t(words[2]) : nil
    }
}
