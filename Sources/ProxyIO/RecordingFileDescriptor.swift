internal import Glibc
internal import QMP
internal import Recording

/// A recording's file, opened to be appended to.
struct RecordingFileDescriptor {
    /// Whether it ends in the midst of a line.
    let isTorn: Bool
    private let number: CInt
    private let path: String

    /// Opens a file, or creates it; nobody else may be recording to it.
    init(path: String) throws(RecordingFile.Failure) {
        let number = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0o600)
        guard number >= 0 else { throw RecordingFile.Failure("open", path, errno) }
        do throws(RecordingFile.Failure) {
            isTorn = try Self.isTorn(number, path)
        } catch {
            Glibc.close(number)
            throw error
        }
        self.number = number
        self.path = path
    }

    /// The calls a writer needs.
    var calls: RecordingFileWriter.Calls {
        RecordingFileWriter.Calls(
            write: { [number] bytes throws(RecordingFileWriter.Calls.Failure) in
                while true {
                    let count = Glibc.write(number, bytes.baseAddress, bytes.count)
                    if count > 0 { return count }
                    let code = count < 0 ? errno : EIO
                    if code != EINTR { throw RecordingFileWriter.Calls.Failure(code: code) }
                }
            },
            sync: { [number] () throws(RecordingFileWriter.Calls.Failure) in
                // EINVAL, EROFS: what this is has nothing to sync, such as a pipe (fsync(2)).
                guard fdatasync(number) != 0, errno != EINVAL, errno != EROFS else { return }
                throw RecordingFileWriter.Calls.Failure(code: errno)
            }
        )
    }

    func close() {
        Glibc.close(number)
    }

    /// Makes sure that a file is empty or a recording of nobody else's; how it ends.
    private static func isTorn(_ number: CInt, _ path: String) throws(RecordingFile.Failure) -> Bool {
        var facts = stat()
        guard fstat(number, &facts) == 0 else { throw RecordingFile.Failure("fstat", path, errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else { return false }
        guard flock(number, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw RecordingFile.Failure("\(path) is being recorded to already")
        }
        guard facts.st_size > 0 else { return false }
        var decoder = RecordingDecoder()
        decoder.append(try read(number, path, from: 0, count: 64 << 10))
        do throws(RecordingDecoder.NotARecording) {
            if try decoder.next() == nil { _ = try decoder.finish() }
        } catch {
            throw RecordingFile.Failure("\(path) exists and is no recording: \(error)")
        }
        return try read(number, path, from: facts.st_size - 1, count: 1) != [UInt8(ascii: "\n")]
    }

    private static func read(
        _ number: CInt,
        _ path: String,
        from offset: Int,
        count: Int
    ) throws(RecordingFile.Failure) -> Bytes {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            result = pread(number, buffer.baseAddress, count, offset)
            initialized = max(0, result)
        }
        guard result >= 0 else { throw RecordingFile.Failure("pread", path, errno) }
        return bytes[...]
    }
}
