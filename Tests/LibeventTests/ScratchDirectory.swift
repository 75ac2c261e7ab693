import Glibc
import Libevent
import Testing

/// A directory of a test's own, removed with it.
final class ScratchDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/libevent-tests.XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    func address(_ name: String) -> Address {
        .unix(path: "\(path)/\(name)")
    }

    /// A socket bound to that name, and nobody listens on it as long as `backlog` is `nil`.
    func bind(_ name: String, backlog: CInt? = nil) throws -> DescriptorHandle {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(path)/\(name)".utf8) }
        let number = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let descriptor = DescriptorHandle(owning: number)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(number, $0, size) }
        }
        try #require(result == 0)
        if let backlog {
            try #require(listen(number, backlog) == 0)
        }
        return descriptor
    }

    /// A socket's file on which nobody listens any more.
    ///
    /// The socket is shut down, not only closed: a process that another test has forked may hold it for a moment yet.
    func leaveStale(_ name: String) throws {
        let socket = try bind(name, backlog: 1)
        try #require(shutdown(try #require(socket.number), CInt(SHUT_RDWR)) == 0)
        socket.close()
    }

    func write(_ name: String, _ text: String) {
        let number = open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o644)
        #expect(Glibc.write(number, text, text.utf8.count) == text.utf8.count)
        close(number)
    }

    func status(_ name: String) -> stat {
        var status = stat()
        lstat("\(path)/\(name)", &status)
        return status
    }
}
