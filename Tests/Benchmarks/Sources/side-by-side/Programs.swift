import Foundation

/// A program and what it is called with.
struct Command {
    var executable: String
    var arguments: [String]

    init(_ executable: String, _ arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }
}

/// Where the programs of a run are found.
struct Programs {
    /// The path to qmp-proxy as the user gave it.
    var proxy: String

    /// What belongs to the benchmarks is built into the directory of this program.
    func findOwn(_ name: String) throws -> String {
        let directory = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: directory).deletingLastPathComponent().appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            let build = "swift build -c release --package-path Tests/Benchmarks"
            throw Failure("\(name) is not beside this program; build all with `\(build)`")
        }
        return path
    }

    /// Looks in PATH and where distributions keep servers, which is not in everybody's PATH.
    func find(_ name: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let directories = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin"]
        for directory in directories {
            let candidate = directory + "/" + name
            if FileManager.default.isExecutableFile(atPath: candidate) {
                return candidate
            }
        }
        throw Failure("\(name) is not installed")
    }

    func findProxy() throws -> String {
        guard FileManager.default.isExecutableFile(atPath: proxy) else {
            throw Failure("there is no program \(proxy); build it with `swift build -c release` or give --proxy")
        }
        return URL(fileURLWithPath: proxy).path
    }

    func relayScript() throws -> String {
        guard let path = Bundle.module.path(forResource: "relay", ofType: "py") else {
            throw Failure("relay.py is not beside this program")
        }
        return path
    }
}
