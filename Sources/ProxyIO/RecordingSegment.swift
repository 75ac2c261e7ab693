internal import Glibc
internal import QMP
internal import Recording

/// A recording's file, opened to be appended to.
struct RecordingSegment {
    /// The file's two system calls, so that a test may fail them.
    struct Calls {
        /// Writes one byte or more.
        var write: (UnsafeRawBufferPointer) throws(SystemFailure) -> Int
        /// Returns when all that was written is on the disk.
        var sync: () throws(SystemFailure) -> Void
    }

    /// How much of a file is read to know whether it is a recording, in bytes: headers seldom are longer.
    private static let bytesLookedAt = 64 << 10

    var path: String
    /// When it was begun, in microseconds since 1970.
    let begun: Int64
    let descriptor: CInt
    /// How much was in it when it was opened.
    let bytesBefore: Int
    /// Whether it ended in the midst of a line then.
    let isTorn: Bool
    private let facts: stat

    /// Opens a file, or creates it; nobody else may be recording to it.
    ///
    /// A file that is a recording already can be gone on with; one that is something else is left alone. A new file is
    /// its owner's only, since messages carry secrets.
    init(path: String, begun: Int64, mustBeNew: Bool = false) throws(Recorder.Failure) {
        let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | (mustBeNew ? O_EXCL : 0)
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw Recorder.Failure("open", path, errno) }
        do throws(Recorder.Failure) {
            try Self.lock(descriptor, path)
            isTorn = try Self.isTorn(descriptor, path, try Self.facts(descriptor, path))
            facts = try Self.facts(descriptor, path)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        // Where that is not permitted, whoever owns it knows why.
        if facts.st_mode & S_IFMT == S_IFREG, facts.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
        self.path = path
        self.begun = begun
        self.descriptor = descriptor
        bytesBefore = facts.st_size
    }

    /// The file's name without its directory.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Whether it is a file that holds what is written, not a pipe or a device.
    var isRegular: Bool { facts.st_mode & S_IFMT == S_IFREG }

    /// Whether nobody can open it any more.
    var isDeleted: Bool {
        var found = stat()
        return fstat(descriptor, &found) == 0 && found.st_nlink == 0
    }

    /// What somebody else did to a file that should hold so many bytes at least; `nil` if all is well.
    func harm(bytes: Int) -> String? {
        var found = stat()
        guard isRegular, fstat(descriptor, &found) == 0 else { return nil }
        if found.st_nlink == 0 { return "\(path) was deleted" }
        return found.st_size < bytes ? "\(path) was cut" : nil
    }

    /// Whether this file stands at its path still.
    var isAtItsPath: Bool {
        var found = stat()
        return stat(path, &found) == 0 && found.st_dev == facts.st_dev && found.st_ino == facts.st_ino
    }

    /// The calls a writer needs.
    var calls: Calls {
        Calls(
            write: { [descriptor] bytes throws(SystemFailure) in
                while true {
                    let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
                    if count > 0 { return count }
                    let code = count < 0 ? errno : EIO
                    if code != EINTR { throw SystemFailure(code: code) }
                }
            },
            sync: { [descriptor] () throws(SystemFailure) in
                // EINVAL, EROFS: what this is has nothing to sync, such as a pipe (fsync(2)).
                guard fdatasync(descriptor) != 0, errno != EINVAL, errno != EROFS else { return }
                throw SystemFailure(code: errno)
            }
        )
    }

    /// Gives up the lock, which the guardian has as well until it comes to read what it was told.
    func unlock() {
        flock(descriptor, LOCK_UN)
    }

    func close() {
        Glibc.close(descriptor)
    }

    /// Makes sure that nobody else records to a file.
    private static func lock(_ descriptor: CInt, _ path: String) throws(Recorder.Failure) {
        guard try facts(descriptor, path).st_mode & S_IFMT == S_IFREG else { return }
        try FileLock.take(descriptor, path)
    }

    private static func facts(_ descriptor: CInt, _ path: String) throws(Recorder.Failure) -> stat {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw Recorder.Failure("fstat", path, errno) }
        return facts
    }

    /// Makes sure that a file is empty or a recording; how it ends.
    private static func isTorn(_ descriptor: CInt, _ path: String, _ facts: stat) throws(Recorder.Failure) -> Bool {
        guard facts.st_mode & S_IFMT == S_IFREG, facts.st_size > 0 else { return false }
        var decoder = RecordingDecoder()
        decoder.append(try read(descriptor, path, from: 0, count: bytesLookedAt))
        do throws(RecordingDecoder.NotARecording) {
            if try decoder.next() == nil { _ = try decoder.finish() }
        } catch {
            throw Recorder.Failure("\(path) exists and is no recording: \(error)")
        }
        return try read(descriptor, path, from: facts.st_size - 1, count: 1) != [UInt8(ascii: "\n")]
    }

    private static func read(
        _ descriptor: CInt,
        _ path: String,
        from offset: Int,
        count: Int
    ) throws(Recorder.Failure) -> Bytes {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            result = pread(descriptor, buffer.baseAddress, count, offset)
            initialized = max(0, result)
        }
        guard result >= 0 else { throw Recorder.Failure("pread", path, errno) }
        return bytes[...]
    }
}
