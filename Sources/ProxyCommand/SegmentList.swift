internal import Glibc

/// The files of a recording, and which one follows on another.
///
/// A recording in one file is rotated by giving the file a name such as `vm0-20261121T030629.120456Z.qmprec` and
/// beginning a new one under the old name; one in a directory by beginning a file of a later name. A file that has no
/// time in its name is the one that is recorded to, and the last.
struct SegmentList {
    /// Which file it is, whatever it is called.
    struct Identity: Equatable {
        let device: dev_t
        let number: ino_t

        init(_ facts: stat) {
            device = facts.st_dev
            number = facts.st_ino
        }
    }

    /// Where in the order of names a file stands.
    enum Place: Equatable {
        /// It is called so by now.
        case at(String)
        /// It was called so and is gone; another one may have its name.
        case deleted(String)

        /// The last name that is known.
        var name: String {
            switch self {
            case .at(let name), .deleted(let name): name
            }
        }
    }

    /// What the order of files goes by: first come all of one recording.
    private struct Key: Comparable {
        /// What stands before the time.
        let prefix: String
        /// When the file was begun; `nil` for the one that is recorded to.
        let time: String?

        static func < (one: Key, other: Key) -> Bool {
            // A tilde comes behind all digits.
            (one.prefix, one.time ?? "~") < (other.prefix, other.time ?? "~")
        }
    }

    private static let suffix = ".qmprec"
    /// How a recorder writes a time.
    private static let timePattern = "-ddddddddTdddddd.ddddddZ"

    /// Looks at the names until one look is not overtaken by a rotation.
    ///
    /// Eight: rotations are seconds apart; what fails as often, such as a link that leads nowhere, is tried later.
    private static let attemptsMax = 8

    /// Where they lie.
    let directory: String
    /// The name of a recording in one file; `nil` if the directory is the recording.
    let name: String?

    /// The recording that a path means.
    init(path: String) {
        var facts = stat()
        if stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR {
            directory = path
            name = nil
        } else {
            let slash = path.lastIndex(of: "/")
            directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            name = String(path[(slash.map { path.index(after: $0) } ?? path.startIndex)...])
        }
    }

    /// The names of those that are there, in order.
    func names() throws(CallFailure) -> [String] {
        guard let folder = opendir(directory) else { throw CallFailure("cannot open \(directory)") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if isPart(name) { names.append(name) }
        }
        return names.sorted { key($0) < key($1) }
    }

    /// What the names of several recordings in a directory begin with.
    func prefixes() throws(CallFailure) -> [String] {
        Set(try names().map { key($0).prefix }).sorted()
    }

    /// Where a file of that name lies.
    func path(_ name: String) -> String {
        directory == "." ? name : directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }

    /// Where in the order of names a file stands that was opened as `name`.
    func place(of name: String, _ identity: Identity) throws(CallFailure) -> Place {
        // It may be renamed while the names are looked through.
        for _ in 0..<Self.attemptsMax {
            if let name = try names().first(where: { self.identity(of: $0) == identity }) { return .at(name) }
        }
        return .deleted(name)
    }

    /// The name of the file that goes on from the one at a place, `nil` if there is none yet.
    func next(after place: Place?) throws(CallFailure) -> String? {
        try names().first { name in
            let key = key(name)
            let isNext =
                switch place {
                case nil: true
                case .at(let place): key > self.key(place) && key.prefix == self.key(place).prefix
                case .deleted(let place): key >= self.key(place) && key.prefix == self.key(place).prefix
                }
            return isNext && isFile(name)
        }
    }

    /// Opens the file that goes on from the one at a place, `nil` if there is none yet.
    func open(after place: Place?) throws(CallFailure) -> (descriptor: CInt, name: String)? {
        for _ in 0..<Self.attemptsMax {
            guard let name = try next(after: place) else { return nil }
            let descriptor = Glibc.open(path(name), O_RDONLY | O_CLOEXEC)
            // It was deleted, or renamed by another rotation.
            if descriptor < 0, errno == ENOENT { continue }
            guard descriptor >= 0 else { throw CallFailure("cannot open \(path(name))") }
            // Rotated between both calls, that name is another file's, and the one that goes on has an earlier name.
            if try next(after: place) == name { return (descriptor, name) }
            close(descriptor)
        }
        return nil
    }

    private func isPart(_ name: String) -> Bool {
        guard let own = self.name else { return name.hasSuffix(Self.suffix) }
        // Not those of another recording whose name begins the same.
        return name == own
            || (name.hasSuffix(Self.suffix) && key(name).time != nil && key(name).prefix == key(own).prefix)
    }

    private func key(_ name: String) -> Key {
        let stem = name.hasSuffix(Self.suffix) ? name.dropLast(Self.suffix.count) : name[...]
        let time = stem.suffix(Self.timePattern.count)
        let hasTime = time.utf8.elementsEqual(Self.timePattern.utf8) { byte, pattern in
            pattern == UInt8(ascii: "d") ? (0x30...0x39).contains(byte) : byte == pattern
        }
        guard hasTime, name != self.name else { return Key(prefix: String(stem), time: nil) }
        return Key(prefix: String(stem.dropLast(time.count)), time: String(time))
    }

    /// Whether it is neither a directory nor a link that leads nowhere.
    private func isFile(_ name: String) -> Bool {
        var facts = stat()
        return stat(path(name), &facts) == 0 && facts.st_mode & S_IFMT != S_IFDIR
    }

    private func identity(of name: String) -> Identity? {
        var facts = stat()
        return stat(path(name), &facts) == 0 ? Identity(facts) : nil
    }
}
