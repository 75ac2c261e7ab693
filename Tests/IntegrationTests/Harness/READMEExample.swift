import Foundation

/// What README shows, to be run as it stands.
enum READMEExample {
    /// The text that README shows behind a mark.
    static func text(_ name: String) throws -> String {
        let readme = URL(filePath: RecordedSession.folder).deletingLastPathComponent().appending(path: "README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let rest = text.components(separatedBy: "<!-- example: \(name) -->\n").dropFirst().first ?? ""
        let fenced = rest.components(separatedBy: "\n```").first ?? ""
        guard fenced.hasPrefix("```") else { throw Failure("README.md shows no example named \(name)") }
        return fenced.drop { $0 != "\n" }.dropFirst() + "\n"
    }

    /// Where programs are looked for: `qmp-proxy` is the one under test.
    static func path() throws -> String {
        let folder = URL(filePath: try Proxy.binary()).deletingLastPathComponent().path
        return folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    }

    /// A directory with the recordings in it, as at the top of the project.
    static func directory() throws -> String {
        let directory = Workbench.current.newPath("readme")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/Recordings",
            withDestinationPath: RecordedSession.folder
        )
        return directory
    }
}
