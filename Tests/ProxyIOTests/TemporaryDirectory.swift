import Glibc
import QMP
import Testing

/// A directory that is there as long as the test.
final class TemporaryDirectory: Sendable {
    private let root: String

    init() {
        var template = Array("/tmp/qmp-proxy-test-XXXXXX\0".utf8CString)
        root = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit {
        guard let folder = opendir(root) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink(path(name))
        }
        closedir(folder)
        rmdir(root)
    }

    func path(_ name: String) -> String {
        "\(root)/\(name)"
    }

    func contents(_ name: String) -> Bytes {
        let file = open(path(name), O_RDONLY)
        defer { close(file) }
        var facts = stat()
        fstat(file, &facts)
        return [UInt8](unsafeUninitializedCapacity: facts.st_size) { buffer, count in
            count = max(0, read(file, buffer.baseAddress, buffer.count))
        }[...]
    }

    func write(_ name: String, _ bytes: Bytes) {
        let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        #expect(count == bytes.count)
    }
}
