internal import Glibc

/// A system call that has just failed, for a person.
struct CallFailure: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) {
        let code = errno
        description = "\(what): \(strerror(code).map { String(cString: $0) } ?? "error \(code)")"
    }
}

/// Whether somebody may still read what is written to a pipe (poll(2), POLLERR).
func isRead(_ file: CInt) -> Bool {
    var file = pollfd(fd: file, events: 0, revents: 0)
    return poll(&file, 1, 0) <= 0 || file.revents & Int16(POLLERR | POLLNVAL) == 0
}

/// Writes all bytes; `false` when nobody reads them any more, as behind `| head`.
func write(_ bytes: [UInt8], to file: CInt) throws(CallFailure) -> Bool {
    var start = 0
    while start < bytes.count {
        let count = bytes[start...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        if count > 0 {
            start += count
        } else if errno == EPIPE {
            return false
        } else if errno != EINTR {
            throw CallFailure("cannot write")
        }
    }
    return true
}
