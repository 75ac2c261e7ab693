internal import Glibc

/// Where a plugin's secret comes from: the only key of a mapping that stands in its place.
enum SecretSource: String {
    /// A file.
    case file
    /// A variable of the environment.
    case env

    /// A secret, and whether others than the owner of its file may read it, too.
    struct Secret {
        let text: String
        var isOpen = false
    }

    /// What a secret may have: more than any key or token, less than a file that was named by mistake.
    static let bytesMax = 64 << 10

    /// What it is, before a name.
    var noun: String {
        switch self {
        case .file: "file"
        case .env: "variable"
        }
    }

    /// What has to stand behind the key.
    var wanted: String { "the name of a \(noun)" }

    /// Fetches the secret; of a file without the newline that editors put at its end.
    ///
    /// - Throws: why there is none; what was found is not told.
    func secret(_ name: String) throws(Configuration.Unusable) -> Secret {
        switch self {
        case .file:
            var text = try Configuration.wholeText(of: name, bytesMax: Self.bytesMax)
            if text.unicodeScalars.last == "\n" { text.unicodeScalars.removeLast() }
            guard !text.isEmpty else { throw Configuration.Unusable(description: "\(name) is empty") }
            var facts = stat()
            // A pipe's mode says nothing of who can read what was in it.
            let isFile = stat(name, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
            return Secret(text: text, isOpen: isFile && facts.st_mode & 0o077 != 0)
        case .env:
            guard let value = getenv(name) else {
                throw Configuration.Unusable(description: "the variable \(name) is not set")
            }
            guard let text = String(validatingCString: value) else {
                throw Configuration.Unusable(description: "the variable \(name) is not UTF-8")
            }
            guard !text.isEmpty else { throw Configuration.Unusable(description: "the variable \(name) is empty") }
            return Secret(text: text)
        }
    }
}
