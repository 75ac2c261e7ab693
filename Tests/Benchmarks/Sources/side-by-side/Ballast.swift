import Foundation

/// Memory that is kept for recordings in memory.
///
/// What was free for a while a virtual machine may have given back to its host, and gets it anew at a tenth of the
/// speed: the first second of a recording would measure that.
struct Ballast {
    /// In MiB: what a second of large replies comes to.
    private static let size = 1024

    var path: String

    /// Takes the memory; where there is not so much, less.
    func hold() {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        guard let file = FileHandle(forWritingAtPath: path) else {
            return
        }
        defer { try? file.close() }
        let piece = Data(count: 1 << 20)
        for _ in 0..<Self.size {
            guard (try? file.write(contentsOf: piece)) != nil else {
                return
            }
        }
    }

    /// Gives it free for whoever needs memory next.
    func release() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
