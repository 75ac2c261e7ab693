internal import Glibc
internal import PluginKit

/// A directory among a plugin's settings: its files are read for the plugin, which opens none itself.
///
/// Subdirectories are passed over, and so is what begins with a dot, as editors' and package managers' files do.
enum SettingsDirectory {
    /// What a file may have: more than what anybody writes by hand, less than one that was named by mistake.
    static let bytesPerFileMax = 256 << 10

    /// How many files there may be, so that not all of `/etc` is read by mistake.
    static let filesMax = 100

    /// The files' texts by their names, in the order of the names' bytes.
    ///
    /// - Throws: why they cannot be read.
    static func files(in path: String) throws(Configuration.Unusable) -> [PluginSettings.Member] {
        var files: [PluginSettings.Member] = []
        for name in try names(in: path) {
            let file = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
            var facts = stat()
            guard stat(file, &facts) == 0 else { throw unreadable(file) }
            let type = facts.st_mode & S_IFMT
            if type == S_IFDIR { continue }
            // To open a pipe or a device may take for ever.
            guard type == S_IFREG else { throw Configuration.Unusable(description: "\(file) is no regular file") }
            guard files.count < filesMax else {
                throw Configuration.Unusable(description: "\(path) has more than \(filesMax) files")
            }
            files.append(.init(name, .text(try Configuration.wholeText(of: file, bytesMax: bytesPerFileMax))))
        }
        return files
    }

    private static func names(in path: String) throws(Configuration.Unusable) -> [String] {
        guard let folder = opendir(path) else { throw unreadable(path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else {
                throw Configuration.Unusable(description: "\(path) has a file whose name is not UTF-8")
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func unreadable(_ path: String) -> Configuration.Unusable {
        Configuration.Unusable(description: "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
