import Foundation

/// Where recordings are written: in memory if that can be, for a slow disk would measure the disk.
struct RecordDirectory {
    private static let memory = "/dev/shm"

    var path: String

    /// - Parameter wanted: what the user asked for, if anything.
    init(wanted: String?) {
        let usual = FileManager.default.temporaryDirectory.path
        path = wanted ?? (FileManager.default.isWritableFile(atPath: Self.memory) ? Self.memory : usual)
    }

    var isInMemory: Bool {
        path.hasPrefix(Self.memory)
    }

    /// Such as `/dev/shm (in memory)`.
    var summary: String {
        isInMemory ? "\(path) (in memory)" : path
    }
}
