import Foundation

/// What the recording contender wrote during one trial.
struct Recording {
    var hasGap: Bool
    var bytes: Int

    /// Looks through all files in the directory.
    ///
    /// By grep, since the recording of a second of large replies may have gigabytes.
    init(paths: TrialPaths, programs: Programs) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: paths.recordings)
        bytes = try names.reduce(0) { total, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: paths.recordings + "/" + name)
            return total + (attributes[.size] as? Int ?? 0)
        }
        let patterns = ["-e", #""is": "gap""#, "-e", #""is":"gap""#]
        let command = Command(try programs.find("grep"), ["-rlaF"] + patterns + [paths.recordings])
        let grep = try ChildProcess(command, logPath: paths.directory + "/grep.log", talks: true)
        defer { grep.end() }
        // It prints the names of the files that have such a line.
        hasGap = try grep.readLine(until: .now + .seconds(60)) != nil
        if let complaint = grep.complaint {
            throw Failure(complaint)
        }
    }
}
