internal import Glibc
internal import Libevent
internal import QMP

/// The file in which a plugin keeps what must outlive the proxy: one JSON value.
struct StateFile: Sendable {
    /// A file that holds something else, in a line for a person.
    ///
    /// Nothing is made of it: a plugin that forgets what it has promised may cost data.
    struct Invalid: Error, Equatable, CustomStringConvertible {
        let description: String

        init(_ path: String, _ reason: String) {
            description = "\(path) is no state of a plugin: \(reason); mend it or move it away"
        }
    }

    /// The longest value, in bytes.
    ///
    /// 16 MiB: far more than a plugin has to remember, and read in a moment.
    static let bytesMax = 16 << 20

    private let directory: String
    private let name: String

    /// The file of a plugin of a monitor.
    ///
    /// `MONITOR.PLUGIN.json`, with all but letters, digits, `-`, `_` and, in the monitor's name, `.` as `%XX`: no two
    /// of them share a file.
    init(directory: String, monitor: String, plugin: String) {
        self.directory = directory
        name = "\(Self.safe(monitor, allowing: "-_.")).\(Self.safe(plugin, allowing: "-_")).json"
    }

    /// Where it is.
    var path: String { "\(directory)/\(name)" }

    /// Where a value is written before it takes the place of the one before.
    private var temporaryPath: String { "\(directory)/.new-\(name)" }

    /// Removes what a proxy that was killed has left half written.
    func removeTemporary() {
        unlink(temporaryPath)
    }

    /// What was stored last; `nil` if nothing was.
    ///
    /// - Throws: `SystemError`, ``Invalid``.
    func read() throws -> JSONValue? {
        // Not blocking, or a named pipe would hold up the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("open", path)
        }
        let file = DescriptorHandle(owning: descriptor)
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw Self.failure("fstat", path) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw Invalid(path, "it is no file") }
        // One more for the line's end.
        guard facts.st_size <= Self.bytesMax + 1 else {
            throw Invalid(path, "it is longer than \(Self.bytesMax) bytes")
        }
        let bytes = try contents(of: descriptor, count: facts.st_size)
        withExtendedLifetime(file) {}
        do throws(JSONValue.Malformed) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw Invalid(path, "\(error.what) at byte \(error.offset + 1)")
        }
    }

    /// Has the file hold that value; in between it holds the one before, also if power fails.
    ///
    /// - Throws: what has failed; the value before is kept then, unless only the directory could not be synced.
    func replace(with value: Bytes) throws(SystemError) {
        do throws(SystemError) {
            try write(value, to: temporaryPath)
            guard rename(temporaryPath, path) == 0 else { throw Self.failure("rename", path) }
        } catch {
            removeTemporary()
            throw error
        }
        try Self.syncDirectory(directory)
    }

    /// Makes names that were made or changed in a directory outlive a power failure.
    static func syncDirectory(_ path: String) throws(SystemError) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("open", path) }
        defer { close(directory) }
        try sync(directory, path)
    }

    private func write(_ value: Bytes, to path: String) throws(SystemError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        defer { close(descriptor) }
        var rest = value + [UInt8(ascii: "\n")]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("write", path) }
            rest = rest.dropFirst(count)
        }
        try Self.sync(descriptor, path)
    }

    private static func sync(_ descriptor: CInt, _ path: String) throws(SystemError) {
        // EINVAL: a file system that has nothing to sync (fsync(2)).
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("fsync", path) }
    }

    private func contents(of descriptor: CInt, count: Int) throws(SystemError) -> Bytes {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var result = 0
            let piece = [UInt8](unsafeUninitializedCapacity: count - bytes.count) { room, initialized in
                result = Glibc.read(descriptor, room.baseAddress, room.count)
                initialized = max(0, result)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw Self.failure("read", path) }
            // Somebody has cut it meanwhile.
            guard result > 0 else { break }
            bytes += piece
        }
        return bytes[...]
    }

    private static func failure(_ call: String, _ path: String) -> SystemError {
        SystemError(call: call, code: errno, subject: path)
    }

    private static func safe(_ name: String, allowing others: String) -> String {
        name.utf8.reduce(into: "") { safe, byte in
            let character = Unicode.Scalar(byte)
            let isPlain = character.isASCII && character.properties.isAlphabetic || (0x30...0x39).contains(byte)
            if isPlain || others.utf8.contains(byte) {
                safe.unicodeScalars.append(character)
            } else {
                safe += byte < 0x10 ? "%0" : "%"
                safe += String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
