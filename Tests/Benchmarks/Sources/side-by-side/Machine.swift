import Foundation

/// What the figures were measured on, without which they mean nothing.
struct Machine: Codable {
    var processor: String
    var cores: Int
    var kernel: String
    var versions: [String: String]

    init(contenders: [Contender], programs: Programs, directory: String) {
        processor = Self.processorName ?? "unknown processor"
        cores = ProcessInfo.processInfo.activeProcessorCount
        let release = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
        kernel = release?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
        versions = [:]
        for contender in contenders {
            // A contender that cannot even say its version says why when it is to be measured.
            versions[contender.rawValue] = try? Self.version(of: contender, programs: programs, directory: directory)
        }
    }

    var summary: String {
        let names = versions.sorted { $0.key < $1.key }.map(\.value)
        return (["\(processor), \(cores) cores", "Linux \(kernel)"] + names).joined(separator: "; ")
    }

    private static var processorName: String? {
        let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let line = text?.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }

    private static func version(of contender: Contender, programs: Programs, directory: String) throws -> String? {
        guard let executable = try contender.executable(programs: programs), let option = contender.versionOption else {
            return nil
        }
        let process = try ChildProcess(Command(executable, [option]), logPath: directory + "/version.log", talks: true)
        defer { process.end() }
        process.closeInput()
        // socat names itself first and tells its version in the second line.
        var first: String?
        while let line = try process.readLine(until: .now + .seconds(5)) {
            first = first ?? line
            if line.lowercased().contains("version ") {
                first = line
                break
            }
        }
        // Behind it stand when and by whom it was built.
        return first?.split(separator: " ").prefix(3).joined(separator: " ")
    }
}
