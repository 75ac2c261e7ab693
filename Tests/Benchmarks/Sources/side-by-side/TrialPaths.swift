import Foundation

/// The files of one trial, in a directory that is gone after it.
struct TrialPaths {
    var directory: String
    /// Where the recording contender writes; not always in `directory`, for recordings can be large.
    var recordings: String

    var monitor: String { directory + "/monitor.sock" }
    var contender: String { directory + "/contender.sock" }

    init(directory: String, recordings: String) throws {
        self.directory = directory
        self.recordings = recordings
        // sockaddr_un holds 108 bytes, the last of which is 0.
        guard contender.utf8.count < 108 else {
            throw Failure("the path \(contender) is too long for a socket; set TMPDIR to a shorter one")
        }
        for path in [directory, recordings] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    func remove() {
        for path in [directory, recordings] {
            // Nothing depends on it: the run's own directory is removed again at its end.
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
