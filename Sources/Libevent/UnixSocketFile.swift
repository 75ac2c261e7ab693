internal import Glibc

/// The file of a listening unix socket.
struct UnixSocketFile {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Makes the socket listen at a path, where a stale socket file is replaced and nothing else.
    ///
    /// Two that start at once do not take each other's fresh file for a stale one: the directory is locked meanwhile.
    init(listening socket: CInt, path: String, mode: UInt32, backlog: CInt) throws(ListenFailure) {
        let address = Address.unix(path: path)
        let name: SocketAddress
        do throws(SystemError) { name = try SocketAddress(path: path) } catch { throw .failed(error) }
        let lock = DirectoryLock(Self.directory(of: path))
        defer { lock?.release() }
        // The kernel makes the file with the mode of the socket's own inode, less the umask (net/unix/af_unix.c,
        // `unix_bind_bsd`): so it is never open to more than wanted, and no other thread's files are affected.
        guard fchmod(socket, mode & 0o777) == 0 else { throw .failed(.last("fchmod", "\(address)")) }
        if name.withPointer({ bind(socket, $0, $1) }) != 0 {
            guard errno == EADDRINUSE else { throw Self.failure(code: errno, path: path) }
            try Self.removeStale(path, name)
            guard name.withPointer({ bind(socket, $0, $1) }) == 0 else { throw Self.failure(code: errno, path: path) }
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .failed(.last("lstat", path)) }
        (self.path, device, inode) = (path, status.st_dev, status.st_ino)
        guard chmod(path, mode & 0o777) == 0, listen(socket, backlog) == 0 else {
            let error = SystemError.last("listen", "\(address)")
            removeIfOurs()
            throw .failed(error)
        }
    }

    /// Removes the file unless another one has taken its place.
    func removeIfOurs() {
        var status = stat()
        if lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode {
            unlink(path)
        }
    }

    /// Removes a socket file on which nobody listens.
    private static func removeStale(_ path: String, _ name: SocketAddress) throws(ListenFailure) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            // It went away by itself.
            guard errno == ENOENT else { throw .failed(.last("lstat", path)) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw .failed(.last("socket", path)) }
        defer { close(probe) }
        if name.withPointer({ connect(probe, $0, $1) }) != 0 {
            switch errno {
            case ECONNREFUSED:
                guard unlink(path) == 0 || errno == ENOENT else { throw .failed(.last("unlink", path)) }
                return
            case ENOENT:
                return
            case EAGAIN, EPROTOTYPE:
                // A full queue of newcomers, or a socket of another type: alive.
                break
            default:
                throw .failed(.last("connect", "unix:\(path)"))
            }
        }
        throw .alreadyListening(.unix(path: path))
    }

    private static func failure(code: CInt, path: String) -> ListenFailure {
        let address = Address.unix(path: path)
        switch code {
        case ENOENT:
            return .missingDirectory(directory(of: path), for: address)
        case EADDRINUSE:
            return .alreadyListening(address)
        default:
            return .failed(SystemError(call: "bind", code: code, subject: "\(address)"))
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Keeps other starters out of a directory for a moment.
///
/// Only a courtesy among ourselves: who cannot get it within a second goes on without, so that nobody who may read a
/// directory can keep us from starting.
private struct DirectoryLock {
    private let descriptor: CInt

    init?(_ directory: String) {
        descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        for _ in 0..<100 where flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            poll(nil, 0, 10)
        }
    }

    func release() {
        close(descriptor)
    }
}
