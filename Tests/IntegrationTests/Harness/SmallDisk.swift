import Foundation

/// A file system in memory of a size that is soon full; it is gone with this object.
final class SmallDisk {
    let path: String

    /// - Throws: ``Failure`` where mounting is not allowed.
    init(megabytes: Int) throws {
        path = Workbench.current.newPath("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else { throw Failure.system("mount") }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
    }

    /// Whether one may be made here.
    static let isAllowed = geteuid() == 0 && unshareable

    /// A container's root may be refused it.
    private static var unshareable: Bool {
        let probe = NSTemporaryDirectory() + "qmp-proxy-mount-\(getpid())"
        mkdir(probe, 0o700)
        defer { rmdir(probe) }
        guard mount("tmpfs", probe, "tmpfs", 0, "size=1m") == 0 else { return false }
        return umount2(probe, 0) == 0
    }

    /// Fills it to the last byte with a file of that name.
    func fill(_ name: String = "filler") throws {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.system("open") }
        defer { close(file) }
        let piece = [UInt8](repeating: 0x78, count: 1 << 16)
        var size = piece.count
        while size > 0 {
            if write(file, piece, size) < size { size /= 2 }
        }
        guard errno == ENOSPC else { throw Failure.system("write") }
    }

    /// Makes room again.
    func clear(_ name: String = "filler") {
        unlink("\(path)/\(name)")
    }
}
