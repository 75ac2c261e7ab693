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
        remove("")
        rmdir(root)
    }

    func path(_ name: String) -> String {
        "\(root)/\(name)"
    }

    /// What lies in the directory, or in one below it, in order.
    func names(in name: String = "") -> [String] {
        guard let folder = opendir(path(name)) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func contents(_ name: String) -> Bytes {
        let file = open(path(name), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var facts = stat()
        fstat(file, &facts)
        return [UInt8](unsafeUninitializedCapacity: facts.st_size) { buffer, count in
            count = max(0, read(file, buffer.baseAddress, buffer.count))
        }[...]
    }

    func text(_ name: String) -> String {
        contents(name).text
    }

    func write(_ name: String, _ bytes: Bytes) {
        let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(file) }
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        #expect(count == bytes.count)
    }

    private func remove(_ folder: String) {
        for name in names(in: folder) where unlink(path(folder + name)) != 0 {
            remove(folder + name + "/")
            rmdir(path(folder + name))
        }
    }
}
