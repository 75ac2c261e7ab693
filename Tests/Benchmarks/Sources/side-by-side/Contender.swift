import ArgumentParser
import Foundation

/// What stands between the load and the monitor.
enum Contender: String, CaseIterable, ExpressibleByArgument {
    case direct
    case socat
    case haproxy
    case python
    /// A simple relay in C, and the same with a recording of blind bytes: what it costs to write down what passes.
    case tee = "tee-relay"
    case recordingTee = "tee-relay-recording"
    case proxy = "qmp-proxy"
    case recordingProxy = "qmp-proxy-recording"
    /// With five plugins that do nothing.
    case pluginsProxy = "qmp-proxy-plugins"
    /// With a program as plugin that is told nothing.
    case execProxy = "qmp-proxy-exec"
    /// With a program as plugin that decides on each command.
    case verdictProxy = "qmp-proxy-verdict"

    /// What is shown in the tables.
    var title: String {
        switch self {
        case .direct, .socat, .haproxy:
            rawValue
        case .python:
            "python (asyncio)"
        case .tee:
            "tee-relay (a simple relay)"
        case .recordingTee:
            "tee-relay, recording"
        case .proxy:
            "qmp-proxy"
        case .recordingProxy:
            "qmp-proxy, recording"
        case .pluginsProxy:
            "qmp-proxy, five plugins that do nothing"
        case .execProxy:
            "qmp-proxy, a program that is told nothing"
        case .verdictProxy:
            "qmp-proxy, a program's verdict on each"
        }
    }

    /// Whether it records, and so needs memory to record to.
    var records: Bool { self == .recordingProxy || self == .recordingTee }

    /// The program to start, `nil` where nothing is between.
    ///
    /// Throws if it is not installed.
    func executable(programs: Programs) throws -> String? {
        switch self {
        case .direct:
            nil
        case .socat, .haproxy:
            try programs.find(rawValue)
        case .python:
            try programs.find("python3")
        case .tee, .recordingTee:
            try programs.findOwn("tee-relay")
        case .proxy, .recordingProxy, .pluginsProxy, .execProxy, .verdictProxy:
            try programs.findProxy()
        }
    }

    /// The command that listens at `paths.contender` and relays to `paths.monitor`; `nil` where nothing is between.
    ///
    /// Writes the configuration that the command needs, if any.
    func command(paths: TrialPaths, programs: Programs) throws -> Command? {
        guard let executable = try executable(programs: programs) else {
            return nil
        }
        return Command(executable, try arguments(paths: paths, programs: programs))
    }

    private func arguments(paths: TrialPaths, programs: Programs) throws -> [String] {
        let serve = ["serve", "--qemu", "unix:\(paths.monitor)", "--listen", "unix:\(paths.contender)"]
        switch self {
        case .direct:
            return []
        case .socat:
            return ["UNIX-LISTEN:\(paths.contender),fork,backlog=4096", "UNIX-CONNECT:\(paths.monitor)"]
        case .haproxy:
            let configuration = paths.directory + "/haproxy.cfg"
            try Self.haproxyConfiguration(paths).write(toFile: configuration, atomically: false, encoding: .utf8)
            // -db: stays in the foreground, with no master process.
            return ["-db", "-f", configuration]
        case .python:
            return [try programs.relayScript(), paths.contender, paths.monitor]
        case .tee:
            return [paths.contender, paths.monitor]
        case .recordingTee:
            return [paths.contender, paths.monitor, paths.recordings + "/vm.bytes"]
        case .proxy:
            return serve
        case .recordingProxy:
            return serve + ["--record", paths.recordings + "/vm.qmprec"]
        case .pluginsProxy:
            return serve + (1...5).flatMap { ["--plugin", "pass:\($0)"] }
        case .execProxy, .verdictProxy:
            let program = "exec \(try programs.findOwn("verdict-child"))" + (self == .execProxy ? "" : " '*'")
            return serve + ["--plugin", "exec", "--set", "exec.command=\(program)"]
        }
    }

    /// The option that makes the program print its version; `nil` where that is nobody's or already another row's.
    var versionOption: String? {
        switch self {
        case .direct, .tee, .recordingTee, .recordingProxy, .pluginsProxy, .execProxy, .verdictProxy:
            nil
        case .socat:
            "-V"
        case .haproxy:
            "-v"
        case .python, .proxy:
            "--version"
        }
    }

    private static func haproxyConfiguration(_ paths: TrialPaths) -> String {
        """
        global
            maxconn 4096

        defaults
            mode tcp
            timeout connect 10s
            timeout client 1h
            timeout server 1h

        listen relay
            bind unix@\(paths.contender)
            server monitor unix@\(paths.monitor)

        """
    }
}
