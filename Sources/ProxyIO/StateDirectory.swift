internal import Glibc
internal import Libevent

/// The directory in which plugins keep what must outlive the proxy, for one proxy at a time.
final class StateDirectory: Sendable {
    private let path: String
    private let lock: DirectoryLock

    /// Takes a directory, as long as this lives.
    ///
    /// One that is missing is made, for its owner only; the one above it must be there.
    ///
    /// - Throws: what keeps it from that, in a line for a person.
    init(path: String) throws {
        if mkdir(path, 0o700) == 0 {
            try StateFile.syncDirectory("\(path)/..")
        } else if errno != EEXIST {
            throw SystemError(call: "mkdir", code: errno, subject: path)
        }
        self.path = path
        lock = try DirectoryLock(path: path, busy: "is used by another proxy, or for a recording")
    }

    /// The file of a plugin of a monitor, nobody else writing to it.
    func file(of plugin: String, monitor: String) -> StateFile {
        let file = StateFile(directory: path, monitor: monitor, plugin: plugin)
        file.removeTemporary()
        return file
    }
}
