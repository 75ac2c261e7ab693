internal import Glibc

/// Gives a recording's bytes, file by file, and goes on as they grow and are rotated if it is to.
final class RecordingSource {
    /// What comes next.
    enum Piece: Equatable {
        /// A file begins; its path for people.
        case begins(String)
        /// Bytes of it.
        case bytes([UInt8])
        /// The file was cut short and is read from its beginning again.
        case startsOver
        /// A file of a directory cannot be read; its path, and why.
        case leftOut(String, String)
        /// A file is over; its name by now.
        case ends(String)
        /// There is nothing more for now.
        case waits
    }

    private struct Current {
        let descriptor: CInt
        let name: String
        var offset = 0
        /// Where it stood when there was one that goes on from it; all of it has been written by then.
        var place: SegmentList.Place?
    }

    /// 256 KiB: large enough for its system call not to matter, small enough for malloc to keep.
    private static let pieceBytes = 256 << 10

    /// The files, unless it is standard input.
    private let files: SegmentList?
    private let follows: Bool
    private var names: [String] = []
    private var current: Current?
    /// Where the file before stood in the end.
    private var last: SegmentList.Place?
    /// The bytes of the files that there were at the start, `nil` if nobody can know.
    private(set) var total: Int?

    /// The descriptor of the file under way.
    var descriptor: CInt? { current?.descriptor }

    /// Where the files lie; `nil` for standard input.
    var directory: String? { files?.directory }

    /// Whether the recording is a directory of segments.
    var isDirectory: Bool { files.map { $0.name == nil } ?? false }

    /// A recording: a file, a directory, or `-` for standard input.
    ///
    /// - Throws: `CallFailure` or ``ShowSession/Failure``.
    init(_ path: String, follows: Bool) throws {
        self.follows = follows && path != "-"
        guard path != "-" else {
            files = nil
            names = ["standard input"]
            return
        }
        let files = SegmentList(path: path)
        self.files = files
        if let name = files.name { names = [name] } else { names = try files.names() }
        let prefixes = follows && files.name == nil ? try files.prefixes() : []
        guard prefixes.count <= 1 else {
            let told = prefixes.joined(separator: ", ")
            throw ShowSession.Failure(text: "cannot follow \(path): it holds several recordings: \(told)")
        }
        guard follows || !names.isEmpty else {
            errno = ENOENT
            throw CallFailure("no segment (*.qmprec) in \(path)")
        }
        var facts = stat()
        total = names.reduce(0) { $0 + (stat(files.path($1), &facts) == 0 ? facts.st_size : 0) }
    }

    deinit {
        if let current, files != nil { close(current.descriptor) }
    }

    /// What comes next, `nil` when that was all.
    func next() throws(CallFailure) -> Piece? {
        guard let current else { return try begin() }
        let bytes = try read(current.descriptor)
        self.current?.offset += bytes.count
        if !bytes.isEmpty { return .bytes(bytes) }
        guard follows, let files else { return end(.at(current.name)) }
        var facts = stat()
        guard fstat(current.descriptor, &facts) == 0 else { throw CallFailure("cannot look at \(current.name)") }
        if facts.st_size < current.offset {
            lseek(current.descriptor, 0, SEEK_SET)
            self.current?.offset = 0
            return .startsOver
        }
        if let place = current.place { return end(place) }
        let place = try files.place(of: current.name, SegmentList.Identity(facts))
        guard try files.next(after: place) != nil else { return .waits }
        self.current?.place = place
        return try next()
    }

    /// Leaves the rest of the file out.
    func skip() {
        if let current { _ = end(.at(current.name)) }
    }

    private func begin() throws(CallFailure) -> Piece? {
        guard let files else {
            guard let name = names.popLast() else { return nil }
            return begin(STDIN_FILENO, name)
        }
        if follows, last != nil || isDirectory {
            guard let (descriptor, name) = try files.open(after: last) else { return .waits }
            return begin(descriptor, name)
        }
        guard !names.isEmpty else { return nil }
        let name = names.removeFirst()
        let descriptor = open(files.path(name), O_RDONLY | O_CLOEXEC)
        // Old segments are deleted in time.
        if descriptor < 0, errno == ENOENT, isDirectory { return .leftOut(files.path(name), "it is gone") }
        guard descriptor >= 0 else { throw CallFailure("cannot open \(files.path(name))") }
        var facts = stat()
        if fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            return .leftOut(files.path(name), "it is a directory")
        }
        return begin(descriptor, name)
    }

    private func begin(_ descriptor: CInt, _ name: String) -> Piece {
        current = Current(descriptor: descriptor, name: name)
        return .begins(files?.path(name) ?? name)
    }

    private func end(_ place: SegmentList.Place) -> Piece {
        if let current, files != nil { close(current.descriptor) }
        current = nil
        last = place
        return .ends(place.name)
    }

    /// Nothing at the end.
    private func read(_ file: CInt) throws(CallFailure) -> [UInt8] {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, initialized in
            repeat { count = Glibc.read(file, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
            initialized = max(0, count)
        }
        guard count >= 0 else { throw CallFailure("cannot read") }
        return bytes
    }
}
