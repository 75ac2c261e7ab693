internal import CSupport
internal import Glibc
internal import Recording

/// Where a recording's segments lie, and how they are called: `vm0-20261121T030629.120456Z.qmprec`.
///
/// The time is when the segment was begun. Of a recording in one file, the current segment has the file's own name and
/// gets that one when it is over.
struct RecordingFolder: Sendable {
    private static let suffix = ".qmprec"

    /// Ends in `/`, or is empty for the working directory.
    let directory: String
    /// What stands before the time.
    let prefix: String
    /// The current segment's path, `nil` in a directory.
    let filePath: String?

    /// The folder that a path means: itself if it is a directory or ends in `/`, else the one that the file is in.
    init(path: String, monitor: String) {
        var facts = stat()
        let isDirectory = stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
        guard !isDirectory, !path.hasSuffix("/") else {
            directory = path.hasSuffix("/") ? path : path + "/"
            prefix = String(monitor.map { $0 == "/" ? "_" : $0 }) + "-"
            filePath = nil
            return
        }
        let path = Self.target(of: path)
        let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
        directory = String(path[..<name.startIndex])
        prefix = (name.hasSuffix(Self.suffix) ? name.dropLast(Self.suffix.count) : name) + "-"
        filePath = path
    }

    /// The name of the segment that was begun so many microseconds after 1970.
    func name(begun microseconds: Int64) -> String {
        prefix + Self.utc(microseconds) + Self.suffix
    }

    /// The names of the segments that are there, the oldest first.
    func names() throws(Recorder.Failure) -> [String] {
        let place = directory.isEmpty ? "." : directory
        guard let folder = opendir(place) else { throw Recorder.Failure("opendir", place, errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if isSegment(name) { names.append(name) }
        }
        return names.sorted()
    }

    /// Has the directory to itself; `nil` for a file, whose own lock is enough.
    ///
    /// A directory that is missing is made, for its owner only; the one above it must be there.
    func lock() throws(Recorder.Failure) -> DirectoryLock? {
        guard filePath == nil else { return nil }
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw Recorder.Failure("mkdir", directory, errno) }
        return try DirectoryLock(path: directory)
    }

    /// Opens the first segment, and has its header name the one before.
    func begin(_ header: inout RecordingHeader, begun: Int64) throws(Recorder.Failure) -> RecordingSegment {
        if let filePath { return try RecordingSegment(path: filePath, begun: begun) }
        header.previous = try names().last
        return try create(begun: begun)
    }

    /// Creates the file of a segment that begins; a microsecond later if there is one of that name.
    func create(begun: Int64) throws(Recorder.Failure) -> RecordingSegment {
        do throws(Recorder.Failure) {
            return try RecordingSegment(path: directory + name(begun: begun), begun: begun, mustBeNew: true)
        } catch {
            guard error.code == EEXIST else { throw error }
            return try create(begun: begun + 1)
        }
    }

    /// Has a segment that is over give up the file's own name; its new path, `nil` if somebody moved it already.
    func archive(_ segment: RecordingSegment) throws(Recorder.Failure) -> String? {
        guard segment.isAtItsPath else { return nil }
        var begun = segment.begun
        while access(directory + name(begun: begun), F_OK) == 0 { begun += 1 }
        let path = directory + name(begun: begun)
        guard rename(segment.path, path) == 0 else { throw Recorder.Failure("rename", segment.path, errno) }
        return path
    }

    /// Deletes the oldest segments until the others are as few and as small as the options say.
    ///
    /// - Returns: what could not be done, in lines for the log.
    func prune(by options: RecordingOptions, current: RecordingSegment, previous: String?) -> [String] {
        guard options.keepSegments != nil || options.keepBytes != nil else { return [] }
        let names: [String]
        do throws(Recorder.Failure) { names = try self.names() } catch { return ["old segments are kept: \(error)"] }
        var problems: [String] = []
        var segments = options.keepSegments ?? .max
        var bytes = options.keepBytes ?? .max
        segments -= 1
        // The current one grows as far as that.
        bytes -= max(Self.facts(of: current.path).size, options.rotateBytes ?? 0)
        for (name, size) in newestFirst(names) where directory + name != current.path {
            let path = directory + name
            segments -= 1
            bytes = bytes >= size ? bytes - size : -1
            // The one before is named by the current one's header.
            let isNeeded = name == previous && segments >= 0
            // A guardian may be at work on what a proxy left that was killed.
            guard segments < 0 || bytes < 0, !isNeeded, !FileLock.isTaken(path) else { continue }
            if unlink(path) != 0 { problems.append("cannot delete \(path): \(String(errno: errno))") }
        }
        return problems
    }

    /// Makes names that were made, changed or deleted outlive a power failure.
    func sync() {
        let descriptor = open(directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Whether a file is a segment of this recording, and not one of a monitor whose name begins the same.
    private func isSegment(_ name: String) -> Bool {
        guard name.hasPrefix(prefix), name.hasSuffix(Self.suffix) else { return false }
        let time = name.utf8.dropFirst(prefix.utf8.count).dropLast(Self.suffix.utf8.count)
        return time.elementsEqual("ddddddddTdddddd.ddddddZ".utf8) { byte, pattern in
            pattern == UInt8(ascii: "d") ? (0x30...0x39).contains(byte) : byte == pattern
        }
    }

    /// Names and sizes by when they were written last: a clock that was set back makes names lie.
    private func newestFirst(_ names: [String]) -> [(name: String, size: Int)] {
        names.map { ($0, Self.facts(of: directory + $0)) }
            .sorted { ($0.1.seconds, $0.1.nanoseconds, $0.0) > ($1.1.seconds, $1.1.nanoseconds, $1.0) }
            .map { ($0.0, $0.1.size) }
    }

    private static func facts(of path: String) -> (size: Int, seconds: Int, nanoseconds: Int) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return (0, 0, 0) }
        return (facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec)
    }

    /// Where a file is that a link stands for: its segments go beside it.
    private static func target(of path: String) -> String {
        var facts = stat()
        guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFLNK, let target = realpath(path, nil) else {
            return path
        }
        defer { free(target) }
        return String(cString: target)
    }

    /// A point in time, such as `20261121T030629.120456Z`.
    private static func utc(_ microseconds: Int64) -> String {
        var seconds = time_t(microseconds / 1_000_000)
        var date = tm()
        gmtime_r(&seconds, &date)
        let day = padded(Int(date.tm_year) + 1900, 4) + padded(Int(date.tm_mon) + 1, 2) + padded(Int(date.tm_mday), 2)
        let time = [date.tm_hour, date.tm_min, date.tm_sec].map { padded(Int($0), 2) }.joined()
        return "\(day)T\(time).\(padded(Int(microseconds % 1_000_000), 6))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
