import Foundation

/// Where recordings are written: in memory if that can be, for a slow disk would measure the disk.
struct RecordDirectory {
    private static let memory = "/dev/shm"

    var path: String
    let isInMemory: Bool

    /// - Parameter wanted: what the user asked for, if anything.
    init(wanted: String?) {
        let usual = FileManager.default.temporaryDirectory.path
        path = wanted ?? (FileManager.default.isWritableFile(atPath: Self.memory) ? Self.memory : usual)
        isInMemory = Self.isInMemory(path)
    }

    /// Such as `/dev/shm (in memory)`.
    var summary: String {
        isInMemory ? "\(path) (in memory)" : path
    }

    /// Whether the file system that is mounted nearest above a path is a tmpfs.
    private static func isInMemory(_ path: String) -> Bool {
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        let fields = mounts.split(separator: "\n").map { $0.split(separator: " ") }
        let above = fields.filter { $0.count > 2 && (path + "/").hasPrefix($0[1] == "/" ? "/" : $0[1] + "/") }
        return above.max { $0[1].count < $1[1].count }?[2] == "tmpfs"
    }
}
